"""GET /api/v1/lists/{id}/text and /api/v1/audit/protected-names: what the public log's digests are made of, as plain text."""

from __future__ import annotations

import re
from http import HTTPStatus

from aiohttp import web

from admin.api.describing import Paths, Schema, in_path, operation, problem, query, words
from admin.api.giving_out import part_of
from admin.api.keys import ACTOR, APPLIANCE, TEXTS_TURN
from admin.api.list_life import Part
from admin.api.paging import parameters
from admin.api.problem import ProblemError
from admin.services.actors import Permission

PATH = "/api/v1/lists/{id}/text"
PROTECTED = "/api/v1/audit/protected-names"
_DIGEST = re.compile(r"[0-9a-f]{0,64}", re.ASCII)
_PLAIN: Schema = {"content": {"text/plain": {"schema": {"type": "string"}}}}
PATHS: Paths = {
    PATH: {
        "parameters": [in_path("id", "The id of a list")],
        "get": operation(
            "The canonical text of a public list, one line for each entry: its SHA-256 is in the log",
            {
                "200": {"description": "The text", **_PLAIN},
                "404": problem("There is no such list, or this text is not kept"),
                "409": problem("The list is not public"),
            },
            scope=Permission.LISTS_READ,
            parameters=(
                query("part", "Which text: that of a version, or of the edits that hold", words(*Part)),
                query(
                    "version",
                    "How the digest of a kept version begins, or the digest of its text; by default the one that serves",
                    {"type": "string", "pattern": f"^{_DIGEST.pattern}$"},
                ),
            ),
        ),
    },
    PROTECTED: {
        "get": operation(
            "The names that no list reaches, one on a line: their SHA-256 is in the log",
            {"200": {"description": "The text", **_PLAIN}},
            scope=Permission.LISTS_READ,
        )
    },
}


async def get_text(request: web.Request) -> web.Response:
    """``part`` (``entries`` by default), ``version``."""
    given = parameters(request.query, ("part", "version"))
    wanted = given.get("version", "")
    if _DIGEST.fullmatch(wanted) is None:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, "version is how a digest begins: up to 64 hexadecimal digits"
        )
    part, texts = part_of(given), request.app[APPLIANCE].texts
    async with request.app[TEXTS_TURN]:
        return _plain(await texts.text(request[ACTOR], request.match_info["id"], part, wanted))


async def get_protected(request: web.Request) -> web.Response:
    """No parameters."""
    parameters(request.query, ())
    return _plain(await request.app[APPLIANCE].texts.protected(request[ACTOR]))


def _plain(text: bytes) -> web.Response:
    return web.Response(body=text, content_type="text/plain", charset="utf-8")
