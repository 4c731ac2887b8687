"""GET /api/v1/lists/{id}/held and POST …/preview: why a version waits, and what one would do if it served."""

from __future__ import annotations

from dataclasses import asdict

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from admin.api.bodies import checked, read_object
from admin.api.describing import (
    COUNT,
    FLAG,
    MAYBE_COUNT,
    MOMENT,
    TEXT,
    Paths,
    Schema,
    array,
    body,
    exactly,
    in_path,
    json,
    operation,
    problem,
    ref,
    words,
)
from admin.api.keys import ACTOR, APPLIANCE
from admin.services.actors import Permission
from admin.services.gate_reports import VersionReport
from blocklists.gates import Gate


class Previewing(BaseModel):
    """Which version: the one that is held, if one is and its text is kept, or (``fetch``) what the source has now."""

    model_config = ConfigDict(extra="forbid", strict=True)
    fetch: bool = False


MODELS = (Previewing,)
SCHEMAS: dict[str, Schema] = {
    "GateReport": exactly(
        gate=words(*Gate), title=TEXT, message=TEXT, remedy=TEXT, two_persons=FLAG, examples=array(TEXT)
    ),
    "VersionReport": exactly(
        list_id=TEXT,
        origin=words("held", "fetched"),
        digest=TEXT,
        fetched=MOMENT,
        entries=MAYBE_COUNT,
        entries_before=MAYBE_COUNT,
        gates=array(ref("GateReport")),
        preview=TEXT,
        newly_blocked=COUNT,
        of=COUNT,
        examples=array(TEXT),
        notices=array(TEXT),
    ),
}
_LIST: list[Schema] = [in_path("id", "The id of a list")]
PATHS: Paths = {
    "/api/v1/lists/{id}/held": {
        "parameters": _LIST,
        "get": operation(
            "Why a version of a list is held",
            {
                "200": json("The report", ref("VersionReport")),
                "404": problem("There is no such list, or nothing of it is held"),
            },
            scope=Permission.LISTS_READ,
        ),
    },
    "/api/v1/lists/{id}/preview": {
        "parameters": _LIST,
        "post": operation(
            "What a version that does not serve would do",
            {
                "200": json("The report", ref("VersionReport")),
                "404": problem("There is no such list"),
                "409": problem("No version can be had; the detail says why"),
            },
            scope=Permission.LISTS_WRITE,
            request=body(ref(Previewing)),
        ),
    },
}


async def get_held(request: web.Request) -> web.Response:
    """Why the held version of a list is held."""
    report = await request.app[APPLIANCE].inspections.held(request[ACTOR], request.match_info["id"])
    return _shown(report)


async def post_preview(request: web.Request) -> web.Response:
    """What the held version of a list, or the one its source has now, would do."""
    asked = checked(Previewing, await read_object(request))
    report = await request.app[APPLIANCE].inspections.preview(
        request[ACTOR], request.match_info["id"], fetch=asked.fetch
    )
    return _shown(report)


def _shown(report: VersionReport) -> web.Response:
    return web.json_response(asdict(report))
