"""From what went wrong to a problem in words: errors of use cases, of aiohttp, and faults of Weir itself."""

from __future__ import annotations

import re
import traceback
from http import HTTPStatus

from aiohttp import web

from admin.api.authentication import NEEDS_TOKEN, Refused, unauthenticated
from admin.api.problem import Key, ProblemError, invalid
from admin.services.actors import DeniedError
from admin.services.errors import ConflictError, InvalidError, NotFoundError, RevisionError
from admin.store.errors import StoreError
from resolver.runtime.logs import get_logger

LARGEST_REQUEST = 512 * 1024
"""Bytes of a request's body: a thousand edits of the longest names."""

_log = get_logger("weir.api")
_PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def problem_of(error: Exception, *, anonymous: bool = False) -> ProblemError:
    """The problem to answer with; a fault of Weir is logged by its type and place.

    ``anonymous``: whoever asked has sent no credential, so what is refused may be had with one.
    """
    match error:
        case ProblemError():
            return error
        case web.HTTPException():
            headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return ProblemError(HTTPStatus(error.status), _words(error), headers=headers)
        case DeniedError():
            return unauthenticated(Refused.NOTHING_SENT, NEEDS_TOKEN) if anonymous else _denied(error)
        case NotFoundError():
            return ProblemError(HTTPStatus.NOT_FOUND, str(error))
        case RevisionError():
            return ProblemError(HTTPStatus.PRECONDITION_FAILED, str(error))
        case ConflictError():
            return ProblemError(HTTPStatus.CONFLICT, str(error))
        case InvalidError():
            return invalid((_path(mistake.field), mistake.message) for mistake in error.mistakes)
        case OSError():
            words = error.strerror or "disk error"
            return ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"This could not be kept ({words}), so nothing was changed: make room or mend the disk",
            )
        case StoreError():
            return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers={"Retry-After": "5"})
        case _:
            # Type and place only: a message or a traceback may quote what was asked.
            _log.error("a request failed", error=type(error).__name__, where=_place(error))
            return ProblemError(
                HTTPStatus.INTERNAL_SERVER_ERROR, "This is a fault of Weir; its log says more"
            )


def _denied(error: DeniedError) -> ProblemError:
    """RFC 6750 section 3.1."""
    challenge = 'Bearer realm="weir", error="insufficient_scope"'
    if error.permission is not None:
        challenge += f', scope="{error.permission}"'
    return ProblemError(HTTPStatus.FORBIDDEN, str(error), headers={"WWW-Authenticate": challenge})


def _path(dotted: str) -> tuple[Key, ...]:
    """``allow[0].name`` as a path."""
    return tuple(int(index) if index else name for index, name in _PART.findall(dotted))


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
