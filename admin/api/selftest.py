"""/api/v1/lists/{id}/selftest: ask for a list's canary now, and what was found before."""

from __future__ import annotations

import re
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from aiohttp import web

from admin.api.describing import (
    MOMENT,
    TEXT,
    Paths,
    Schema,
    array,
    exactly,
    in_path,
    json,
    maybe,
    operation,
    problem,
    query,
    ref,
    words,
)
from admin.api.keys import ACTOR, APPLIANCE
from admin.api.paging import page, parameters, shown
from admin.api.problem import ProblemError
from admin.api.resource_paths import LIMIT
from admin.services.actors import Permission
from admin.services.find_list import find_list
from admin.services.probes import Outcome, Probe, Report, State

PATH = "/api/v1/lists/{id}/selftest"
_SECONDS: Schema = {"type": "number", "description": "How long it took"}
SCHEMAS: dict[str, Schema] = {
    "Probe": exactly(
        transport=TEXT | {"description": "Empty where nothing was asked"},
        target=TEXT,
        outcome=words(*Outcome),
        words=TEXT,
        at=MOMENT,
        seconds=_SECONDS,
    ),
    "SelfTest": exactly(
        list=TEXT, state=words(*State), since=MOMENT, at=MOMENT, finding=TEXT, probes=array(ref("Probe"))
    ),
}
_NEXT: Schema = {"type": ["string", "null"], "description": "Where the next page is"}
PATHS: Paths = {
    PATH: {
        "parameters": [in_path("id", "The id of a list")],
        "get": operation(
            "The newest round of the self-test, and single probes of the last week, newest first",
            {
                "200": json(
                    "One page",
                    exactly(newest=maybe(ref("SelfTest")), items=array(ref("Probe")), next=_NEXT),
                ),
                "404": problem("There is no such list"),
            },
            scope=Permission.LISTS_READ,
            parameters=(
                LIMIT,
                query("cursor", "Where the page begins", TEXT | {"pattern": "^[0-9]{0,18}$"}),
            ),
        ),
        "post": operation(
            "Ask for the list's canary now, over every transport at every address",
            {
                "200": json("What was found", ref("SelfTest")),
                "404": problem("There is no such list"),
                "409": problem("The list has no canary"),
            },
            scope=Permission.LISTS_WRITE,
        ),
    }
}


async def post_selftest(request: web.Request) -> web.Response:
    """200: what was found now."""
    report = await request.app[APPLIANCE].selftest(request[ACTOR], request.match_info["id"])
    return web.json_response(_report(report))


async def get_selftest(request: web.Request) -> web.Response:
    """200: the newest round, and a page of single probes."""
    from admin.services.probe_records import history

    appliance, list_id = request.app[APPLIANCE], request.match_info["id"]
    given = parameters(request.query, ("limit", "cursor"))
    wanted = page(given)
    find_list(appliance.config.lists, list_id)
    before = _number(wanted.after)
    async with (await appliance.connect()).reading() as transaction:
        found = await history(transaction, request[ACTOR], list_id, before, wanted.limit)
    newest = next((item for item in appliance.condition().selftests if item.list_id == list_id), None)
    last = str(found[-1][0]) if len(found) == wanted.limit else None
    path = PATH.replace("{id}", list_id)
    body = shown([_probe(probe) for _, probe in found], path, given, last)
    return web.json_response({"newest": None if newest is None else _report(newest), **body})


def _number(after: str) -> int | None:
    if re.fullmatch("[0-9]{0,18}", after) is None:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "cursor is none that was given out; begin without one")
    return int(after) if after else None


def _report(report: Report) -> dict[str, Any]:
    return {
        "list": report.list_id,
        "state": report.state.value,
        "since": report.since,
        "at": report.at,
        "finding": report.finding,
        "probes": [_probe(probe) for probe in report.probes],
    }


def _probe(probe: Probe) -> dict[str, Any]:
    return {name: value for name, value in asdict(probe).items() if name != "list_id"}
