"""GET /api/v1/openapi.json: the description of what exists (OpenAPI 3.1). A test holds it against the running server.

Collected here and nowhere written twice: paths from the modules of the handlers, schemas of bodies from the models that
check them. A new part of the API adds its ``PATHS``, ``SCHEMAS`` and models to the tables below.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from admin.api import (
    asking,
    audit,
    audit_export,
    audit_private,
    categories,
    certification,
    challenges,
    checks,
    entries,
    health,
    hits,
    list_texts,
    lists,
    lists_actions,
    lists_history,
    lists_inspect,
    lists_status,
    log_actions,
    metrics,
    openings,
    profiles,
    queries,
    reloads,
    selftest,
    subscribers,
    tokens,
)
from admin.api.changes import WAITS_HEADER
from admin.api.describing import COUNT, TEXT, Paths, Schema, array, exactly, json, operation
from admin.api.resource_paths import Described
from admin.api.schemas import schemas_of
from admin.config.lists import ListConfig
from admin.config.people import SubscriberConfig

_OWN: Paths = {
    "/api/v1/openapi.json": {
        "get": operation("This description", {"200": json("OpenAPI 3.1", {"type": "object"})}, anonymous=True)
    }
}
_PATHS: tuple[Paths, ...] = (
    health.PATHS,
    metrics.PATHS,
    checks.PATHS,
    reloads.PATHS,
    lists_status.PATHS,
    lists_actions.PATHS,
    lists_history.PATHS,
    lists_inspect.PATHS,
    list_texts.PATHS,
    entries.PATHS,
    hits.PATHS,
    selftest.PATHS,
    certification.PATHS,
    asking.PATHS,
    queries.PATHS,
    subscribers.PATHS,
    tokens.PATHS,
    audit.PATHS,
    audit_export.PATHS,
    audit_private.PATHS,
    log_actions.PATHS,
    openings.PATHS,
    challenges.PATHS,
    _OWN,
)
_SCHEMAS: tuple[dict[str, Schema], ...] = (
    health.SCHEMAS,
    checks.SCHEMAS,
    lists_status.SCHEMAS,
    lists_actions.SCHEMAS,
    lists_history.SCHEMAS,
    lists_inspect.SCHEMAS,
    entries.SCHEMAS,
    hits.SCHEMAS,
    asking.SCHEMAS,
    selftest.SCHEMAS,
    certification.SCHEMAS,
    queries.SCHEMAS,
    tokens.SCHEMAS,
    audit.SCHEMAS,
    audit_private.SCHEMAS,
    log_actions.SCHEMAS,
    openings.SCHEMAS,
    challenges.SCHEMAS,
)
_MODELS: tuple[type[BaseModel], ...] = (
    *lists_actions.MODELS,
    *asking.MODELS,
    *audit_private.MODELS,
    *log_actions.MODELS,
    *openings.MODELS,
    *challenges.MODELS,
    *lists_inspect.MODELS,
    entries.EntryEdits,
    tokens.NewToken,
    subscribers.Identities,
    subscribers.Rules,
)
_RESOURCES: tuple[tuple[Described, type[BaseModel]], ...] = (
    (lists.DESCRIBED, ListConfig),
    (categories.DESCRIBED, categories.Category),
    (profiles.DESCRIBED, profiles.Profile),
    (subscribers.DESCRIBED, SubscriberConfig),
)

_PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457",
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": COUNT,
        "detail": TEXT,
        "errors": array(exactly(pointer=TEXT | {"description": "RFC 6901"}, detail=TEXT)),
        "problems": array(TEXT),
    },
    "required": ["type", "title", "status", "detail"],
}
_HEADERS = {
    "ETag": {"description": "Tags this state; send it back in If-Match", "schema": TEXT},
    "Location": {"description": "Where it is", "schema": TEXT},
    "Weir-Generation": {
        "description": "The published state with which the change is in force",
        "schema": TEXT,
    },
    WAITS_HEADER: {
        "description": "Why the change is kept and not in force yet, and what to do; percent-encoded UTF-8",
        "schema": TEXT,
    },
}
_SECURITY = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token that `weir tokens create` made, or that of admin.token_file. Where none is needed too, "
        "that holds for clients on this box, unless admin.token_file is set.",
    }
}


@cache
def description() -> dict[str, Any]:
    """The whole description; plain values only. Made when somebody first asks: no start waits for it."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Weir admin API",
            "version": "1",
            "summary": "Lists, people, questions and health of one filtering DNS appliance",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": _paths(),
        "components": {"schemas": _schemas(), "headers": _HEADERS, "securitySchemes": _SECURITY},
    }


async def get_openapi(_request: web.Request) -> web.Response:
    """The description."""
    # A quarter of a second of work, once.
    return web.json_response(await asyncio.to_thread(description))


def _paths() -> dict[str, Any]:
    described = [*_PATHS, *(resource.paths() for resource, _ in _RESOURCES)]
    return {path: item for paths in described for path, item in paths.items()}


def _schemas() -> dict[str, Schema]:
    found = schemas_of([*_MODELS, *(model for _, model in _RESOURCES)])
    for resource, model in _RESOURCES:
        found |= resource.schemas(found.pop(model.__name__))
    for schemas in _SCHEMAS:
        found |= schemas
    return found | {"Problem": _PROBLEM}
