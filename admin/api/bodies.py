"""Bodies of requests: bytes to checked sections, with the words of the configuration for whatever is wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from admin.api.problem import ProblemError, invalid
from admin.config.explain import faults_of

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
SLOWEST = 10.0
"""Seconds that a body may take to arrive; 512 KiB over a telephone's worst link take half."""

_M = TypeVar("_M", bound=BaseModel)


async def read_object(request: web.Request, *media_types: str) -> dict[str, Any]:
    """The JSON object in the body. 408, 413, 415 and 400 as ProblemError or aiohttp's own."""
    if request.content_type not in (media_types or (JSON,)):
        wanted = " or ".join(media_types or (JSON,))
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send the body as {wanted}")
    try:
        async with asyncio.timeout(SLOWEST):
            body = await request.read()
    except TimeoutError:
        raise ProblemError(
            HTTPStatus.REQUEST_TIMEOUT,
            f"The body did not come within {SLOWEST:.0f} seconds",
            headers={"Connection": "close"},
        ) from None
    return parse_object(body)


def parse_object(body: bytes) -> dict[str, Any]:
    """A JSON object (RFC 8259, UTF-8) without repeated names; 400 as ProblemError."""
    try:
        from_json(body, allow_inf_nan=False)  # bounds depth and digits, and refuses lone surrogates
        value = json.loads(body, object_pairs_hook=_unique)
    except ValueError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"The body is no JSON that can be read: {error}") from None
    if not isinstance(value, dict):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "The body must be a JSON object: {…}")
    return value


def checked(model: type[_M], value: Mapping[str, object]) -> _M:
    """The value as the model has it; 422 with every fault."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = faults_of(error, (), model)
        raise invalid((fault.path, fault.message) for fault in faults) from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        _repeated([name for name, _ in pairs])
    return found


def _repeated(names: list[str]) -> NoReturn:
    name = next(name for name in names if names.count(name) > 1)
    raise ValueError(f"the name {name[:40]!r} stands twice in one object")
