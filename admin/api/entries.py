"""/api/v1/lists/{id}/entries: single entries that an operator adds to a list, removes from it, or takes back."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from admin.api.appliance import Wish
from admin.api.bodies import checked, read_object
from admin.api.changes import reason_of
from admin.api.describing import (
    COUNT,
    FLAG,
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
from admin.api.problem import ProblemError
from admin.api.resource_paths import REASON
from admin.services.actors import Permission
from admin.services.acts import Act
from blocklists.edits import MAX_EDITS, Change, Edit, EditError
from blocklists.model import Scope

_LONGEST = 1_024
"""Characters of a name before it is brought into its canonical form."""

_Text = Annotated[str, Field(max_length=_LONGEST)]


class EditedEntry(BaseModel):
    """A name with its scope; without one, that of the list's own bare names."""

    model_config = ConfigDict(extra="forbid")
    name: _Text
    scope: Literal["host", "domain", "wildcard", "address"] | None = None


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


_Wanted = Annotated[EditedEntry, BeforeValidator(_named, json_schema_input_type=_Text | EditedEntry)]


class EntryEdits(BaseModel):
    """What is to become of which entries."""

    model_config = ConfigDict(extra="forbid")
    add: list[_Wanted] = []
    remove: list[_Wanted] = []
    take_back: list[_Wanted] = []

    def wishes(self) -> list[Wish]:
        """All of them, additions first."""
        asked = ((Change.ADD, self.add), (Change.REMOVE, self.remove), (Change.TAKE_BACK, self.take_back))
        return [_wish(change, entry) for change, entries in asked for entry in entries]


PATHS: Paths = {
    "/api/v1/lists/{id}/entries": {
        "parameters": [in_path("id", "The id of a list")],
        "get": operation(
            "Single entries that were edited: what holds on top of the list's own text",
            {"200": json("The edits", ref("Edits")), "404": problem("There is no such list")},
            scope=Permission.LISTS_READ,
        ),
        "post": operation(
            f"Add, remove or take back single entries (1 to {MAX_EDITS:,}), all or none; they hold for later versions too",
            {
                "200": json("Kept, and in force as far as `in_force` says", ref("EditReport")),
                "404": problem("There is no such list"),
            },
            scope=Permission.LISTS_WRITE,
            parameters=(REASON,),
            request=body(ref(EntryEdits)),
        ),
    }
}
_SCOPE = words("host", "domain", "wildcard", "address")
_EDITS = array(exactly(change=words("add", "remove"), name=TEXT, scope=_SCOPE))
SCHEMAS: dict[str, Schema] = {
    "Edits": exactly(list=TEXT, edits=_EDITS),
    "EditReport": exactly(list=TEXT, in_force=COUNT, compiling=FLAG, waits=TEXT, edits=_EDITS),
}


async def get_entries(request: web.Request) -> web.Response:
    """The edits of the list that hold."""
    list_id = request.match_info["id"]
    try:
        edits = await request.app[APPLIANCE].edits(list_id)
    except OSError as error:
        raise _disk(error) from error
    return web.json_response({"list": list_id, "edits": _shown(edits)})


async def post_entries(request: web.Request) -> web.Response:
    """200 when the edits are kept and in force (or being compiled), 422 when one of them is not taken: then none is."""
    list_id = request.match_info["id"]
    appliance = request.app[APPLIANCE]
    act = Act(request[ACTOR], appliance.now(), reason_of(request))
    wishes = checked(EntryEdits, await read_object(request)).wishes()
    if not 1 <= len(wishes) <= MAX_EDITS:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"A request has 1 to {MAX_EDITS:,} entries in add, remove and take_back",
        )
    try:
        report = await appliance.edit(act, list_id, wishes)
    except EditError as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"Nothing was changed: {error}") from error
    except OSError as error:
        raise _disk(error) from error
    return web.json_response(
        {
            "list": list_id,
            "in_force": report.in_force,
            "waits": report.waits,
            "compiling": report.compiling,
            "edits": _shown(report.edits),
        }
    )


def _wish(change: Change, entry: EditedEntry) -> Wish:
    return Wish(change, entry.name, None if entry.scope is None else Scope(entry.scope))


def _shown(edits: tuple[Edit, ...]) -> list[dict[str, str]]:
    return [{"change": edit.change.value, "name": edit.name, "scope": edit.scope.value} for edit in edits]


def _disk(error: OSError) -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"The edits could not be kept ({error.strerror or 'disk error'}), so nothing was changed: make room or mend the disk",
    )
