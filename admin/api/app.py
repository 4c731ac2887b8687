"""The application: routes in one table, the guard before them, one shape of errors behind them."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from admin.api.appliance import Appliance
from admin.api.checks import get_check
from admin.api.entries import get_entries, post_entries
from admin.api.guard import Asked, refusal
from admin.api.health import healthz, readyz
from admin.api.hits import get_hits
from admin.api.keys import APPLIANCE
from admin.api.metrics import get_metrics
from admin.api.openapi import get_openapi
from admin.api.problem import ProblemError, respond
from admin.api.queries import get_queries
from admin.api.reloads import post_reload
from resolver.runtime.logs import get_logger

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/healthz", healthz),
    ("GET", "/readyz", readyz),
    ("GET", "/metrics", get_metrics),
    ("GET", "/api/v1/check", get_check),
    ("POST", "/api/v1/reload", post_reload),
    ("GET", "/api/v1/lists/{id}/entries", get_entries),
    ("POST", "/api/v1/lists/{id}/entries", post_entries),
    ("GET", "/api/v1/lists/{id}/hits", get_hits),
    ("GET", "/api/v1/stats/queries", get_queries),
    ("GET", "/api/v1/openapi.json", get_openapi),
)

LARGEST_REQUEST = 512 * 1024
"""Bytes of a request's body: a thousand edits of the longest names."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "weir",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_log = get_logger("weir.api")


def make_app(appliance: Appliance) -> web.Application:
    """The application for one appliance."""
    app = web.Application(middlewares=[_errors, _guard], client_max_size=LARGEST_REQUEST)
    app[APPLIANCE] = appliance
    app.on_response_prepare.append(_add_headers)
    for method, path, handler in ROUTES:
        app.router.add_route(method, path, handler)
        if method == "GET":
            app.router.add_route("HEAD", path, handler)
    return app


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    appliance = request.app[APPLIANCE]
    asked = Asked(request.method, request.path, request.headers)
    if (problem := refusal(asked, node=appliance.config.node, token=appliance.token)) is not None:
        raise problem
    return await handler(request)


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ProblemError as problem:
        headers = {"WWW-Authenticate": "Bearer"} if problem.status is HTTPStatus.UNAUTHORIZED else None
        return respond(problem, headers)
    except web.HTTPException as error:
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return respond(ProblemError(HTTPStatus(error.status), _words(error)), headers)
    except Exception as error:
        # Type and place only: a message or a traceback may quote what was asked.
        _log.error("a request failed", error=type(error).__name__, where=_place(error))
        return respond(
            ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "This is a fault of Weir; its log says more")
        )


def _words(error: web.HTTPException) -> str:
    match error.status:
        case HTTPStatus.NOT_FOUND:
            return "There is nothing at this address; /api/v1/openapi.json lists what there is"
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return f"A request has {LARGEST_REQUEST:,} bytes at most; send it in parts"
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return f"Allowed here: {error.headers['Allow']}"
        case _:
            return error.reason


def _place(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"
