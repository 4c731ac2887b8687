"""What every change over the API has in common: who and why, one transaction, and an answer that says whether it is in force."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote, unquote

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
WAITS_HEADER = "Weir-Waits"
"""Why a change that is kept is not in force yet, and what to do; UTF-8, percent-encoded where it is not ASCII."""
_PLAIN = " !#$&'()*+,-./:;<=>?@[]^_`{|}~\""

_T = TypeVar("_T")
Work = Callable[[Transaction, Config, Act], Awaitable[_T]]
"""A use case: the transaction, the configuration as the file says it, and who acts."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a change stands that is kept. ``generation`` is the state in force; None before the first."""

    generation: int | None
    waits: str = ""
    """Why it is not in force yet; empty if it is."""

    @property
    def headers(self) -> dict[str, str]:
        """For the answer to a change that needs no generation."""
        is_in_force = self.generation is not None and not self.waits
        return {GENERATION_HEADER: str(self.generation)} if is_in_force else {}

    @property
    def told(self) -> dict[str, str]:
        """The same for one that does."""
        return {WAITS_HEADER: quote(self.waits, safe=_PLAIN)} if self.waits else self.headers

    def status(self, done: HTTPStatus) -> HTTPStatus:
        """``done`` once it is in force; until then 202 (RFC 9110 section 15.3.3)."""
        return HTTPStatus.ACCEPTED if self.waits else done


async def change(request: web.Request, work: Work[_T]) -> tuple[_T, Standing]:
    """Do the work in one transaction and bring it into force; its result, and how it stands."""
    appliance = request.app[APPLIANCE]
    act = Act(request[ACTOR], appliance.now(), reason_of(request))
    async with (await appliance.connect()).transaction() as transaction:
        done = await work(transaction, appliance.declared, act)
    waits = await appliance.store_changed()
    return done, Standing(appliance.condition().generation, waits)


def reason_of(request: web.Request) -> str:
    """The reason that came with a request; empty if none did."""
    given = request.headers.get(REASON_HEADER, "")
    if len(given) > LONGEST_REASON or not (given.isascii() and given.isprintable()):
        raise ProblemError(
            HTTPStatus.BAD_REQUEST,
            f"{REASON_HEADER} is ASCII of {LONGEST_REASON} characters at most; percent-encode other characters (UTF-8)",
        )
    return plain(unquote(given), LONGEST_REASON)
