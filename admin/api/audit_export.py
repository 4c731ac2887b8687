"""GET /api/v1/audit/export: events as lines for other systems, from a cursor on. The forms are in ``admin.audit.exports``."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from admin.api.audit import SINCE, moment_of, sequence_of
from admin.api.describing import Paths, operation, query, words
from admin.api.keys import ACTOR, APPLIANCE
from admin.api.paging import page, parameters
from admin.api.problem import ProblemError
from admin.api.resource_paths import LIMIT
from admin.audit.exports.formats import LINES, Format
from admin.services.actors import Permission
from admin.services.audit_export import Cut, export_events

PATH = "/api/v1/audit/export"
CURSOR_HEADER = "Weir-Cursor"
"""Where the next lines begin: the cursor of the last one, or the one that was given if there was none."""
_MEDIA_TYPES = {
    Format.OCSF: "application/x-ndjson",
    Format.JSON: "application/x-ndjson",
    Format.SYSLOG: "text/plain",
}
_TEXT = {"schema": {"type": "string"}}
PATHS: Paths = {
    PATH: {
        "get": operation(
            "Events as lines, oldest first: OCSF in CloudEvents, syslog (RFC 5424), or JSON",
            {
                "200": {
                    "description": "One line for each event that the public log has looked at; none if no more are final",
                    "headers": {CURSOR_HEADER: {"required": True, "schema": {"type": "string"}}},
                    "content": dict.fromkeys(sorted(set(_MEDIA_TYPES.values())), _TEXT),
                }
            },
            scope=Permission.AUDIT_READ,
            parameters=(
                query("format", "In which form", words(*Format)),
                SINCE,
                LIMIT,
                query(
                    "cursor",
                    "Behind which event to begin: what Weir-Cursor said, or the sequence of an event",
                    {"type": "string", "pattern": "^[0-9]{0,18}$"},
                ),
            ),
        )
    }
}


async def get_export(request: web.Request) -> web.Response:
    """``format`` (``ocsf`` by default), ``cursor``, ``limit``."""
    given = parameters(request.query, ("format", "since", "limit", "cursor"))
    form, wanted = _format(given.get("format", Format.OCSF)), page(given)
    after = sequence_of(wanted.after)
    appliance = request.app[APPLIANCE]
    async with (await appliance.connect()).reading() as transaction:
        cut = Cut(after, wanted.limit, moment_of(given, "since"))
        events = await export_events(transaction, request[ACTOR], appliance.config.node, cut)
    text = "".join(f"{LINES[form](event)}\n" for event in events)
    last = events[-1].sequence if events else after
    return web.Response(text=text, content_type=_MEDIA_TYPES[form], headers={CURSOR_HEADER: str(last)})


def _format(name: str) -> Format:
    try:
        return Format(name)
    except ValueError:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"format is one of {', '.join(Format)}") from None
