"""GET /api/v1/stats/queries: the sample of queries of the last seconds. No client is in it, and no secret list's hit."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from http import HTTPStatus

from aiohttp import web

from admin.api.describing import (
    COUNT,
    MAYBE_COUNT,
    MAYBE_TEXT,
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
from admin.api.keys import APPLIANCE
from admin.api.problem import ProblemError
from admin.services.actors import Permission
from admin.services.build import worker_count
from admin.services.samples import FLOOR, recent
from blocklists.snapshot.native import SnapshotError
from resolver.sampling import Decided
from resolver.tables.store import TablesError

DEFAULT_SECONDS = 60
MOST_SECONDS = 3_600

PATHS: Paths = {
    "/api/v1/stats/queries": {
        "get": operation(
            "A sample of the queries answered lately, without who asked; empty unless it is switched on",
            {"200": json("The sample and its rate", ref("QuerySample"))},
            scope=Permission.STATS,
            anonymous=True,
            parameters=(
                query(
                    "seconds",
                    "How far back",
                    COUNT | {"minimum": 1, "maximum": MOST_SECONDS, "default": DEFAULT_SECONDS},
                ),
            ),
        )
    }
}
SCHEMAS: dict[str, Schema] = {
    "QuerySample": exactly(
        sampling=TEXT | {"description": "`off`, or 1/N"},
        since=MOMENT,
        note=TEXT,
        queries=array(ref("SampledQuery")),
    ),
    "SampledQuery": exactly(
        at=COUNT | {"description": "Unix seconds"},
        transport=words("udp", "tcp"),
        qtype=COUNT,
        rcode=MAYBE_COUNT,
        decided=words(*(kind.name.lower().replace("_", "-") for kind in Decided)),
        category=MAYBE_TEXT,
        within=MAYBE_COUNT | {"description": "Microseconds; null is more than 2 seconds"},
        name=MAYBE_TEXT,
    ),
}

_OFF = "No queries are sampled: set telemetry.query_sample, for example to 1/1000, and reload"
_ON = (
    "A share of the queries answered; multiply by the rate. A name is shown without its hosts, and only if no list and no "
    f"rule speaks about it and it is here at least {FLOOR} times"
)


async def get_queries(request: web.Request) -> web.Response:
    """``seconds`` (1 to 3600, default 60): how far back."""
    seconds = _seconds(request)
    appliance = request.app[APPLIANCE]
    rate = appliance.config.telemetry.query_sample
    since = appliance.now() - seconds
    if rate.one_in == 0:
        return web.json_response({"sampling": str(rate), "since": since, "note": _OFF, "queries": []})
    try:
        bits = (await appliance.view()).bits
    except (TablesError, SnapshotError) as error:
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from error
    workers = worker_count(appliance.config)
    queries = await asyncio.to_thread(recent, appliance.place.run, workers, since, bits)
    shown = [asdict(query) for query in queries]
    return web.json_response({"sampling": str(rate), "since": since, "note": _ON, "queries": shown})


def _seconds(request: web.Request) -> int:
    for name in request.query:
        if name != "seconds":
            raise ProblemError(HTTPStatus.BAD_REQUEST, f"there is no parameter {name[:40]!r}; known: seconds")
    given = request.query.getall("seconds", [str(DEFAULT_SECONDS)])
    text = given[0]
    if len(given) > 1 or not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST_SECONDS))):
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"seconds is one whole number, 1 to {MOST_SECONDS}")
    if not 1 <= int(text) <= MOST_SECONDS:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"seconds is {text}; write 1 to {MOST_SECONDS}")
    return int(text)
