"""GET /api/v1/stats/lists and /api/v1/lists/{id}/status, …/versions: how each list does. Nothing of what stands in it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aiohttp import web

from admin.api.appliance import ListCondition
from admin.api.keys import ACTOR, APPLIANCE
from admin.api.list_life import KeptVersion
from admin.api.lists_errors import worded
from admin.services.actors import Permission, require
from admin.services.errors import NotFoundError


async def get_lists_status(request: web.Request) -> web.Response:
    """All lists in the order of the configuration."""
    with worded():
        require(request[ACTOR], Permission.LISTS_READ)
    conditions = request.app[APPLIANCE].condition().lists
    return web.json_response({"lists": [status_of(item) for item in conditions]})


async def get_list_status(request: web.Request) -> web.Response:
    """One list."""
    list_id = request.match_info["id"]
    with worded():
        require(request[ACTOR], Permission.LISTS_READ)
        for item in request.app[APPLIANCE].condition().lists:
            if item.id == list_id:
                return web.json_response(status_of(item))
        raise NotFoundError(f"There is no list {list_id[:80]!r}")


async def get_versions(request: web.Request) -> web.Response:
    """The versions that can serve again, newest first."""
    list_id = request.match_info["id"]
    with worded():
        versions = await request.app[APPLIANCE].lists.versions(request[ACTOR], list_id)
    return web.json_response({"list": list_id, "versions": [_version(item) for item in versions]})


def status_of(item: ListCondition) -> dict[str, Any]:
    """A list's condition as JSON; times are Unix seconds, ``age`` seconds."""
    return asdict(item)


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
    }
