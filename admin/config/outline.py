"""The few keys that decide which processes there are, read without the models: so the supervisor need not wait for them.

What is read here is not checked: control reads the same file with all its checks, and refuses it if need be.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from admin.config.document import read_document
from admin.config.endpoints import HostPort
from admin.config.problems import ConfigError

if TYPE_CHECKING:
    from admin.config.settings import Config


@dataclass(frozen=True, slots=True)
class Outline:
    """Where state lies, and what listens where."""

    data_dir: Path
    listen: tuple[HostPort, ...]
    workers: int | Literal["auto"]
    gateway: tuple[HostPort, ...]
    admin: HostPort


def outline_of(config: Config) -> Outline:
    """The outline of a configuration that was read whole."""
    resolver = config.resolver
    return Outline(
        config.data_dir, resolver.listen, resolver.workers, config.gateway.listen, config.admin.listen
    )


def read_outline(path: Path) -> Outline | None:
    """What ``outline_of(load(path))`` gives if the file can be used; None if only ``load`` can tell.

    That is so for a file that leaves one of these keys to its default, or has it in another form than its usual one.
    """
    try:
        document = read_document(path)
        resolver = _section(document, "resolver")
        return Outline(
            data_dir=Path(os.path.normpath(path.absolute().parent / _text(document["data_dir"]))),
            listen=_addresses(resolver),
            workers=_workers(resolver["workers"]),
            gateway=_addresses(_section(document, "gateway")),
            admin=HostPort.parse(_text(_section(document, "admin")["listen"])),
        )
    except (ConfigError, LookupError, ValueError):
        return None


def _section(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    section = document[name]
    if not isinstance(section, dict):
        raise ValueError("no section")  # noqa: TRY004 - one of the forms that this module does not read
    return section


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("no text")
    return value


def _addresses(section: Mapping[str, object]) -> tuple[HostPort, ...]:
    items = section["listen"]
    if not isinstance(items, list) or not items:
        raise ValueError("no list of addresses")
    return tuple(HostPort.parse(_text(item)) for item in items)


def _workers(value: object) -> int | Literal["auto"]:
    if value == "auto":
        return "auto"
    if type(value) is int and value > 0:
        return value
    raise ValueError("no number of workers")
