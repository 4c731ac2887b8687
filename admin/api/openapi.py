"""GET /api/v1/openapi.json: the description of what exists (OpenAPI 3.1). A test holds it against the routes."""

from __future__ import annotations

from aiohttp import web

from admin.api.problem import MEDIA_TYPE
from resolver.sampling import Decided


def _query(name: str, description: str, *, required: bool = False) -> dict[str, object]:
    schema = {"type": "string", "maxLength": 2048}
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


def _json(description: str, schema: dict[str, object]) -> dict[str, object]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _text(description: str) -> dict[str, object]:
    return {"description": description, "content": {"text/plain": {"schema": {"type": "string"}}}}


def _problem(description: str) -> dict[str, object]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


def _ref(name: str) -> dict[str, object]:
    return {"$ref": f"#/components/schemas/{name}"}


_REFUSALS = {
    "401": _problem("No or a wrong token"),
    "403": _problem("Host or Origin is another site's"),
}

_LIST_ID: dict[str, object] = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The id of a list in the configuration",
    "schema": {"type": "string"},
}

_PATHS: dict[str, object] = {
    "/healthz": {
        "get": {"summary": "The process is alive", "security": [], "responses": {"200": _text("ok")}}
    },
    "/readyz": {
        "get": {
            "summary": "All processes serve the current generation and the lists that must be loaded are",
            "security": [],
            "responses": {
                "200": _json("Ready", _ref("Readiness")),
                "503": _json("Not ready", _ref("Readiness")),
            },
        }
    },
    "/metrics": {
        "get": {
            "summary": "Metrics in the text format of Prometheus",
            "security": [],
            "responses": {"200": _text("Metrics; all names begin with weir_")},
        }
    },
    "/api/v1/check": {
        "get": {
            "summary": "The verdict on a name for somebody, with every step to it",
            "parameters": [
                _query("name", "A name or URL; of a URL the host is decided", required=True),
                _query("subscriber", "The id of a subscriber; not together with address"),
                _query("address", "An IP address; neither it nor subscriber: somebody unknown"),
                _query("at", "RFC 3339 time (without a zone: UTC) or Unix seconds; default now"),
            ],
            "responses": {
                "200": _json("The verdict", _ref("CheckReport")),
                "400": _problem("The question is wrong"),
                "503": _problem("There is no published state to decide with"),
            }
            | _REFUSALS,
        }
    },
    "/api/v1/reload": {
        "post": {
            "summary": "Read the configuration again; a file with mistakes changes nothing",
            "responses": {
                "200": _json("Taken", {"type": "object", "properties": {"generation": {"type": "integer"}}}),
                "422": _problem("The file has mistakes, which `problems` lists"),
            }
            | _REFUSALS,
        }
    },
    "/api/v1/lists/{id}/entries": {
        "get": {
            "parameters": [_LIST_ID],
            "summary": "Single entries that were edited: what holds on top of the list's own text",
            "responses": {
                "200": _json("The edits", _ref("Edits")),
                "404": _problem("There is no such list"),
                "503": _problem("The edits cannot be read"),
            }
            | _REFUSALS,
        },
        "post": {
            "parameters": [_LIST_ID],
            "summary": "Add, remove or take back single entries, all or none; they hold for later versions too",
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _ref("EditRequest")}},
            },
            "responses": {
                "200": _json("Kept, and in force as far as `in_force` says", _ref("EditReport")),
                "400": _problem("The body is not as described"),
                "404": _problem("There is no such list"),
                "413": _problem("The body is too large"),
                "422": _problem("An entry is not taken; nothing was changed"),
                "503": _problem("The edits cannot be kept; nothing was changed"),
            }
            | _REFUSALS,
        },
    },
    "/api/v1/lists/{id}/hits": {
        "get": {
            "parameters": [_LIST_ID],
            "summary": "How often the list has spoken, by hour; numbers below the floor are null",
            "responses": {
                "200": _json("The hits", _ref("Hits")),
                "404": _problem("There is no such list"),
            }
            | _REFUSALS,
        }
    },
    "/api/v1/stats/queries": {
        "get": {
            "summary": "A sample of the queries answered lately, without who asked; empty unless it is switched on",
            "parameters": [
                {
                    "name": "seconds",
                    "in": "query",
                    "description": "How far back",
                    "schema": {"type": "integer", "minimum": 1, "maximum": 3600, "default": 60},
                }
            ],
            "responses": {
                "200": _json("The sample and its rate", _ref("QuerySample")),
                "400": _problem("The question is wrong"),
                "503": _problem("There is no published state, so categories have no names"),
            }
            | _REFUSALS,
        }
    },
    "/api/v1/openapi.json": {
        "get": {
            "summary": "This description",
            "responses": {"200": _json("OpenAPI 3.1", {"type": "object"})} | _REFUSALS,
        }
    },
}


def _array(of: str) -> dict[str, object]:
    return {"type": "array", "items": {"type": of}}


def _object(**properties: dict[str, object]) -> dict[str, object]:
    return {"type": "object", "properties": properties, "required": list(properties)}


_TEXT: dict[str, object] = {"type": "string"}
_COUNT: dict[str, object] = {"type": "integer"}
_MOMENT: dict[str, object] = {"type": "number", "description": "Unix seconds"}
_MAYBE_COUNT: dict[str, object] = {"type": ["integer", "null"]}
_MAYBE_TEXT: dict[str, object] = {"type": ["string", "null"]}

_ENTRIES: dict[str, object] = {
    "type": "array",
    "items": {
        "anyOf": [
            {"type": "string", "maxLength": 1024},
            {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "maxLength": 1024},
                    "scope": {"enum": ["host", "domain", "wildcard", "address", None]},
                },
                "required": ["name"],
                "additionalProperties": False,
            },
        ]
    },
}
_EDITS: dict[str, object] = {
    "type": "array",
    "items": _object(
        change={"type": "string", "enum": ["add", "remove"]},
        name=_TEXT,
        scope={"type": "string", "enum": ["host", "domain", "wildcard", "address"]},
    ),
}

_SCHEMAS = {
    "EditRequest": {
        "type": "object",
        "properties": {"add": _ENTRIES, "remove": _ENTRIES, "take_back": _ENTRIES},
        "additionalProperties": False,
        "description": "1 to 1,000 entries in all; a bare name has the scope of the list's own bare names",
    },
    "Edits": _object(list=_TEXT, edits=_EDITS),
    "EditReport": _object(list=_TEXT, in_force=_COUNT, compiling={"type": "boolean"}, edits=_EDITS),
    "Hits": _object(
        list=_TEXT,
        floor=_COUNT,
        hours={
            "type": "array",
            "items": _object(since=_COUNT, hits={"type": "object", "additionalProperties": _MAYBE_COUNT}),
        },
        shared_categories=_array("string"),
        recent={"type": "array", "items": _object(at=_COUNT, name=_TEXT, qtype=_COUNT, action=_TEXT)},
    ),
    "QuerySample": _object(
        sampling={"type": "string", "description": "`off`, or 1/N"},
        since=_MOMENT,
        note=_TEXT,
        queries={"type": "array", "items": {"$ref": "#/components/schemas/SampledQuery"}},
    ),
    "SampledQuery": _object(
        at={"type": "integer", "description": "Unix seconds"},
        transport={"type": "string", "enum": ["udp", "tcp"]},
        qtype=_COUNT,
        rcode=_MAYBE_COUNT,
        decided={"type": "string", "enum": [kind.name.lower().replace("_", "-") for kind in Decided]},
        category=_MAYBE_TEXT,
        within={"type": ["integer", "null"], "description": "Microseconds; null is more than 2 seconds"},
        name=_MAYBE_TEXT,
    ),
    "Problem": _object(type=_TEXT, title=_TEXT, status=_COUNT, detail=_TEXT)
    | {"description": "RFC 9457", "additionalProperties": True},
    "Readiness": _object(
        ready={"type": "boolean"},
        generation=_MAYBE_COUNT,
        problems=_array("string"),
        warnings=_array("string"),
        processes=_array("object"),
        lists=_array("object"),
        config={"type": "object"},
    ),
    "CheckReport": _object(
        asked=_TEXT,
        name=_TEXT,
        subscriber=_TEXT,
        profile=_TEXT,
        address=_TEXT,
        at=_MOMENT,
        generation=_COUNT,
        action={"type": "string", "enum": ["allow", "block", "rewrite", "steer", "refuse"]},
        reason=_TEXT,
        step=_MAYBE_COUNT,
        summary=_TEXT,
        answer=_TEXT,
        ede=_MAYBE_COUNT,
        http_status=_MAYBE_COUNT,
        category=_TEXT,
        lists=_array("string"),
        steps=_array("object"),
        notes=_array("string"),
        zones=_array("object"),
    ),
}

DESCRIPTION: dict[str, object] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Weir admin API",
        "version": "1",
        "summary": "Health, metrics and questions of one filtering DNS appliance",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    },
    "paths": _PATHS,
    "components": {
        "schemas": _SCHEMAS,
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer", "description": "admin.token_file, if set"}
        },
    },
    "security": [{"token": []}, {}],
}
"""The whole description; plain values only."""


async def get_openapi(_request: web.Request) -> web.Response:
    """The description."""
    return web.json_response(DESCRIPTION)
