"""POST /api/v1/audit/challenge: whether a list that is not public names something, in a state of the log.

Answered to the two persons of an opening for challenges. What was asked is kept nowhere: the log's leaf has a commitment to
the answer, and what opens it goes to whoever asked.
"""

from __future__ import annotations

import asyncio
import secrets
from http import HTTPStatus
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from admin.api.archive import Archive
from admin.api.bodies import checked, read_object
from admin.api.describing import (
    COUNT,
    TEXT,
    Paths,
    Schema,
    body,
    exactly,
    json,
    operation,
    problem,
    ref,
    words,
)
from admin.api.giving_out import CLOSED, LIST, STATE, seat, wanted_state
from admin.api.keys import ACTOR, APPLIANCE, ASK_LIMITS
from admin.api.list_life import Part
from admin.api.paging import parameters
from admin.api.problem import ProblemError, invalid
from admin.services.actors import Permission
from admin.services.acts import Act
from admin.services.asking import TooOftenError
from admin.services.challenge import LONGEST, Said, Statement, listed, statement, subject_of
from admin.services.giving import facts_of, give
from admin.services.log_states import list_state
from admin.services.opening import Purpose, Wish
from admin.services.openings import usable
from admin.services.subject import Subject
from resolver.tlog.commitments import OPENING_BYTES
from resolver.tlog.manifests import ListState

PATH = "/api/v1/audit/challenge"


class Challenge(BaseModel):
    """What is asked of which list, in a state or at a time."""

    model_config = ConfigDict(extra="forbid", strict=True)

    list: Annotated[str, Field(pattern=LIST)]
    text: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    """A name or a URL; kept nowhere."""
    state: Annotated[str, Field(pattern=STATE)] = ""
    at: Annotated[float, Field(ge=0)] | None = None
    """Unix seconds."""


MODELS: tuple[type[BaseModel], ...] = (Challenge,)
SCHEMAS: dict[str, Schema] = {
    "ChallengeAnswer": exactly(
        answer=words(*Said),
        statement=TEXT | {"description": "Canonical JSON of what was asked and answered; kept nowhere else"},
        opening=TEXT
        | {
            "description": "32 bytes, hexadecimal: SHA-256 of 0x05, this and the statement is `ref` of the leaf"
        },
        origin=TEXT | {"description": "The log"},
        index=COUNT | {"description": "The leaf that commits to the statement"},
    )
}
PATHS: Paths = {
    PATH: {
        "post": operation(
            "Whether a list that is not public names something; the public log commits to the answer",
            {
                "200": json("Listed or absent, and what ties it to the log", ref("ChallengeAnswer")),
                "404": problem("Nobody asked for challenges of it, or its text cannot be opened any more"),
                "409": problem("Not as things are; the detail says why"),
                "429": problem("Asked too often; Retry-After says when the next question is answered"),
                "503": CLOSED,
            },
            scope=Permission.AUDIT_OPEN,
            request=body(ref(Challenge)),
        )
    }
}


async def post_challenge(request: web.Request) -> web.Response:
    """One question. Its answer leaves once the leaf that commits to it is in the log."""
    parameters(request.query, ())
    asked = await _asked(request)
    appliance, subject = request.app[APPLIANCE], subject_of(asked.text)
    act = Act(request[ACTOR], appliance.now())
    database = await appliance.connect()
    with seat(request):
        async with database.reading() as transaction:
            found = await wanted_state(request, transaction, asked.state, asked.at)
            wish = Wish(asked.list, found, Purpose.CHALLENGE)
            opening = await usable(transaction, act, wish)
            state = await list_state(transaction, wish.state, wish.list_id)
        _count(request, act)
        said = await _answer(appliance.archive, wish.list_id, state, subject)
        fresh = secrets.token_bytes(OPENING_BYTES)
        made = statement(wish, state.commit, subject, said, at=act.at, opening=fresh)
        facts = {"ref": made.ref, **facts_of(state)}
        leaf = await give(database, appliance.archive.logged, act, opening.id, facts)
    return web.json_response({**_shown(made), "origin": leaf.origin, "index": leaf.index})


async def _asked(request: web.Request) -> Challenge:
    """The body. What is wrong with it is said without a word of what is asked."""
    sent = await read_object(request)
    text = sent.get("text")
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST:
        raise invalid(
            [(("text",), f"a name or a web address is needed here, as text of 1 to {LONGEST} characters")]
        )
    return checked(Challenge, sent)


def _count(request: web.Request, act: Act) -> None:
    """So many an hour of one person, with the questions that are asked of lists in force."""
    try:
        request.app[ASK_LIMITS].take(act.actor.holder, act.at)
    except TooOftenError as error:
        headers = {"Retry-After": str(int(error.wait) + 1)}
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, str(error), headers=headers) from error


async def _answer(archive: Archive, list_id: str, state: ListState, subject: Subject) -> Said:
    entries = await archive.opened(list_id, state, Part.ENTRIES)
    edits = b"" if state.edits is None else (await archive.opened(list_id, state, Part.EDITS)).text
    found = await asyncio.to_thread(listed, entries.text, edits, subject)
    return Said.LISTED if found else Said.ABSENT


def _shown(made: Statement) -> dict[str, str]:
    return {"answer": made.said.value, "statement": made.data.decode(), "opening": made.opening.hex()}
