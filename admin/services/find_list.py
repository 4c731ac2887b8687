"""A list by its id, or the words that there is none. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from admin.services.errors import NotFoundError

_SHOWN = 80
"""Characters of an id that nobody has."""


class _Named(Protocol):
    @property
    def id(self) -> str: ...


L = TypeVar("L", bound=_Named)


def find_list(lists: Iterable[L], list_id: str) -> L:
    """The list of this id, in whatever form lists come. NotFoundError."""
    found = next((one for one in lists if one.id == list_id), None)
    if found is None:
        raise NotFoundError(f"There is no list {list_id[:_SHOWN]!r}; `weir lists status` shows all")
    return found
