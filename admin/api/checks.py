"""GET /api/v1/check: the verdict on a name for somebody, with every step to it. Nothing of a question is kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from http import HTTPStatus

from aiohttp import web

from admin.api.describing import (
    COUNT,
    FLAG,
    MAYBE_COUNT,
    MOMENT,
    TEXT,
    Paths,
    Schema,
    array,
    exactly,
    json,
    operation,
    query,
    ref,
    words,
)
from admin.api.keys import ACTOR, APPLIANCE
from admin.api.paging import parameters
from admin.api.problem import ProblemError
from admin.services.actors import Permission, require
from admin.services.check import CheckReport, check
from admin.services.listed_since import listings, since_note
from admin.services.moment import parse_moment
from admin.services.subject import QuestionError
from admin.services.who import UndecidableError
from blocklists.model import Disposition
from blocklists.snapshot.native import SnapshotError
from resolver.policy.model import VerdictAction
from resolver.tables.store import TablesError

LONGEST = {"name": 2_048, "url": 2_048, "subscriber": 120, "address": 64, "at": 64}
"""The parameters, and how many characters each may have: of a URL as many as any browser would take."""


def _parameter(name: str, description: str) -> Schema:
    return query(name, description, TEXT | {"maxLength": LONGEST[name]})


PATHS: Paths = {
    "/api/v1/check": {
        "get": operation(
            "The verdict on a name or page for somebody, with every step to it",
            {"200": json("The verdict", ref("CheckReport"))},
            scope=Permission.CHECK,
            anonymous=True,
            parameters=(
                _parameter("name", "A name or URL; not together with url"),
                _parameter("url", "A URL; not together with name"),
                _parameter(
                    "subscriber",
                    f"The id of a subscriber, with {Permission.SUBSCRIBERS_READ}; not with address",
                ),
                _parameter("address", "An IP address; neither it nor subscriber: somebody unknown"),
                _parameter("at", "RFC 3339 time (without a zone: UTC) or Unix seconds; default now"),
            ),
        )
    }
}
SCHEMAS: dict[str, Schema] = {
    "CheckReport": exactly(
        asked=TEXT,
        name=TEXT,
        subscriber=TEXT | {"description": f"Empty without {Permission.SUBSCRIBERS_READ}"},
        profile=TEXT | {"description": f"Empty for a subscriber without {Permission.SUBSCRIBERS_READ}"},
        address=TEXT,
        at=MOMENT,
        generation=COUNT,
        action=words(*VerdictAction),
        reason=TEXT,
        step=MAYBE_COUNT,
        summary=TEXT,
        answer=TEXT,
        ede=MAYBE_COUNT,
        http_status=MAYBE_COUNT,
        category=TEXT,
        lists=array(TEXT),
        steps=array(exactly(step=COUNT, title=TEXT, said=TEXT, decided=FLAG)),
        notes=array(TEXT),
        zones=array(exactly(zone=TEXT, trigger=TEXT, asks=TEXT, said=TEXT)),
        page={
            "oneOf": [
                {"type": "null"},
                exactly(
                    url=TEXT,
                    action=words("allow", "block"),
                    disposition=words("", *Disposition),
                    listed=array(exactly(list=TEXT, reach=TEXT)),
                    summary=TEXT,
                ),
            ]
        },
    )
}


async def get_check(request: web.Request) -> web.Response:
    """``name`` or ``url``, ``subscriber`` or ``address``, and ``at`` (RFC 3339, without a zone in UTC, or Unix
    seconds; default now).
    """
    actor = request[ACTOR]
    given = _parameters(request)
    if "subscriber" in given:
        require(actor, Permission.SUBSCRIBERS_READ)
    report = await _dated(request, await _report(request, given))
    if report.subscriber and Permission.SUBSCRIBERS_READ not in actor.permissions:
        report = replace(report, subscriber="", profile="")
    return web.json_response(report.as_dict())


async def _dated(request: web.Request, report: CheckReport) -> CheckReport:
    """The report with a note for each list that names the name: since when."""
    if not report.lists:
        return report
    appliance, notes = request.app[APPLIANCE], list(report.notes)
    for list_id, name in dict(listings(await appliance.view(), report)).items():
        if (since := await appliance.lists.since(request[ACTOR], list_id, name)) is not None:
            notes.append(since_note(list_id, name, since))
    return replace(report, notes=tuple(notes))


async def _report(request: web.Request, given: dict[str, str]) -> CheckReport:
    appliance = request.app[APPLIANCE]
    try:
        # a bare plus in a query string arrives as a blank
        now = parse_moment(given["at"].replace(" ", "+")) if "at" in given else appliance.now()
        # Among a hundred thousand subscribers somebody is looked for one by one.
        return await asyncio.to_thread(
            check,
            await appliance.view(),
            given["url"] if "url" in given else given["name"],
            config=appliance.config,
            subscriber=given.get("subscriber"),
            address=given.get("address"),
            now=now,
        )
    except QuestionError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, str(error)) from error
    except (UndecidableError, TablesError, SnapshotError) as error:
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from error


def _parameters(request: web.Request) -> dict[str, str]:
    given = parameters(request.query, tuple(LONGEST))
    for name, value in given.items():
        if len(value) > LONGEST[name]:
            raise ProblemError(HTTPStatus.BAD_REQUEST, f"{name} is longer than {LONGEST[name]} characters")
    if ("name" in given) == ("url" in given):
        raise ProblemError(
            HTTPStatus.BAD_REQUEST,
            "name or url is missing, or both are given: /api/v1/check?name=bets.example&address=192.0.2.17",
        )
    return given
