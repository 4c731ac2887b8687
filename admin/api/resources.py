"""Lists, categories, profiles and subscribers over HTTP: the same handlers for all four kinds.

A body is the section of the configuration with its ``id``; what Weir says of it beside (``declared_in``, times, status)
comes back unread. What the file declares is shown and cannot be changed here (409).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from aiohttp import web

from admin.api.bodies import JSON, MERGE_PATCH, read_object
from admin.api.changes import Standing, change
from admin.api.keys import ACTOR, APPLIANCE
from admin.api.paging import page, parameters, shown
from admin.api.preconditions import etag, is_unchanged, require_match
from admin.api.problem import ProblemError, invalid
from admin.audit.events import digest_of
from admin.config import Config
from admin.config.fields import IDENTIFIER, Section
from admin.config.problems import plain
from admin.services.acts import Act, Item
from admin.services.documents import Documents
from admin.services.errors import NotFoundError
from admin.store.database import Transaction

READ_ONLY = ("declared_in", "created", "changed", "status")
"""Members of what is shown that a body may repeat; they are not read."""
_TAG_LENGTH = 20
"""Hexadecimal digits of a digest in an ETag."""

_S = TypeVar("_S", bound=Section)
_Body = dict[str, Any]
Dress = Callable[[_Body], _Body]
"""Adds to what is shown of an item, or takes away."""


def _as_it_is(_request: web.Request) -> Dress:
    return lambda body: body


@dataclass(frozen=True, slots=True)
class Resource(Generic[_S]):
    """One kind of thing below ``path``. ``dresser`` gives the dress of all items of one answer."""

    path: str
    documents: Documents[_S, Any]
    pattern: str = IDENTIFIER
    """What an id looks like; nothing has another one."""
    id_of: Callable[[Mapping[str, object]], object] = lambda body: body.get("id")
    dresser: Callable[[web.Request], Dress] = _as_it_is

    async def index(self, request: web.Request) -> web.Response:
        """One page of all of them, by id."""
        given = parameters(request.query, ("limit", "cursor"))
        appliance = request.app[APPLIANCE]
        async with (await appliance.connect()).reading() as transaction:
            part = await self.documents.list(transaction, appliance.declared, request[ACTOR], page(given))
        dress = self.dresser(request)
        items = [dress(body_of(item)) for item in part.items]
        return web.json_response(shown(items, self.path, given, part.after))

    async def get(self, request: web.Request) -> web.Response:
        """One of them, with its ETag."""
        parameters(request.query, ())
        appliance = request.app[APPLIANCE]
        async with (await appliance.connect()).reading() as transaction:
            item = await self.documents.get(
                transaction, appliance.declared, request[ACTOR], self.id_in(request)
            )
        if is_unchanged(request.headers, tag_of(item)):
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag_of(item)})
        body = self.dresser(request)(body_of(item))
        return web.json_response(body, headers={"ETag": tag_of(item)})

    async def post(self, request: web.Request) -> web.Response:
        """Add one: 201 when it is in force, 202 while it waits for that."""
        parameters(request.query, ())
        body = await read_object(request)
        item_id = self.id_of(body)
        if not isinstance(item_id, str):
            raise invalid([(("id",), "missing; this key is needed, as text")])

        async def create(transaction: Transaction, declared: Config, act: Act) -> Item[_S]:
            return await self.documents.create(transaction, declared, act, item_id, _writable(body))

        item, standing = await change(request, create)
        return self._answer(request, item, standing, is_new=True)

    async def put(self, request: web.Request) -> web.Response:
        """Put another in place of one (200, with If-Match), or add it under this id (201); 202 while it waits."""
        parameters(request.query, ())
        item_id, body = self.id_in(request), _writable(await read_object(request))

        async def put(transaction: Transaction, declared: Config, act: Act) -> tuple[Item[_S], bool]:
            if (found := await self._seen_if_there(request, transaction, declared, act)) is None:
                return await self.documents.create(transaction, declared, act, item_id, body), True
            return await self.documents.replace(transaction, declared, found, item_id, body), False

        (item, is_new), standing = await change(request, put)
        return self._answer(request, item, standing, is_new=is_new)

    async def patch(self, request: web.Request) -> web.Response:
        """Change keys of one (RFC 7396), with If-Match."""
        parameters(request.query, ())
        item_id, body = self.id_in(request), _writable(await read_object(request, MERGE_PATCH, JSON))

        async def patch(transaction: Transaction, declared: Config, act: Act) -> Item[_S]:
            seen = await self.seen(request, transaction, declared, act)
            return await self.documents.patch(transaction, declared, seen, item_id, body)

        item, standing = await change(request, patch)
        return self._answer(request, item, standing)

    async def delete(self, request: web.Request) -> web.Response:
        """Take one away, with If-Match: 204 when it is no longer in force, 202 while that waits."""
        parameters(request.query, ())

        async def delete(transaction: Transaction, declared: Config, act: Act) -> None:
            seen = await self.seen(request, transaction, declared, act)
            await self.documents.delete(transaction, declared, seen, self.id_in(request))

        _, standing = await change(request, delete)
        return web.Response(status=standing.status(HTTPStatus.NO_CONTENT), headers=standing.told)

    def id_in(self, request: web.Request) -> str:
        """The id in the path; NotFoundError if nothing can have it."""
        item_id = request.match_info["id"]
        if re.fullmatch(self.pattern, item_id) is None:
            raise NotFoundError(f"{plain(item_id)} is no id")
        return item_id

    async def _seen_if_there(
        self, request: web.Request, transaction: Transaction, declared: Config, act: Act
    ) -> Act | None:
        """The act from the revision that the client has seen; None if there is nothing to be seen."""
        try:
            return await self.seen(request, transaction, declared, act)
        except NotFoundError:
            if "If-Match" in request.headers:
                raise ProblemError(
                    HTTPStatus.PRECONDITION_FAILED,
                    "It is not there, or not any more; leave out If-Match to add it",
                ) from None
            return None

    async def seen(self, request: web.Request, transaction: Transaction, declared: Config, act: Act) -> Act:
        """The act from the revision that the client has seen: 428 without If-Match, 412 if it is another."""
        item = await self.documents.get(transaction, declared, act.actor, self.id_in(request))
        if item.declared:
            return act  # the use case says that it is read-only; an ETag would not help
        require_match(request.headers, tag_of(item))
        return replace(act, revision=item.revision)

    def _answer(
        self,
        request: web.Request,
        item: Item[_S],
        standing: Standing,
        *,
        is_new: bool = False,
    ) -> web.Response:
        body = self.dresser(request)(body_of(item))
        status = standing.status(HTTPStatus.CREATED if is_new else HTTPStatus.OK)
        headers = {"ETag": tag_of(item), **standing.told}
        headers |= {"Location": f"{self.path}/{item.id}"} if is_new else {}
        return web.json_response(body, status=status, headers=headers)


def body_of(item: Item[Any]) -> _Body:
    """An item as it is shown: the section with its defaults, and where it is declared."""
    section = item.section.model_dump(mode="json", exclude_none=True, exclude={"id"})
    where = {"declared_in": "file" if item.declared else "database"}
    times = {} if item.declared else {"created": item.created, "changed": item.changed}
    return {"id": item.id, **section, **where, **times}


def tag_of(item: Item[Any]) -> str:
    """The ETag. It names revision and content: one that is deleted and made anew begins its revisions anew."""
    return etag(digest_of([item.revision, item.created, body_of(item)])[:_TAG_LENGTH])


def _writable(body: Mapping[str, Any]) -> _Body:
    return {key: value for key, value in body.items() if key not in READ_ONLY}
