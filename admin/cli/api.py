"""Asking the running control process: one request to its API, with the words of the configuration."""

from __future__ import annotations

import getpass
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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


def get(config: Config, path: str) -> dict[str, Any]:
    """The JSON that control answers with. RefusedError, UnreachableError, or TokenError without a usable token."""
    return _ask(config, "GET", path, None)


def post(config: Config, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """The same for a change."""
    return _ask(config, "POST", path, body)


def _ask(config: Config, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    import http.client

    headers = _credentials(config) | ({} if body is None else {"Content-Type": "application/json"})
    listen = config.admin.listen
    connection = http.client.HTTPConnection(listen.host, listen.port, timeout=TIMEOUT)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        said = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise UnreachableError(
            f"the admin API at {listen} does not answer ({type(error).__name__}): is Weir running with this configuration?"
        ) from error
    finally:
        connection.close()
    if answer.status not in _GOOD:
        raise RefusedError(answer.status, str(said.get("detail", answer.reason)))
    return dict(said)


def _credentials(config: Config) -> dict[str, str]:
    """The local token, which says who acts; else that of the configuration, if there is one."""
    from admin.control.token import read_local_token, read_token
    from admin.services.place import Place

    if (local := read_local_token(Place(config.data_dir).run)) is not None:
        return {"Authorization": f"Bearer {local}", "Weir-User": _user()}
    token = read_token(config)
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return "unknown"
