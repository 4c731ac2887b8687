"""Pages of a collection: ``limit`` and ``cursor`` in, ``items`` and ``next`` out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import urlencode

from admin.api.problem import ProblemError
from admin.services.acts import MOST_PER_PAGE as MOST
from admin.services.acts import Page

DEFAULT_LIMIT = 100
"""Items of one page, unless more or fewer are asked for."""
LONGEST_CURSOR = 120
"""Characters: a cursor is the id of the last item that was shown."""


def parameters(query: Mapping[str, str], known: Sequence[str]) -> dict[str, str]:
    """The parameters of a query, each once; 400 for one that is unknown or repeated."""
    given: dict[str, str] = {}
    for name, value in query.items():
        if name not in known:
            words = f"known: {', '.join(known)}" if known else "none is known here"
            raise ProblemError(HTTPStatus.BAD_REQUEST, f"there is no parameter {name[:40]!r}; {words}")
        if name in given:
            raise ProblemError(HTTPStatus.BAD_REQUEST, f"{name} is given twice")
        given[name] = value
    return given


def page(given: Mapping[str, str]) -> Page:
    """The page that a query asks for; 400 if ``limit`` or ``cursor`` is none."""
    limit = given.get("limit", str(DEFAULT_LIMIT))
    if not (limit.isascii() and limit.isdigit() and len(limit) <= len(str(MOST)) and 1 <= int(limit) <= MOST):
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"limit is a whole number from 1 to {MOST}")
    cursor = given.get("cursor", "")
    if len(cursor) > LONGEST_CURSOR or not (cursor.isascii() and cursor.isprintable()):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "cursor is none that was given out; begin without one")
    return Page(cursor, int(limit))


def shown(
    items: Sequence[object], path: str, given: Mapping[str, str], last: str | None
) -> dict[str, object]:
    """The body of a page. ``last`` is the key of its last item if more follow: ``next`` then leads to them."""
    if last is None:
        return {"items": items, "next": None}
    return {"items": items, "next": f"{path}?{urlencode({**given, 'cursor': last})}"}
