"""POST /api/v1/lists/{id}/ask: whether a list, be it secret, has an entry for a name or page. Recorded before answered."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from admin.api.appliance import Appliance
from admin.api.bodies import checked, read_object
from admin.api.describing import (
    FLAG,
    TEXT,
    Paths,
    Schema,
    body,
    exactly,
    in_path,
    json,
    operation,
    problem,
    ref,
    words,
)
from admin.api.keys import ACTOR, APPLIANCE, ASK_LIMITS
from admin.api.problem import ProblemError
from admin.services.actors import Permission, require
from admin.services.acts import LONGEST_REASON
from admin.services.asking import LONGEST_QUESTION, Desk, Question, TooOftenError, ask_list
from blocklists.keyed import stored_key
from blocklists.model import Disposition
from blocklists.snapshot.native import SnapshotError
from resolver.tables.store import TablesError
from resolver.tables.view import View


class ListQuestion(BaseModel):
    """What is asked, and why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str = Field(min_length=1, max_length=LONGEST_QUESTION)
    """A name or a URL."""
    reason: str = Field(min_length=1, max_length=LONGEST_REASON)
    """Kept with the audit events, where a digest stands in place of the question."""


PATHS: Paths = {
    "/api/v1/lists/{id}/ask": {
        "parameters": [in_path("id", "The id of a list")],
        "post": operation(
            "Whether the list has an entry for a name or URL: recorded, and only so often an hour",
            {
                "200": json("Yes or no", ref("ListAnswer")),
                "404": problem("There is no such list in force"),
                "429": problem("Asked too often; Retry-After says when the next question is answered"),
                "503": problem("There is no published state to look into, or nothing can be recorded"),
            },
            scope=Permission.LISTS_SECRET,
            request=body(ref(ListQuestion)),
        ),
    }
}
SCHEMAS: dict[str, Schema] = {
    "ListAnswer": exactly(
        list=TEXT,
        listed=FLAG,
        disposition=words("", *Disposition)
        | {
            "description": "What enforcement the entry gets; empty without one, or while the list is not enforced"
        },
    )
}
MODELS: tuple[type[BaseModel], ...] = (ListQuestion,)


async def post_ask(request: web.Request) -> web.Response:
    """Yes or no, and the disposition."""
    actor, appliance = request[ACTOR], request.app[APPLIANCE]
    require(actor, Permission.LISTS_SECRET)
    asked = checked(ListQuestion, await read_object(request))
    question = Question(request.match_info["id"], asked.text, asked.reason)
    try:
        view = await appliance.view()
        desk = Desk(view, await asyncio.to_thread(_key, appliance, view), request.app[ASK_LIMITS])
        async with (await appliance.connect()).transaction() as transaction:
            answer = ask_list(transaction, actor, question, appliance.now(), desk)
    except TooOftenError as error:
        headers = {"Retry-After": str(int(error.wait) + 1)}
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, str(error), headers=headers) from error
    except (TablesError, SnapshotError) as error:
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from error
    # Answered only after the event is committed.
    return web.json_response(
        {"list": answer.list_id, "listed": answer.listed, "disposition": answer.disposition or ""}
    )


def _key(appliance: Appliance, view: View) -> bytes:
    """Of digests that only this box can make: the index key where there are secret lists, which no data folder holds."""
    return view.index_key or stored_key(appliance.place.lists / ".asked.key")
