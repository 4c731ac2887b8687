"""GET /api/v1/audit: the events, oldest first. They are written by the changes that they tell of, never here."""

from __future__ import annotations

import re
from dataclasses import asdict
from http import HTTPStatus

from aiohttp import web

from admin.api.describing import (
    COUNT,
    MAYBE_COUNT,
    MOMENT,
    TEXT,
    Paths,
    Schema,
    exactly,
    json,
    operation,
    query,
    ref,
    words,
)
from admin.api.keys import ACTOR, APPLIANCE
from admin.api.paging import page, parameters, shown
from admin.api.problem import ProblemError
from admin.api.resource_paths import LIMIT, page_of
from admin.audit.events import EventKind
from admin.services.actors import ActorKind, Permission
from admin.services.events import Filter, list_events
from admin.services.moment import parse_moment
from admin.services.subject import QuestionError

PATH = "/api/v1/audit"
PARAMETERS = ("kind", "subject", "actor", "since", "until", "public", "limit", "cursor")
_BOOLEANS = {"true": True, "false": False}
_LONGEST = 200

_PLAIN: Schema = {"type": "string", "maxLength": _LONGEST, "pattern": r"^[^\x00-\x1f\x7f]*$"}
SINCE = query("since", "RFC 3339 time (without a zone: UTC) or Unix seconds", _PLAIN)
_CURSOR = query(
    "cursor", "Where the page begins: the sequence of the event before", TEXT | {"pattern": "^[0-9]{0,18}$"}
)
PATHS: Paths = {
    PATH: {
        "get": operation(
            "The events, oldest first",
            {"200": json("One page", page_of(ref("Event")))},
            scope=Permission.AUDIT_READ,
            parameters=(
                query("kind", "A kind, or the word before its dot for all of them", _PLAIN),
                query("subject", "The id of what changed", _PLAIN),
                query("actor", "The id of who acted, or the holder", _PLAIN),
                SINCE,
                query("until", "The first moment that is no longer asked for", _PLAIN),
                query(
                    "public",
                    "Only those that the public log has a leaf of, or only the others",
                    words(*_BOOLEANS),
                ),
                LIMIT,
                _CURSOR,
            ),
        )
    }
}
SCHEMAS: dict[str, Schema] = {
    "Event": exactly(
        sequence=COUNT,
        at=MOMENT,
        kind=TEXT | {"examples": [kind.value for kind in EventKind]},
        actor_kind=words(*ActorKind),
        actor_id=TEXT,
        holder=TEXT,
        subject=TEXT,
        before=TEXT | {"description": "SHA-256 of what was; empty if there was nothing"},
        after=TEXT | {"description": "SHA-256 of what is; empty if there is nothing"},
        reason=TEXT,
        detail={"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}},
        origin=TEXT | {"description": "The public log that has a leaf of it; empty if none has, yet or ever"},
        index=MAYBE_COUNT | {"description": "The leaf's index there"},
        leaf_hash=TEXT | {"description": "The leaf's hash in the tree, hexadecimal"},
    )
}


async def get_audit(request: web.Request) -> web.Response:
    """``kind`` (``list.synced``, or ``list`` for all of lists), ``subject``, ``actor``, ``since``, ``until``."""
    given = parameters(request.query, PARAMETERS)
    wanted = page(given)
    only = Filter(
        kind=_text(given, "kind"),
        subject=_text(given, "subject"),
        actor=_text(given, "actor"),
        since=moment_of(given, "since"),
        until=moment_of(given, "until"),
        public=_flag(given, "public"),
    )
    after = sequence_of(wanted.after)
    async with (await request.app[APPLIANCE].connect()).reading() as transaction:
        events = await list_events(transaction, request[ACTOR], after, wanted.limit, only)
    last = str(events[-1].sequence) if len(events) == wanted.limit else None
    return web.json_response(shown([asdict(event) for event in events], PATH, given, last))


def sequence_of(after: str) -> int:
    """The event that a cursor names; 400 if it is none."""
    if re.fullmatch("[0-9]{0,18}", after) is None:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "cursor is none that was given out; begin without one")
    return int(after or 0)


def _text(given: dict[str, str], name: str) -> str:
    text = given.get(name, "")
    if len(text) > _LONGEST or not text.isprintable():
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"{name} is plain text of {_LONGEST} characters at most")
    return text


def _flag(given: dict[str, str], name: str) -> bool | None:
    if name not in given:
        return None
    if given[name] not in _BOOLEANS:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"{name} is true or false")
    return _BOOLEANS[given[name]]


def moment_of(given: dict[str, str], name: str) -> float | None:
    """A time of the query, in Unix seconds; 400 if it is none."""
    if name not in given:
        return None
    try:
        # a bare plus in a query string arrives as a blank
        return parse_moment(_text(given, name).replace(" ", "+"), name)
    except QuestionError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, str(error)) from error
