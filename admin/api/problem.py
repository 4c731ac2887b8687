"""Errors as RFC 9457 problem details: one shape for every error, so that clients need one way to read them."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

MEDIA_TYPE = "application/problem+json"


class ProblemError(Exception):
    """An answer other than success: a status and, in words for the person who reads it, what to do."""

    def __init__(self, status: HTTPStatus, detail: str, **more: object) -> None:
        """``more`` are extension members (RFC 9457 section 3.2)."""
        super().__init__(detail)
        self.status, self.detail, self.more = status, detail, more


def respond(error: ProblemError, headers: dict[str, str] | None = None) -> web.Response:
    """The problem as a response."""
    body = {
        "type": "about:blank",
        "title": error.status.phrase,
        "status": int(error.status),
        "detail": error.detail,
    }
    return web.json_response(body | error.more, status=error.status, headers=headers, content_type=MEDIA_TYPE)
