"""The application: routes in one table, the guard before them, one shape of errors behind them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from admin.api import audit, categories, lists, profiles, subscribers, tokens
from admin.api.appliance import Appliance
from admin.api.authentication import Find, Gate, UnauthenticatedError
from admin.api.checks import get_check
from admin.api.entries import get_entries, post_entries
from admin.api.failures import LARGEST_REQUEST, problem_of
from admin.api.guard import API, Asked, refusal
from admin.api.health import healthz, readyz
from admin.api.keys import ACTOR, APPLIANCE, GATE, TRAFFIC
from admin.api.lists_actions import (
    post_release,
    post_resume,
    post_rollback,
    post_suspend,
    post_sync,
)
from admin.api.lists_inspect import get_held, post_preview
from admin.api.lists_status import get_list_status, get_lists_status, get_versions
from admin.api.metrics import get_metrics
from admin.api.openapi import get_openapi
from admin.api.problem import respond
from admin.api.queries import get_queries
from admin.api.reloads import post_reload
from admin.api.resources import Resource
from admin.api.traffic import Traffic
from admin.services.actors import Actor, ActorKind
from admin.services.tokens import authenticate, note_use

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Route = tuple[str, str, Handler]


def _routes(resource: Resource[Any]) -> tuple[Route, ...]:
    """Those of lists, categories, profiles and subscribers."""
    item = f"{resource.path}/{{id}}"
    return (
        ("GET", resource.path, resource.index),
        ("POST", resource.path, resource.post),
        ("GET", item, resource.get),
        ("PUT", item, resource.put),
        ("PATCH", item, resource.patch),
        ("DELETE", item, resource.delete),
    )


ROUTES: tuple[Route, ...] = (
    ("GET", "/healthz", healthz),
    ("GET", "/readyz", readyz),
    ("GET", "/metrics", get_metrics),
    ("GET", "/api/v1/check", get_check),
    ("POST", "/api/v1/reload", post_reload),
    *_routes(lists.RESOURCE),
    ("GET", "/api/v1/lists/{id}/entries", get_entries),
    ("POST", "/api/v1/lists/{id}/entries", post_entries),
    ("GET", "/api/v1/lists/{id}/status", get_list_status),
    ("GET", "/api/v1/lists/{id}/versions", get_versions),
    ("GET", "/api/v1/lists/{id}/held", get_held),
    ("POST", "/api/v1/lists/{id}/preview", post_preview),
    ("POST", "/api/v1/lists/{id}/sync", post_sync),
    ("POST", "/api/v1/lists/{id}/suspend", post_suspend),
    ("POST", "/api/v1/lists/{id}/resume", post_resume),
    ("POST", "/api/v1/lists/{id}/rollback", post_rollback),
    ("POST", "/api/v1/lists/{id}/release", post_release),
    ("GET", "/api/v1/stats/lists", get_lists_status),
    *_routes(categories.RESOURCE),
    *_routes(profiles.RESOURCE),
    *_routes(subscribers.RESOURCE),
    ("GET", "/api/v1/subscribers/{id}/identities", subscribers.IDENTITIES.get),
    ("PUT", "/api/v1/subscribers/{id}/identities", subscribers.IDENTITIES.put),
    ("GET", "/api/v1/subscribers/{id}/rules", subscribers.RULES.get),
    ("PUT", "/api/v1/subscribers/{id}/rules", subscribers.RULES.put),
    ("GET", "/api/v1/tokens", tokens.index),
    ("POST", "/api/v1/tokens", tokens.post),
    ("GET", "/api/v1/tokens/{id}", tokens.get),
    ("DELETE", "/api/v1/tokens/{id}", tokens.delete),
    ("GET", "/api/v1/audit", audit.get_audit),
    ("GET", "/api/v1/stats/queries", get_queries),
    ("GET", "/api/v1/openapi.json", get_openapi),
)

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "weir",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def make_app(appliance: Appliance, clock: Callable[[], float] = time.monotonic) -> web.Application:
    """The application for one appliance. ``clock``: seconds, never set back."""
    app = web.Application(middlewares=[_count, _errors, _guard], client_max_size=LARGEST_REQUEST)
    app[APPLIANCE] = appliance
    app[TRAFFIC] = Traffic()
    app[GATE] = Gate(clock)
    app.on_response_prepare.append(_add_headers)
    for method, path, handler in ROUTES:
        app.router.add_route(method, path, handler)
        if method == "GET":
            app.router.add_route("HEAD", path, handler)
    return app


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


@web.middleware
async def _count(request: web.Request, handler: Handler) -> web.StreamResponse:
    response = await handler(request)
    resource = request.match_info.route.resource
    request.app[TRAFFIC].answered(resource.canonical if resource else None, response.status)
    return response


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Exception as error:
        actor = request.get(ACTOR)
        problem = problem_of(error, anonymous=actor is not None and actor.kind is ActorKind.ANONYMOUS)
        if isinstance(problem, UnauthenticatedError):
            request.app[TRAFFIC].refused(problem.reason)
        return respond(problem)


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    appliance = request.app[APPLIANCE]
    asked = Asked(request.method, request.path, request.headers, request.remote or "")
    if (problem := refusal(asked, node=appliance.config.node)) is not None:
        raise problem
    if request.path.startswith(API):
        request[ACTOR] = await request.app[GATE].actor(asked, appliance.keys, _finder(appliance))
    return await handler(request)


def _finder(appliance: Appliance) -> Find:
    async def find(text: str) -> Actor | None:
        at = appliance.now()
        async with appliance.database.reading() as transaction:
            known = await authenticate(transaction, text, at)
        if known is not None and known.is_use_due:
            async with appliance.database.transaction() as transaction:
                await note_use(transaction, known.actor.id, at)
        return None if known is None else known.actor

    return find
