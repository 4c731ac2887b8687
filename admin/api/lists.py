"""/api/v1/lists: what lists declare, and how each is doing. Versions, suspensions and entries have modules of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from admin.api.describing import maybe, ref
from admin.api.keys import ACTOR, APPLIANCE
from admin.api.lists_status import status_of
from admin.api.resource_paths import Described
from admin.api.resources import Dress, Resource
from admin.services.actors import ActorKind, Permission
from admin.services.lists_declared import LISTS

PATH = "/api/v1/lists"
_FOR_ANYBODY = frozenset(
    {
        "id",
        "title",
        "kind",
        "authority",
        "legal_basis",
        "confidentiality",
        "categories",
        "contact",
        "licence",
        "declared_in",
        "status",
    }
)
"""What a list shows to whoever has no token: what it is and how it does, not where it comes from."""


def _dresser(request: web.Request) -> Dress:
    """What all lists of one answer are dressed with: how each does, asked for once."""
    actor = request[ACTOR]
    conditions = {item.id: item for item in request.app[APPLIANCE].condition().lists}

    def dress(body: dict[str, Any]) -> dict[str, Any]:
        condition = conditions.get(body["id"])
        status = None if condition is None else status_of(condition, actor)
        dressed = body | {"status": status}
        if actor.kind is not ActorKind.ANONYMOUS:
            return dressed
        return {name: value for name, value in dressed.items() if name in _FOR_ANYBODY}

    return dress


def _id_of(body: Mapping[str, object]) -> object:
    """An entry of the catalogue brings its id."""
    return body.get("id", body.get("catalogue"))


RESOURCE = Resource(PATH, LISTS, id_of=_id_of, dresser=_dresser)
DESCRIBED = Described(
    PATH,
    "List",
    "list",
    Permission.LISTS_READ,
    Permission.LISTS_WRITE,
    shown={"status": maybe(ref("ListStatus")) | {"description": "Null until control has taken the list up"}},
    always=tuple(sorted(_FOR_ANYBODY - {"id", "declared_in"})),
)
