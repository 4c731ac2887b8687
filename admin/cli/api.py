"""Asking the running control process: one request to its API, with the words of the configuration."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from admin.config import Config

TIMEOUT = 30.0
"""Seconds; control answers at once unless its disk is very slow."""


class RefusedError(Exception):
    """Control said no; the message is its own. ``status`` is the HTTP status."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class UnreachableError(Exception):
    """Control did not answer; the message says where it was looked for."""


def get(config: Config, path: str) -> dict[str, Any]:
    """The JSON that is at ``path``; errors as ``post``."""
    return _ask(config, "GET", path, None)


def post(config: Config, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The JSON that control answers with. RefusedError, UnreachableError, or TokenError without a usable token."""
    return _ask(config, "POST", path, json.dumps(body))


def _ask(config: Config, method: str, path: str, body: str | None) -> dict[str, Any]:
    from admin.control.token import read_token

    token = read_token(config)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    listen = config.admin.listen
    connection = http.client.HTTPConnection(listen.host, listen.port, timeout=TIMEOUT)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        said = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise UnreachableError(
            f"the admin API at {listen} does not answer ({type(error).__name__}): is Weir running with this configuration?"
        ) from error
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise RefusedError(answer.status, str(said.get("detail", answer.reason)))
    return dict(said)
