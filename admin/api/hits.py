"""GET /api/v1/lists/{id}/hits: how often a list has spoken, by hour."""

from __future__ import annotations

from aiohttp import web

from admin.api.describing import (
    COUNT,
    MAYBE_COUNT,
    TEXT,
    Paths,
    Schema,
    array,
    exactly,
    in_path,
    json,
    operation,
    problem,
    ref,
)
from admin.api.keys import APPLIANCE
from admin.services.actors import Permission
from admin.services.hits import FLOOR, HitReport

PATHS: Paths = {
    "/api/v1/lists/{id}/hits": {
        "parameters": [in_path("id", "The id of a list")],
        "get": operation(
            "How often the list has spoken, by hour; numbers below the floor are null",
            {"200": json("The hits", ref("Hits")), "404": problem("There is no such list")},
            scope=Permission.LISTS_READ,
        ),
    }
}
SCHEMAS: dict[str, Schema] = {
    "Hits": exactly(
        list=TEXT,
        floor=COUNT,
        hours=array(exactly(since=COUNT, hits={"type": "object", "additionalProperties": MAYBE_COUNT})),
        shared_categories=array(TEXT),
        recent=array(exactly(at=COUNT, name=TEXT, qtype=COUNT, action=TEXT)),
    )
}


async def get_hits(request: web.Request) -> web.Response:
    """Numbers below the floor are null; ``recent`` has names only if the list logs them."""
    report = await request.app[APPLIANCE].hits(request.match_info["id"])
    return web.json_response(_shown(report))


def _shown(report: HitReport) -> dict[str, object]:
    return {
        "list": report.list_id,
        "floor": FLOOR,
        "hours": [{"since": hour.since, "hits": dict(hour.hits)} for hour in report.hours],
        "shared_categories": list(report.shared),
        "recent": [
            {"at": hit.second, "name": hit.name, "qtype": hit.qtype, "action": hit.action}
            for hit in report.recent
        ],
    }
