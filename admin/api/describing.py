"""What the description of the API (OpenAPI 3.1) is written with: small functions that give plain values. Pure.

Each module of handlers says in ``PATHS`` what its routes take and give, next to the code that makes it so. Schemas of
bodies are those of the pydantic models, by name (``ref``); ``admin.api.openapi`` collects both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from admin.api.problem import MEDIA_TYPE
from admin.services.actors import Permission

Schema = dict[str, Any]
Paths = Mapping[str, Mapping[str, Any]]
"""From a path and a method in small letters to its description."""

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "number", "description": "Unix seconds"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
MAYBE_COUNT: Schema = {"type": ["integer", "null"]}
MAYBE_MOMENT: Schema = {"type": ["number", "null"], "description": "Unix seconds"}

_TOKEN = "token"


def ref(of: type[BaseModel] | str) -> Schema:
    """The schema of a model, or one of ``SCHEMAS`` by name."""
    return {"$ref": f"#/components/schemas/{of if isinstance(of, str) else of.__name__}"}


def array(of: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": of}


def exactly(**properties: Schema) -> Schema:
    """An object with all of these members and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def maybe(of: Schema) -> Schema:
    """One of these, or null."""
    return {"anyOf": [of, {"type": "null"}]}


def words(*known: str) -> Schema:
    """One of these texts."""
    return {"type": "string", "enum": list(known)}


def query(name: str, description: str, schema: Schema | None = None, *, required: bool = False) -> Schema:
    """A parameter of the query."""
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": description,
        "schema": schema or {"type": "string", "maxLength": 2_048},
    }


def in_path(name: str, description: str) -> Schema:
    """A parameter of the path."""
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def json(description: str, schema: Schema, *headers: str) -> Schema:
    """An answer with a body of JSON; ``headers`` are names of components."""
    answer: Schema = {"description": description, "content": {"application/json": {"schema": schema}}}
    return answer | ({"headers": {name: header_ref(name) for name in headers}} if headers else {})


def empty(description: str, *headers: str) -> Schema:
    """An answer without a body."""
    return {"description": description} | (
        {"headers": {name: header_ref(name) for name in headers}} if headers else {}
    )


def plain_text(description: str) -> Schema:
    """An answer of plain text."""
    return {"description": description, "content": {"text/plain": {"schema": TEXT}}}


def problem(description: str) -> Schema:
    """An error (RFC 9457)."""
    return {"description": description, "content": {MEDIA_TYPE: {"schema": ref("Problem")}}}


def header_ref(name: str) -> Schema:
    """A header of an answer, described once for all."""
    return {"$ref": f"#/components/headers/{name}"}


def body(schema: Schema, *media_types: str) -> Schema:
    """The body of a request."""
    content = {media_type: {"schema": schema} for media_type in media_types or ("application/json",)}
    return {"required": True, "content": content}


BODY_ERRORS: Mapping[str, Schema] = {
    "408": problem("The body came too slowly"),
    "413": problem("The body is too large"),
    "415": problem("The body is of another media type"),
    "422": problem("The body is sound JSON with wrong values; `errors` says where and what"),
}
"""What can be wrong with a body, whatever it is for."""


def operation(
    summary: str,
    answers: Mapping[str, Schema],
    *,
    scope: Permission | None = None,
    anonymous: bool = False,
    parameters: tuple[Schema, ...] = (),
    request: Schema | None = None,
) -> Schema:
    """One operation. ``scope`` is what a token needs; ``anonymous``: this box may ask without one."""
    described: Schema = {"summary": summary, "parameters": list(parameters)}
    errors: dict[str, Schema] = {"400": problem("The request is not as described")}
    if request is not None:
        described["requestBody"] = request
        errors |= BODY_ERRORS
    if scope is None and not anonymous:
        described["security"] = []
        errors["403"] = problem("Host is another site's")
    else:
        described["security"] = [{_TOKEN: []}, {}] if anonymous else [{_TOKEN: []}]
        errors |= _refusals(scope)
    described["responses"] = errors | dict(answers)
    return described


def _refusals(scope: Permission | None) -> dict[str, Schema]:
    needed = f"The token lacks the scope {scope}, or" if scope else "Host or"
    return {
        "401": problem("No token, or one that is unknown, expired or revoked"),
        "403": problem(f"{needed} Host or Origin is another site's"),
        "429": problem("Too many wrong tokens came from this address"),
        "503": problem("The database or the published state cannot be used now"),
    }
