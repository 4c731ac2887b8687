"""The catalogue of public lists: what an operator can enable by name. The facts are in ``catalogue.yaml`` beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

import yaml
from pydantic import TypeAdapter

from blocklists.model import Kind
from blocklists.properties import PopularNames


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One public list. The fields have the meaning and values that they have in ``ListSource``."""

    id: str
    title: str
    url: str
    format: str
    licence: str
    """SPDX identifier, or the name that the publisher uses."""
    kind: Kind
    categories: tuple[str, ...]
    """The categories that it feeds; a security list names its own for the operator's overview."""
    home: str
    """The publisher's page about the list."""
    note: str = ""
    """What an operator should know before enabling it."""
    popular: PopularNames = PopularNames.HOLD
    """``expected``: popular services are what the list is about."""


@cache
def load_catalogue() -> Mapping[str, CatalogueEntry]:
    """All entries by id, in the file's order. Read once; the file is part of Weir, so a fault in it is a bug."""
    text = resources.files("blocklists").joinpath("catalogue.yaml").read_text("utf-8")
    raw: dict[str, dict[str, object]] = yaml.safe_load(text)
    entries = TypeAdapter(list[CatalogueEntry]).validate_python(
        [{"id": name} | facts for name, facts in raw.items()]
    )
    return MappingProxyType({entry.id: entry for entry in entries})
