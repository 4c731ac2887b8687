"""Errors as RFC 9457 problem details: one shape for every error, so that clients need one way to read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from aiohttp import web

MEDIA_TYPE = "application/problem+json"

Key = str | int


class ProblemError(Exception):
    """An answer other than success: a status and, in words for the person who reads it, what to do."""

    def __init__(
        self, status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None, **more: object
    ) -> None:
        """``headers`` go with the answer; ``more`` are extension members (RFC 9457 section 3.2)."""
        super().__init__(detail)
        self.status, self.detail, self.more = status, detail, more
        self.headers = dict(headers or {})


def respond(error: ProblemError) -> web.Response:
    """The problem as a response."""
    body = {
        "type": "about:blank",
        "title": error.status.phrase,
        "status": int(error.status),
        "detail": error.detail,
    }
    return web.json_response(
        body | error.more, status=error.status, headers=error.headers, content_type=MEDIA_TYPE
    )


def invalid(faults: Iterable[tuple[tuple[Key, ...], str]]) -> ProblemError:
    """422 for a body whose JSON is sound and whose values are not: ``errors`` says where (RFC 6901) and what."""
    errors = [{"pointer": pointer(path), "detail": detail} for path, detail in faults]
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY, "Nothing was changed: `errors` says what to mend", errors=errors
    )


def pointer(path: Iterable[Key]) -> str:
    """A path as a JSON pointer in a URI fragment-free form (RFC 6901 section 5)."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in path)
