"""/api/v1/tokens: API tokens. The text of one is in the answer that makes it, and nowhere else, ever."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from admin.api.bodies import checked, read_object
from admin.api.changes import change
from admin.api.describing import (
    MAYBE_MOMENT,
    MOMENT,
    TEXT,
    Paths,
    Schema,
    array,
    body,
    empty,
    exactly,
    in_path,
    json,
    operation,
    problem,
    ref,
    words,
)
from admin.api.keys import ACTOR, APPLIANCE
from admin.api.paging import page, parameters, shown
from admin.api.resource_paths import CHANGED, PAGES, REASON, page_of
from admin.config import Config
from admin.config.fields import chosen
from admin.services.actors import Permission, Role
from admin.services.acts import Act
from admin.services.moment import LATEST
from admin.services.tokens import (
    LONGEST_HOLDER,
    TOKEN_BYTES,
    Issued,
    Token,
    Wanted,
    create_token,
    get_token,
    list_tokens,
    revoke_token,
)
from admin.store.database import Transaction

PATH = "/api/v1/tokens"


class NewToken(BaseModel):
    """A token to be made."""

    model_config = ConfigDict(extra="forbid", strict=True)

    role: Annotated[Role, BeforeValidator(lambda value: chosen(Role, value))]
    """What it is for."""
    holder: str = Field(min_length=1, max_length=LONGEST_HOLDER)
    """The person or system that it is for."""
    scopes: (
        Annotated[
            list[Annotated[Permission, BeforeValidator(lambda value: chosen(Permission, value))]],
            Field(min_length=1, max_length=len(Permission)),
        ]
        | None
    ) = None
    """What it is good for; by default all that the role is."""
    expires: Annotated[float, Field(gt=0, le=LATEST)] | None = None
    """Unix seconds; by default never."""


_SHOWN: dict[str, Schema] = {
    "id": TEXT,
    "role": words(*Role),
    "scopes": array(words(*Permission)),
    "holder": TEXT,
    "created": MOMENT,
    "expires": MAYBE_MOMENT,
    "used": MAYBE_MOMENT | {"description": "About when it was used last, Unix seconds"},
    "revoked": MAYBE_MOMENT,
}
SCHEMAS: dict[str, Schema] = {
    "Token": exactly(**_SHOWN),
    "IssuedToken": exactly(**_SHOWN, token=TEXT | {"description": "Shown this once"}),
}
_NOT_FOUND = problem("There is no such token")
PATHS: Paths = {
    PATH: {
        "get": operation(
            "All tokens, revoked and expired ones too, by id",
            {"200": json("One page", page_of(ref("Token")))},
            scope=Permission.TOKENS_READ,
            parameters=PAGES,
        ),
        "post": operation(
            "Make a token",
            {
                "201": json(
                    "Made; its text is in this answer alone", ref("IssuedToken"), "Location", CHANGED
                ),
                "409": problem("The id that was drawn is taken; ask again"),
            },
            scope=Permission.TOKENS_WRITE,
            parameters=(REASON,),
            request=body(ref(NewToken)),
        ),
    },
    f"{PATH}/{{id}}": {
        "parameters": [in_path("id", "The id of a token")],
        "get": operation(
            "One token",
            {"200": json("The token", ref("Token")), "404": _NOT_FOUND},
            scope=Permission.TOKENS_READ,
        ),
        "delete": operation(
            "Revoke a token; it stays listed",
            {"204": empty("It is good for nothing any more", CHANGED), "404": _NOT_FOUND},
            scope=Permission.TOKENS_WRITE,
            parameters=(REASON,),
        ),
    },
}


async def index(request: web.Request) -> web.Response:
    """One page of all tokens, revoked and expired ones too."""
    given = parameters(request.query, ("limit", "cursor"))
    async with (await request.app[APPLIANCE].connect()).reading() as transaction:
        part = await list_tokens(transaction, request[ACTOR], page(given))
    return web.json_response(shown([_body(token) for token in part.items], PATH, given, part.after))


async def get(request: web.Request) -> web.Response:
    """One token."""
    parameters(request.query, ())
    async with (await request.app[APPLIANCE].connect()).reading() as transaction:
        token = await get_token(transaction, request[ACTOR], request.match_info["id"])
    return web.json_response(_body(token))


async def post(request: web.Request) -> web.Response:
    """Make a token: 201 with its text."""
    parameters(request.query, ())
    asked = checked(NewToken, await read_object(request))
    scopes = None if asked.scopes is None else frozenset(asked.scopes)
    wanted = Wanted(asked.role, asked.holder, scopes, asked.expires)

    async def create(transaction: Transaction, _declared: Config, act: Act) -> Issued:
        return await create_token(transaction, act, wanted, random=secrets.token_bytes(TOKEN_BYTES))

    issued, standing = await change(request, create)
    body = {**_body(issued.token), "token": issued.text}
    location = f"{PATH}/{issued.token.id}"
    return web.json_response(
        body, status=HTTPStatus.CREATED, headers=standing.headers | {"Location": location}
    )


async def delete(request: web.Request) -> web.Response:
    """Revoke a token; it stays listed. 204 also for one that is revoked already."""
    parameters(request.query, ())

    async def revoke(transaction: Transaction, _declared: Config, act: Act) -> None:
        await revoke_token(transaction, act, request.match_info["id"])

    _, standing = await change(request, revoke)
    return web.Response(status=HTTPStatus.NO_CONTENT, headers=standing.headers)


def _body(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "role": token.role.value,
        "scopes": sorted(scope.value for scope in token.scopes),
        "holder": token.holder,
        "created": token.created,
        "expires": token.expires,
        "used": token.used,
        "revoked": token.revoked,
    }
