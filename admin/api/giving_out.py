"""What the ways of opening a list over the API have in common: which state is meant, and how many are served at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

from aiohttp import web

from admin.api.describing import problem
from admin.api.keys import APPLIANCE, SEATS
from admin.api.list_life import Part
from admin.api.problem import ProblemError, invalid
from admin.audit.doubt import LogStoppedError
from admin.config.fields import IDENTIFIER
from admin.services.errors import NotFoundError
from admin.services.log_states import state_at
from admin.services.opening import Purpose, Wish
from admin.store.database import Transaction

STATE = "^[0-9a-f]{64}$"
"""A state of the log: the SHA-256 of its manifest."""
MOST_SEATS = 2
"""Texts that are open at a time: a large one takes a hundred megabytes."""
CLOSED = problem(
    "The public log cannot take the event of it, or others are being served; nothing was given out"
)
LIST = f"^{IDENTIFIER}$"
"""The id of a list."""
_STATE, _LIST = re.compile(STATE, re.ASCII), re.compile(LIST, re.ASCII)


@contextmanager
def seat(request: web.Request) -> Iterator[None]:
    """One of the seats, for as long as a text is in memory. ProblemError (503) if none is free or the log is stopped."""
    seats = request.app[SEATS]
    if seats.taken >= MOST_SEATS:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "Other openings are being served; try again in a moment",
            headers={"Retry-After": "5"},
        )
    seats.taken += 1
    try:
        yield
    except LogStoppedError as error:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE, f"Nothing is given out before the public log says so: {error}"
        ) from error
    finally:
        seats.taken -= 1


def wish_in(request: web.Request) -> Wish:
    """The text that a path asks for; NotFoundError for what can be no list or no state."""
    list_id, state = request.match_info["list"], request.match_info["state"]
    if _LIST.fullmatch(list_id) is None:
        raise NotFoundError(f"there is no list {list_id[:80]!r}")
    if _STATE.fullmatch(state) is None:
        raise NotFoundError("a state of the log has 64 hexadecimal digits")
    return Wish(list_id, state, Purpose.TEXT)


async def wanted_state(request: web.Request, transaction: Transaction, state: str, at: float | None) -> str:
    """The state that is named, or that held at a time (Unix seconds); just one of the two. ProblemError, NotFoundError."""
    if bool(state) is (at is not None):
        raise invalid([(("state",), "say which state: this, or `at` (a time), and only one of them")])
    if at is None:
        return state
    log = request.app[APPLIANCE].condition().log
    return await state_at(transaction, "" if log is None else log.origin, at)


def part_of(given: Mapping[str, str]) -> Part:
    """The part that a query asks for; 400 if there is none of that name."""
    try:
        return Part(given.get("part", Part.ENTRIES))
    except ValueError:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"part is one of {', '.join(Part)}") from None
