"""Asking the running control process: one request to its API, with the words of the configuration."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from admin.config import Config

TIMEOUT = 30.0
"""Seconds; control answers at once unless its disk is very slow."""
_GOOD = range(200, 300)


class RefusedError(Exception):
    """Control said no; the message is its own. ``status`` is the HTTP status."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class UnreachableError(Exception):
    """Control did not answer; the message says where it was looked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What control says: the JSON (empty for an answer without a body), and the tag of its state."""

    body: dict[str, Any]
    etag: str
    waits: str = ""
    """Why a change is kept and not in force yet; empty if it is."""


def get(config: Config, path: str) -> dict[str, Any]:
    """The JSON that control answers with. RefusedError, UnreachableError, or TokenError without a usable token."""
    return ask(config, "GET", path).body


def post(config: Config, path: str, body: dict[str, Any] | None = None, reason: str = "") -> dict[str, Any]:
    """The same for a change; the reason stays with its event."""
    return ask(config, "POST", path, body, _why(reason)).body


def change(
    config: Config, method: str, path: str, body: dict[str, Any] | None, *, etag: str = "", reason: str = ""
) -> Answer:
    """A change; with an ``etag`` one of what was read so: it is refused if somebody else was quicker."""
    return ask(config, method, path, body, ({"If-Match": etag} if etag else {}) | _why(reason))


def lines(config: Config, path: str, header: str) -> tuple[bytes, str]:
    """An answer that is no JSON, and one of its headers. Errors as ``get``."""
    text, headers = headed(config, path)
    return text, headers.get(header, "")


def headed(config: Config, path: str) -> tuple[bytes, Mapping[str, str]]:
    """An answer that is no JSON, and its headers. Errors as ``get``."""
    answered, text = _request(config, "GET", path, None, {})
    if answered.status not in _GOOD:
        raise RefusedError(answered.status, _detail(_object(config, text), answered.reason))
    return text, dict(answered.headers.items())


def ask(
    config: Config,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request. Errors as ``get``."""
    answer, text = _request(config, method, path, body, headers or {})
    said = _object(config, text) if text or answer.status not in _GOOD else {}
    etag, waits = answer.getheader("ETag", ""), unquote(answer.getheader("Weir-Waits", ""))
    if answer.status not in _GOOD:
        raise RefusedError(answer.status, _detail(said, answer.reason))
    return Answer(said, etag, waits)


def _request(
    config: Config, method: str, path: str, body: dict[str, Any] | None, headers: Mapping[str, str]
) -> tuple[HTTPResponse, bytes]:
    import http.client

    sent = _credentials(config) | dict(headers)
    sent |= {} if body is None else {"Content-Type": "application/json"}
    listen = config.admin.listen
    connection = http.client.HTTPConnection(listen.host, listen.port, timeout=TIMEOUT)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        return answer, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(config, error) from error
    finally:
        connection.close()


def _object(config: Config, text: bytes) -> dict[str, Any]:
    """The JSON of an answer. UnreachableError if it is none of control's."""
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise UnreachableError(
            f"what answers at {config.admin.listen} is not the admin API: stop that program, or change admin.listen"
        )
    return said


def _unreachable(config: Config, error: Exception) -> UnreachableError:
    if isinstance(error, TimeoutError):
        return UnreachableError(
            f"the admin API at {config.admin.listen} has not answered within {TIMEOUT:.0f} seconds: it is busy, or waits for "
            "its disk; what was asked for may still be done, so look before you ask again"
        )
    return UnreachableError(
        f"the admin API at {config.admin.listen} does not answer ({type(error).__name__}): is Weir running with this "
        "configuration?"
    )


def _detail(said: Mapping[str, Any], reason: str) -> str:
    errors = said.get("errors", ())
    lines = [f"{error['pointer'].removeprefix('/')}: {error['detail']}" for error in errors]
    return "\n".join([str(said.get("detail", reason)), *lines] if len(lines) != 1 else lines)


def _why(reason: str) -> dict[str, str]:
    return {"Weir-Reason": quote(reason, safe=" ")} if reason else {}


def _credentials(config: Config) -> dict[str, str]:
    """The local token, which says who acts; else that of the configuration, if there is one."""
    from admin.control.token import read_local_token, read_token
    from admin.services.place import Place

    if (local := read_local_token(Place(config.data_dir).run)) is not None:
        return {"Authorization": f"Bearer {local}", "Weir-User": _user()}
    token = read_token(config)
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def _user() -> str:
    """Who runs the command; not who LOGNAME says it is."""
    try:
        return quote(pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:  # a container without a name for its user
        return str(os.getuid())
