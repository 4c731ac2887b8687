"""``weir serve`` without the command line's library: a process that runs for months needs none of it, and no start waits.

What is written without any mistake is understood here. Everything else, ``--help`` and mistakes too, is left to ``serve``.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from admin.cli.exits import Exit
from admin.services.parts import Part

LAST_SLOT = 255
"""Workers have the numbers 0 to this one."""
_OPTIONS = {"-c": "config", "--config": "config", "--only": "only", "--slot": "slot"}


class Asked(NamedTuple):
    """What is to run: the configuration's file, the part, and of the resolver the worker."""

    config: Path | None = None
    only: Part | None = None
    slot: int | None = None


def plainly(arguments: Sequence[str]) -> Asked | None:
    """What ``weir`` with these arguments is to run; None for another verb, and wherever something is to be explained."""
    if not arguments or arguments[0] != "serve" or len(arguments) % 2 == 0:
        return None
    found: dict[str, str] = {}
    for option, value in zip(arguments[1::2], arguments[2::2], strict=True):
        name = _OPTIONS.get(option)
        if name is None or name in found or value.startswith("-"):
            return None
        found[name] = value
    only, slot = found.get("only"), found.get("slot")
    if (only is not None and only not in tuple(Part)) or (slot is not None and not _is_slot(only, slot)):
        return None
    return Asked(
        Path(found["config"]) if "config" in found else None,
        None if only is None else Part(only),
        None if slot is None else int(slot),
    )


def _is_slot(only: str | None, text: str) -> bool:
    return only == Part.RESOLVER and text in map(str, range(LAST_SLOT + 1))


def start(asked: Asked) -> int:
    """Run until stopped; the supervisor's exit status."""
    # A reload asked for before the supervisor listens must not end it; the configuration is about to be read anyway.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from admin.config import ConfigError, default_path
    from admin.supervisor import run

    try:
        path = asked.config or default_path(os.environ, Path.cwd())
    except ConfigError as error:
        from admin.cli.terminal import complain_of

        complain_of(error)
        return Exit.USAGE
    return run(path, None if asked.only is None else asked.only.value, asked.slot)
