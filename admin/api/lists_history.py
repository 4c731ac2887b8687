"""GET /api/v1/lists/{id}/diff, …/review and …/since: what versions changed, what is to be looked at again, since when.

Of a secret list numbers at most; its names are never here.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from aiohttp import web

from admin.api import describing
from admin.api.describing import (
    FLAG,
    MAYBE_COUNT,
    MOMENT,
    TEXT,
    Paths,
    Schema,
    array,
    exactly,
    in_path,
    maybe,
    operation,
    problem,
    query,
    ref,
    words,
)
from admin.api.keys import ACTOR, APPLIANCE, TEXTS_TURN
from admin.api.list_life import VersionDifference
from admin.api.paging import page, parameters
from admin.api.problem import ProblemError
from admin.api.resource_paths import LIMIT
from admin.services.actors import Permission
from blocklists.canonical import CanonicalError, host
from blocklists.differences import Listed
from blocklists.ledger import Since
from blocklists.model import HashedEntry, Scope

SHOWN = 1_000
"""Entries of a difference, each way, unless all are asked for."""
_LONGEST_DIGEST = 64
_LINE = "[0-9]{0,12}"
"""The number of a line; empty is the first."""

_ENTRY = exactly(name=TEXT, scope=words(*Scope, "digest"))
_SINCE = exactly(at=MOMENT, version=TEXT, exact=FLAG)
SCHEMAS: dict[str, Schema] = {
    "ListDifference": exactly(
        list=TEXT,
        before=TEXT,
        after=TEXT,
        added=MAYBE_COUNT,
        removed=MAYBE_COUNT,
        names=maybe(exactly(added=array(_ENTRY), removed=array(_ENTRY), complete=FLAG)),
    ),
    "ListReview": exactly(
        list=TEXT,
        items=array(exactly(name=TEXT, scope=words(*Scope), since=_SINCE)),
        next=maybe(TEXT),
    ),
    "ListedSince": exactly(list=TEXT, name=TEXT, since=maybe(_SINCE)),
}
_DIGEST: Schema = TEXT | {"maxLength": _LONGEST_DIGEST}
_LIST: list[Schema] = [in_path("id", "The id of a list")]
_ANSWERS = {"404": problem("There is no such list"), "409": problem("Not as things are; the detail says why")}


def _operation(summary: str, schema: str, scope: Permission, *given: Schema) -> dict[str, Any]:
    answers = {"200": describing.json(summary, ref(schema))} | _ANSWERS
    return {"parameters": _LIST, "get": operation(summary, answers, scope=scope, parameters=given)}


PATHS: Paths = {
    "/api/v1/lists/{id}/diff": _operation(
        "What a version of a list changed: names of a list that is not secret, else numbers",
        "ListDifference",
        Permission.LISTS_READ,
        query("before", "The beginning of a version's digest; by default the version before", _DIGEST),
        query("after", "The same; by default the version that serves", _DIGEST),
        query("all", f"true: all names, not the first {SHOWN} each way", words("true", "false")),
    ),
    "/api/v1/lists/{id}/review": _operation(
        "Entries that are older than the list's review_after. A page may be short although others follow",
        "ListReview",
        Permission.LISTS_READ,
        LIMIT,
        query("cursor", "Where the page before ended", TEXT | {"pattern": f"^{_LINE}$"}),
    ),
    "/api/v1/lists/{id}/since": _operation(
        "Since when a list names a host that it names, and with which version that came",
        "ListedSince",
        Permission.LISTS_READ,
        query("name", "The name as the list has it", required=True),
    ),
}


async def get_difference(request: web.Request) -> web.Response:
    """Two versions compared."""
    given = parameters(request.query, ("before", "after", "all"))
    if given.get("all", "false") not in ("true", "false"):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "all is true or false")
    most = None if given.get("all") == "true" else SHOWN
    async with request.app[TEXTS_TURN]:
        found = await request.app[APPLIANCE].lists.difference(
            request[ACTOR], request.match_info["id"], given.get("before", ""), given.get("after", "")
        )
        # All names of two large versions are seconds of work.
        text = await asyncio.to_thread(_difference, found, most)
    return web.json_response(text=text)


async def get_review(request: web.Request) -> web.Response:
    """One page of the queue; its cursor is the number of a line."""
    given = parameters(request.query, ("limit", "cursor"))
    wanted = page(given)
    if re.fullmatch(_LINE, wanted.after) is None:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "cursor is none that was given out; begin without one")
    list_id = request.match_info["id"]
    part = await request.app[APPLIANCE].lists.review(
        request[ACTOR], list_id, int(wanted.after or 0), wanted.limit
    )
    items = [_entry(entry) | {"since": _since(since)} for entry, since in part.entries]
    after = None if part.after is None else f"{request.path}?limit={wanted.limit}&cursor={part.after}"
    return web.json_response({"list": list_id, "items": items, "next": after})


async def get_since(request: web.Request) -> web.Response:
    """For a name that the list has; what it says of another means nothing."""
    given = parameters(request.query, ("name",))
    try:
        name = host(given.get("name", ""))
    except CanonicalError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"name is no host: {error}") from error
    list_id = request.match_info["id"]
    since = await request.app[APPLIANCE].lists.since(request[ACTOR], list_id, name)
    return web.json_response(
        {"list": list_id, "name": name, "since": None if since is None else _since(since)}
    )


def _difference(found: VersionDifference, most: int | None) -> str:
    """The answer as JSON, with ``most`` names each way; None: all."""
    names, shown = found.names, None
    if names is not None:
        complete = most is None or max(len(names.added), len(names.removed)) <= most
        shown = {
            "added": _entries(names.added[:most]),
            "removed": _entries(names.removed[:most]),
            "complete": complete,
        }
    return json.dumps(
        {
            "list": found.list_id,
            "before": found.before,
            "after": found.after,
            "added": found.added,
            "removed": found.removed,
            "names": shown,
        }
    )


def _entries(entries: Iterable[Listed]) -> list[dict[str, Any]]:
    return [_entry(entry) for entry in entries]


def _entry(entry: Listed) -> dict[str, Any]:
    if isinstance(entry, HashedEntry):
        return {"name": f"{entry.digest.hex()} {entry.path.hex()} {entry.depth}", "scope": "digest"}
    return {"name": entry.name.encode("utf-8", "replace").decode(), "scope": entry.scope.value}


def _since(since: Since) -> dict[str, Any]:
    return asdict(since)
