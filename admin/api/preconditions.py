"""ETags and If-Match (RFC 9110 section 13): nobody overwrites what they have not seen. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

from admin.api.problem import ProblemError

LONGEST = 200
"""Characters of If-Match: a few tags."""
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')


def etag(revision: int | str) -> str:
    """The strong entity tag of a revision."""
    return f'"{revision}"'


def require_match(headers: Mapping[str, str], current: str) -> None:
    """Go on only if the client has seen the state that ``current`` tags; 428 without If-Match, 412 on a mismatch."""
    given = headers.get("If-Match")
    if given is None:
        raise ProblemError(
            HTTPStatus.PRECONDITION_REQUIRED,
            "Send If-Match with the ETag of what you have read, so that no other change is lost",
        )
    if len(given) > LONGEST or not (given.isascii() and given.isprintable()):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "If-Match is no list of ETags")
    if given.strip() != "*" and current not in _tags(given):
        raise ProblemError(
            HTTPStatus.PRECONDITION_FAILED,
            f"It has changed since you read it; read it again (its ETag is {current})",
        )


def is_unchanged(headers: Mapping[str, str], current: str) -> bool:
    """The client has this very state already (If-None-Match on GET)."""
    given = headers.get("If-None-Match", "")
    return given.strip() == "*" or current in _tags(given, weak=True)


def _tags(header: str, *, weak: bool = False) -> set[str]:
    """The tags of a header; a weak one never matches strongly (RFC 9110 section 8.8.3.2)."""
    return {f'"{found[2]}"' for found in _TAG.finditer(header) if weak or not found[1]}
