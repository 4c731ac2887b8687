"""What every change over the API has in common: who and why, one transaction, and an answer once it is in force."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import unquote

from aiohttp import web

from admin.api.keys import ACTOR, APPLIANCE
from admin.api.problem import ProblemError
from admin.config import Config
from admin.config.problems import plain
from admin.services.acts import LONGEST_REASON, Act
from admin.store.database import Transaction

REASON_HEADER = "Weir-Reason"
"""Why a change is made, for the audit events; UTF-8, percent-encoded where it is not ASCII."""
GENERATION_HEADER = "Weir-Generation"
"""The published state with which a change is in force; missing if it is kept and could not be published yet."""

_T = TypeVar("_T")
Work = Callable[[Transaction, Config, Act], Awaitable[_T]]
"""A use case: the transaction, the configuration as the file says it, and who acts."""


async def change(request: web.Request, work: Work[_T]) -> tuple[_T, dict[str, str]]:
    """Do the work in one transaction and bring it into force; its result, and headers for the answer."""
    appliance = request.app[APPLIANCE]
    act = Act(request[ACTOR], appliance.now(), reason_of(request))
    async with (await appliance.connect()).transaction() as transaction:
        done = await work(transaction, appliance.declared, act)
    await appliance.store_changed()
    condition = appliance.condition()
    in_force = condition.generation is not None and not condition.publish_problem
    return done, {GENERATION_HEADER: str(condition.generation)} if in_force else {}


def reason_of(request: web.Request) -> str:
    """The reason that came with a request; empty if none did."""
    given = request.headers.get(REASON_HEADER, "")
    if len(given) > LONGEST_REASON or not (given.isascii() and given.isprintable()):
        raise ProblemError(
            HTTPStatus.BAD_REQUEST,
            f"{REASON_HEADER} is ASCII of {LONGEST_REASON} characters at most; percent-encode other characters (UTF-8)",
        )
    return plain(unquote(given), LONGEST_REASON)
