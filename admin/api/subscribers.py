"""/api/v1/subscribers: who has which profile; and of each, apart, by what they are told apart and their own rules."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import web

from admin.api.bodies import checked, read_object
from admin.api.changes import WAITS_HEADER, change
from admin.api.describing import TEXT, Paths, Schema, body, in_path, json, operation, problem, ref
from admin.api.keys import ACTOR, APPLIANCE
from admin.api.paging import parameters
from admin.api.preconditions import is_unchanged
from admin.api.resource_paths import (
    CHANGED,
    KEPT,
    NOT_FOUND,
    NOT_MODIFIED,
    REASON,
    STALE,
    Described,
    if_match,
)
from admin.api.resources import Resource, body_of, tag_of
from admin.config import Config
from admin.config.endpoints import Prefix
from admin.config.fields import SUBSCRIBER_ID, ListOf, Section, key
from admin.config.people import SubscriberConfig
from admin.config.rules import NameRule
from admin.services.actors import Permission
from admin.services.acts import Act, Item
from admin.services.subscribers import SUBSCRIBERS
from admin.store.database import Transaction

PATH = "/api/v1/subscribers"
RESOURCE = Resource(PATH, SUBSCRIBERS, SUBSCRIBER_ID)


class Identities(Section):
    """By what a subscriber is told apart."""

    addresses: ListOf[Prefix] = key(example='["192.0.2.17", "2001:db8:17::/56"]', min_length=1)
    """The subscriber's addresses and networks; the longest match among all subscribers wins."""


class Rules(Section):
    """A subscriber's own rules, beside those of the profile."""

    allow: ListOf[NameRule] = key((), example="[school.example]")
    """Names that are allowed for this subscriber."""
    deny: ListOf[NameRule] = key((), example="[time-waster.example]")
    """Names that are blocked for this subscriber."""


@dataclass(frozen=True, slots=True)
class Aspect:
    """The keys of ``model``, read and replaced by themselves. They have the ETag of the subscriber."""

    model: type[Section]

    async def get(self, request: web.Request) -> web.Response:
        """The keys as they are."""
        parameters(request.query, ())
        appliance = request.app[APPLIANCE]
        async with (await appliance.connect()).reading() as transaction:
            item = await SUBSCRIBERS.get(
                transaction, appliance.declared, request[ACTOR], RESOURCE.id_in(request)
            )
        if is_unchanged(request.headers, tag_of(item)):
            return web.Response(status=304, headers={"ETag": tag_of(item)})
        return web.json_response(self._shown(item), headers={"ETag": tag_of(item)})

    async def put(self, request: web.Request) -> web.Response:
        """All of the keys anew, with If-Match; one that is left out has its default."""
        parameters(request.query, ())
        body = await read_object(request)
        checked(self.model, body)
        wanted: dict[str, Any] = dict.fromkeys(self.model.model_fields) | body

        async def put(transaction: Transaction, declared: Config, act: Act) -> Item[SubscriberConfig]:
            seen = await RESOURCE.seen(request, transaction, declared, act)
            return await SUBSCRIBERS.patch(transaction, declared, seen, RESOURCE.id_in(request), wanted)

        item, standing = await change(request, put)
        status, headers = standing.status(HTTPStatus.OK), {"ETag": tag_of(item), **standing.told}
        return web.json_response(self._shown(item), status=status, headers=headers)

    def _shown(self, item: Item[SubscriberConfig]) -> dict[str, Any]:
        return {name: value for name, value in body_of(item).items() if name in self.model.model_fields}


def _aspect(model: type[Section], what: str) -> dict[str, Schema | list[Schema]]:
    return {
        "parameters": [
            in_path("id", "The id of a subscriber") | {"schema": TEXT | {"pattern": f"^{SUBSCRIBER_ID}$"}}
        ],
        "get": operation(
            f"A subscriber's {what}",
            {"200": json(f"The {what}", ref(model), "ETag"), "304": NOT_MODIFIED, "404": NOT_FOUND},
            scope=Permission.SUBSCRIBERS_READ,
        ),
        "put": operation(
            f"A subscriber's {what} anew, all of them",
            {
                "200": json("They are in force", ref(model), "ETag", CHANGED),
                "202": json(KEPT, ref(model), "ETag", WAITS_HEADER),
                "404": NOT_FOUND,
                "409": problem("The file declares the subscriber"),
            }
            | STALE,
            scope=Permission.SUBSCRIBERS_WRITE,
            parameters=(if_match(required=True), REASON),
            request=body(ref(model)),
        ),
    }


IDENTITIES = Aspect(Identities)
RULES = Aspect(Rules)
DESCRIBED = Described(
    PATH,
    "Subscriber",
    "subscriber",
    Permission.SUBSCRIBERS_READ,
    Permission.SUBSCRIBERS_WRITE,
    anonymous=False,
    id_pattern=f"^{SUBSCRIBER_ID}$",
)
PATHS: Paths = {
    f"{PATH}/{{id}}/identities": _aspect(Identities, "identities"),
    f"{PATH}/{{id}}/rules": _aspect(Rules, "own rules"),
}
