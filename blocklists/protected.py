"""The names that no list may take away from people, with the reason of each group. The facts are in ``protected.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

import yaml
from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class ProtectedGroup:
    """Names that are protected for one reason. ``=`` in front of a name: itself alone, not what is below it."""

    reason: str
    names: tuple[str, ...]


@cache
def built_in_groups() -> Mapping[str, ProtectedGroup]:
    """All groups by id. Read once; the file is part of Weir, so a fault in it is a bug."""
    text = resources.files("blocklists").joinpath("protected.yaml").read_text("utf-8")
    groups = TypeAdapter(dict[str, ProtectedGroup]).validate_python(yaml.safe_load(text))
    return MappingProxyType(groups)
