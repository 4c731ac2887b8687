"""The application: routes in one table, the guard before them, one shape of errors behind them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aiohttp import web

from admin.api import (
    audit,
    audit_export,
    audit_private,
    categories,
    certification,
    challenges,
    list_texts,
    lists,
    log_actions,
    openings,
    profiles,
    selftest,
    subscribers,
    tokens,
)
from admin.api.appliance import Appliance
from admin.api.archive import Seats
from admin.api.asking import post_ask
from admin.api.authentication import (
    NEEDS_TOKEN,
    Find,
    Gate,
    Refused,
    UnauthenticatedError,
    unauthenticated,
)
from admin.api.checks import get_check
from admin.api.entries import get_entries, post_entries
from admin.api.failures import LARGEST_REQUEST, problem_of
from admin.api.guard import API, Asked, refusal
from admin.api.health import healthz, readyz
from admin.api.hits import get_hits
from admin.api.keys import ACTOR, APPLIANCE, ASK_LIMITS, GATE, LOG_READERS, SEATS, TEXTS_TURN, TRAFFIC
from admin.api.lists_actions import (
    post_erase,
    post_release,
    post_resume,
    post_rollback,
    post_suspend,
    post_sync,
)
from admin.api.lists_history import get_difference, get_review, get_since
from admin.api.lists_inspect import get_held, post_preview
from admin.api.lists_status import get_list_status, get_lists_status, get_versions
from admin.api.log_files import PATH as LOG_FILES
from admin.api.log_files import close_readers, get_log, get_log_file
from admin.api.log_readers import LogReaders
from admin.api.metrics import get_metrics
from admin.api.openapi import get_openapi
from admin.api.problem import respond
from admin.api.queries import get_queries
from admin.api.reloads import post_reload
from admin.api.resource_paths import Described
from admin.api.resources import Resource
from admin.api.traffic import Traffic
from admin.services.actors import Actor, ActorKind, Permission, require
from admin.services.asking import AskLimits
from admin.services.tokens import authenticate, note_use
from admin.store.errors import StoreError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Route = tuple[str, str, Handler, Permission | None]
"""Method, path, handler, and what whoever asks must be good for; None asks nothing more of those who were let in."""


def _routes(resource: Resource[Any], described: Described) -> tuple[Route, ...]:
    """Those of lists, categories, profiles and subscribers."""
    item, read, write = f"{resource.path}/{{id}}", described.read, described.write
    return (
        ("GET", resource.path, resource.index, read),
        ("POST", resource.path, resource.post, write),
        ("GET", item, resource.get, read),
        ("PUT", item, resource.put, write),
        ("PATCH", item, resource.patch, write),
        ("DELETE", item, resource.delete, write),
    )


ROUTES: tuple[Route, ...] = (
    ("GET", "/healthz", healthz, None),
    ("GET", "/readyz", readyz, None),
    ("GET", "/metrics", get_metrics, None),
    ("GET", "/api/v1/check", get_check, Permission.CHECK),
    ("POST", "/api/v1/reload", post_reload, Permission.CONFIG_RELOAD),
    *_routes(lists.RESOURCE, lists.DESCRIBED),
    ("GET", "/api/v1/lists/{id}/entries", get_entries, Permission.LISTS_READ),
    ("POST", "/api/v1/lists/{id}/entries", post_entries, Permission.LISTS_WRITE),
    ("GET", "/api/v1/lists/{id}/hits", get_hits, Permission.LISTS_READ),
    ("POST", "/api/v1/lists/{id}/ask", post_ask, Permission.LISTS_SECRET),
    ("GET", "/api/v1/lists/{id}/status", get_list_status, Permission.LISTS_READ),
    ("GET", "/api/v1/lists/{id}/versions", get_versions, Permission.LISTS_READ),
    ("GET", "/api/v1/lists/{id}/diff", get_difference, Permission.LISTS_READ),
    ("GET", "/api/v1/lists/{id}/review", get_review, Permission.LISTS_READ),
    ("GET", "/api/v1/lists/{id}/since", get_since, Permission.LISTS_READ),
    ("GET", "/api/v1/lists/{id}/held", get_held, Permission.LISTS_READ),
    ("POST", "/api/v1/lists/{id}/preview", post_preview, Permission.LISTS_WRITE),
    ("POST", "/api/v1/lists/{id}/sync", post_sync, Permission.LISTS_WRITE),
    ("POST", "/api/v1/lists/{id}/suspend", post_suspend, Permission.LISTS_WRITE),
    ("POST", "/api/v1/lists/{id}/resume", post_resume, Permission.LISTS_WRITE),
    ("POST", "/api/v1/lists/{id}/rollback", post_rollback, Permission.LISTS_WRITE),
    ("POST", "/api/v1/lists/{id}/release", post_release, Permission.LISTS_RELEASE),
    ("GET", selftest.PATH, selftest.get_selftest, Permission.LISTS_READ),
    ("POST", selftest.PATH, selftest.post_selftest, Permission.LISTS_WRITE),
    ("GET", certification.PATH, certification.get_certification, Permission.LISTS_READ),
    ("POST", "/api/v1/lists/{id}/erase", post_erase, Permission.LISTS_ERASE),
    ("GET", "/api/v1/stats/lists", get_lists_status, Permission.LISTS_READ),
    *_routes(categories.RESOURCE, categories.DESCRIBED),
    *_routes(profiles.RESOURCE, profiles.DESCRIBED),
    *_routes(subscribers.RESOURCE, subscribers.DESCRIBED),
    ("GET", "/api/v1/subscribers/{id}/identities", subscribers.IDENTITIES.get, Permission.SUBSCRIBERS_READ),
    ("PUT", "/api/v1/subscribers/{id}/identities", subscribers.IDENTITIES.put, Permission.SUBSCRIBERS_WRITE),
    ("GET", "/api/v1/subscribers/{id}/rules", subscribers.RULES.get, Permission.SUBSCRIBERS_READ),
    ("PUT", "/api/v1/subscribers/{id}/rules", subscribers.RULES.put, Permission.SUBSCRIBERS_WRITE),
    ("GET", "/api/v1/tokens", tokens.index, Permission.TOKENS_READ),
    ("POST", "/api/v1/tokens", tokens.post, Permission.TOKENS_WRITE),
    ("GET", "/api/v1/tokens/{id}", tokens.get, Permission.TOKENS_READ),
    ("DELETE", "/api/v1/tokens/{id}", tokens.delete, Permission.TOKENS_WRITE),
    ("GET", "/api/v1/audit", audit.get_audit, Permission.AUDIT_READ),
    ("GET", list_texts.PATH, list_texts.get_text, Permission.LISTS_READ),
    ("GET", list_texts.PROTECTED, list_texts.get_protected, Permission.LISTS_READ),
    ("GET", audit_export.PATH, audit_export.get_export, Permission.AUDIT_READ),
    ("GET", audit_private.PRIVATE, audit_private.get_private, Permission.AUDIT_PRIVATE),
    ("POST", audit_private.ERASURES, audit_private.post_erasures, Permission.AUDIT_ERASE),
    ("GET", log_actions.LOG, log_actions.get_log, Permission.AUDIT_READ),
    ("POST", f"{log_actions.LOG}/rotate-key", log_actions.post_rotate, Permission.AUDIT_KEYS),
    ("POST", f"{log_actions.LOG}/retire-key", log_actions.post_retire, Permission.AUDIT_KEYS),
    ("POST", f"{log_actions.LOG}/close", log_actions.post_close, Permission.AUDIT_KEYS),
    ("POST", f"{log_actions.LOG}/confirm-clock", log_actions.post_confirm_clock, Permission.AUDIT_KEYS),
    ("POST", f"{log_actions.LOG}/adopt", log_actions.post_adopt, Permission.AUDIT_KEYS),
    ("GET", openings.PATH, openings.index, Permission.AUDIT_OPEN),
    ("POST", openings.PATH, openings.post, Permission.AUDIT_OPEN),
    ("GET", openings.ONE, openings.get, Permission.AUDIT_OPEN),
    ("DELETE", openings.ONE, openings.delete, Permission.AUDIT_OPEN),
    ("POST", openings.AGREE, openings.post_approve, Permission.AUDIT_OPEN),
    ("GET", openings.TEXT_PATH, openings.get_text, Permission.AUDIT_OPEN),
    ("POST", challenges.PATH, challenges.post_challenge, Permission.AUDIT_OPEN),
    ("GET", "/api/v1/stats/queries", get_queries, Permission.STATS),
    ("GET", "/api/v1/openapi.json", get_openapi, None),
)

FOR_ANYBODY = frozenset(
    {
        "/api/v1/check",
        "/api/v1/lists",
        "/api/v1/lists/{id}",
        "/api/v1/lists/{id}/status",
        "/api/v1/lists/{id}/versions",
        "/api/v1/categories",
        "/api/v1/categories/{id}",
        "/api/v1/profiles",
        "/api/v1/profiles/{id}",
        "/api/v1/stats/lists",
        "/api/v1/stats/queries",
        "/api/v1/openapi.json",
    }
)
"""What may be read on this box without a credential: neither people nor entries are in it."""

_STATE = "{state:[0-9a-f]{64}}"
"""Anything else in its place is another path: ``…/openings/{id}/approve`` is no state called approve."""

_POLICY = "Content-Security-Policy"
HEADERS = {
    "Cache-Control": "no-store",
    _POLICY: "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "weir",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_MAY_DIFFER = (_POLICY, "Cache-Control", "Cross-Origin-Resource-Policy")
"""What a page with a style sheet of its own says otherwise, and what is for everybody."""


def make_app(
    appliance: Appliance,
    clock: Callable[[], float] = time.monotonic,
    *,
    public_log: log_actions.LogActions | None = None,
) -> web.Application:
    """The application for one appliance. ``clock``: seconds, never set back."""
    app = web.Application(middlewares=[_count, _errors, _guard], client_max_size=LARGEST_REQUEST)
    app[APPLIANCE] = appliance
    app[TRAFFIC] = Traffic()
    app[GATE] = Gate(clock)
    app[ASK_LIMITS] = AskLimits()
    if public_log is not None:
        app[log_actions.PUBLIC_LOG] = public_log
    app[SEATS] = Seats()
    app[TEXTS_TURN] = asyncio.Lock()
    app[LOG_READERS] = LogReaders(clock)
    app.on_response_prepare.append(_add_headers)
    app.on_cleanup.append(close_readers)
    app.router.add_get("/log", get_log)
    app.router.add_get(LOG_FILES, get_log_file)
    for method, path, handler, scope in ROUTES:
        guarded, pattern = _guarded(path, handler, scope), path.replace("{state}", _STATE)
        app.router.add_route(method, pattern, guarded)
        if method == "GET":
            app.router.add_route("HEAD", pattern, guarded)
    return app


def _guarded(path: str, handler: Handler, scope: Permission | None) -> Handler:
    """Ask for the scope before anything of the request is looked at; what it would do stays unknown without it."""
    if scope is None:
        return handler

    async def guarded(request: web.Request) -> web.StreamResponse:
        actor = request[ACTOR]
        if actor.kind is ActorKind.ANONYMOUS and path not in FOR_ANYBODY:
            raise unauthenticated(Refused.NOTHING_SENT, NEEDS_TOKEN)
        require(actor, scope)
        return await handler(request)

    return guarded


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    own = {name: response.headers[name] for name in _MAY_DIFFER if name in response.headers}
    response.headers.update(HEADERS | own)


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
        database = await appliance.connect()
        known = await database.look(partial(authenticate, text, at))
        if known is not None and known.is_use_due:
            # Who may read is let in also while nothing can be written.
            with contextlib.suppress(StoreError):
                async with database.transaction() as transaction:
                    await note_use(transaction, known.actor.id, at)
        return None if known is None else known.actor

    return find
