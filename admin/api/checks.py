"""GET /api/v1/check: the verdict on a name for somebody, with every step to it. Nothing of a question is kept."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from admin.api.keys import APPLIANCE
from admin.api.problem import ProblemError
from admin.services.check import check
from admin.services.moment import parse_moment
from admin.services.subject import QuestionError
from admin.services.who import UndecidableError
from blocklists.snapshot.native import SnapshotError
from resolver.tables.store import TablesError

PARAMETERS = ("name", "subscriber", "address", "at")
_LONGEST = 2_048
"""Characters of a parameter: a URL that any browser would take."""


async def get_check(request: web.Request) -> web.Response:
    """``name`` (a name or URL), ``subscriber`` or ``address``, and ``at`` (RFC 3339, without a zone in UTC, or Unix
    seconds; default now).
    """
    given = _parameters(request)
    if "name" not in given:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, "name is missing: /api/v1/check?name=bets.example&address=192.0.2.17"
        )
    appliance = request.app[APPLIANCE]
    try:
        # a bare plus in a query string arrives as a blank
        now = parse_moment(given["at"].replace(" ", "+")) if "at" in given else appliance.now()
        view = await appliance.view()
        report = check(
            view,
            given["name"],
            config=appliance.config,
            subscriber=given.get("subscriber"),
            address=given.get("address"),
            now=now,
        )
    except QuestionError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, str(error)) from error
    except (UndecidableError, TablesError, SnapshotError) as error:
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from error
    return web.json_response(report.as_dict())


def _parameters(request: web.Request) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name not in PARAMETERS:
            raise ProblemError(
                HTTPStatus.BAD_REQUEST, f"there is no parameter {name[:40]!r}; known: {', '.join(PARAMETERS)}"
            )
        if name in given:
            raise ProblemError(HTTPStatus.BAD_REQUEST, f"{name} is given twice")
        if len(value) > _LONGEST:
            raise ProblemError(HTTPStatus.BAD_REQUEST, f"{name} is longer than {_LONGEST} characters")
        given[name] = value
    return given
