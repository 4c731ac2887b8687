"""GET /api/v1/stats/lists and /api/v1/lists/{id}/status, …/versions: how each list does. Nothing of what stands in it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aiohttp import web

from admin.api.appliance import ListCondition
from admin.api.describing import (
    COUNT,
    FLAG,
    MAYBE_COUNT,
    MAYBE_MOMENT,
    MAYBE_TEXT,
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
    ref,
    words,
)
from admin.api.keys import ACTOR, APPLIANCE
from admin.api.list_life import KeptVersion
from admin.services.actors import Actor, ActorKind, Permission
from admin.services.find_list import find_list
from blocklists.enforcement import Enforced
from blocklists.model import Disposition, Kind
from blocklists.records import AgeLevel

FOR_ANYBODY: dict[str, Schema] = {
    "id": TEXT,
    "kind": words(*Kind),
    "loaded": FLAG,
    "state": TEXT,
    "entries": MAYBE_COUNT,
    "last_attempt": MAYBE_MOMENT,
    "last_success": MAYBE_MOMENT,
    "message": TEXT,
    "enforced": words(*Enforced),
    "age_level": words(*AgeLevel),
}
"""What of a list's status nobody needs a token for: nobody's words and names are among it."""

_WAITS = TEXT | {"description": "Why what is new is not in force yet; empty if nothing stands against it"}
_SUSPENSION = exactly(since=MOMENT, until=MAYBE_MOMENT, reason=TEXT, by=TEXT)
_DISPOSITIONS: Schema = {
    "type": "object",
    "properties": {kind.value: COUNT for kind in Disposition},
    "additionalProperties": False,
}
SCHEMAS: dict[str, Schema] = {
    "ListStatus": exactly(
        **FOR_ANYBODY,
        title=TEXT,
        authority=TEXT,
        age={"type": ["number", "null"], "description": "Seconds since it was last known to be current"},
        next_attempt=MAYBE_MOMENT,
        fetching=FLAG,
        attempts=COUNT,
        in_force=FLAG,
        dispositions=maybe(_DISPOSITIONS),
        serving=MAYBE_TEXT,
        held=TEXT,
        pinned=TEXT,
        suspension=maybe(_SUSPENSION),
    ),
    "ListVersion": exactly(
        digest=TEXT,
        serves=FLAG,
        text_kept=FLAG,
        fetched=MOMENT,
        accepted=MAYBE_MOMENT,
        entries=MAYBE_COUNT,
        source_version=TEXT,
        added=MAYBE_COUNT,
        removed=MAYBE_COUNT,
    ),
}
_NO_LIST = problem("There is no such list")
_LIST: list[Schema] = [in_path("id", "The id of a list")]
PATHS: Paths = {
    "/api/v1/stats/lists": {
        "get": operation(
            "How all lists do, in the order of the configuration",
            {"200": json("All of them", exactly(lists=array(ref("ListStatus")), waits=_WAITS))},
            scope=Permission.LISTS_READ,
            anonymous=True,
        )
    },
    "/api/v1/lists/{id}/status": {
        "parameters": _LIST,
        "get": operation(
            "How a list does",
            {"200": json("Its status", ref("ListStatus")), "404": _NO_LIST},
            scope=Permission.LISTS_READ,
            anonymous=True,
        ),
    },
    "/api/v1/lists/{id}/versions": {
        "parameters": _LIST,
        "get": operation(
            "The versions of a list that can serve again, newest first",
            {
                "200": json("All of them", exactly(list=TEXT, versions=array(ref("ListVersion")))),
                "404": _NO_LIST,
            },
            scope=Permission.LISTS_READ,
            anonymous=True,
        ),
    },
}


async def get_lists_status(request: web.Request) -> web.Response:
    """All lists in the order of the configuration."""
    actor = request[ACTOR]
    condition = request.app[APPLIANCE].condition()
    lists = [status_of(item, actor) for item in condition.lists]
    return web.json_response({"lists": lists, "waits": condition.publish_problem})


async def get_list_status(request: web.Request) -> web.Response:
    """One list."""
    found = find_list(request.app[APPLIANCE].condition().lists, request.match_info["id"])
    return web.json_response(status_of(found, request[ACTOR]))


async def get_versions(request: web.Request) -> web.Response:
    """The versions that can serve again, newest first."""
    list_id = request.match_info["id"]
    versions = await request.app[APPLIANCE].lists.versions(request[ACTOR], list_id)
    return web.json_response({"list": list_id, "versions": [_version(item) for item in versions]})


def status_of(item: ListCondition, actor: Actor) -> dict[str, Any]:
    """A list's condition as JSON; times are Unix seconds, ``age`` seconds.

    Why and by whom a list was suspended is told to whoever says who they are.
    """
    status = asdict(item)
    if item.suspension is not None and actor.kind is ActorKind.ANONYMOUS:
        status["suspension"] |= {"reason": "", "by": ""}
    return status


def _version(item: KeptVersion) -> dict[str, Any]:
    version = item.version
    return {
        "digest": version.digest,
        "serves": item.serves,
        "text_kept": item.text_kept,
        "fetched": version.fetched,
        "accepted": version.accepted or None,
        "entries": item.entries,
        "source_version": version.etag or version.last_modified,
        "added": None if item.changed is None else item.changed.added,
        "removed": None if item.changed is None else item.changed.removed,
    }
