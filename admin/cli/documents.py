"""What the verbs about stored things share: all of a collection, one of it, set and remove over the API."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from admin.cli.api import RefusedError, ask, change, get, post
from admin.cli.terminal import say

if TYPE_CHECKING:
    from admin.config import Config


def every(config: Config, path: str, only: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """All items of a collection, page by page; ``only`` are parameters of the query."""
    following: str | None = f"{path}?{urlencode({**(only or {}), 'limit': 1_000})}"
    while following is not None:
        page = get(config, following)
        yield from page["items"]
        following = page["next"]


def set_one(config: Config, path: str, item_id: str, keys: Mapping[str, Any], reason: str) -> str:
    """Change these keys of an item, or add it with them; what was done, in a word."""
    try:
        known = ask(config, "GET", address(path, item_id))
    except RefusedError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        post(config, path, {"id": item_id, **keys}, reason)
        return "added"
    change(config, "PATCH", address(path, item_id), dict(keys), etag=known.etag, reason=reason)
    return "changed"


def remove_one(config: Config, path: str, item_id: str, reason: str) -> None:
    """Take an item away as it is now."""
    known = ask(config, "GET", address(path, item_id))
    change(config, "DELETE", address(path, item_id), None, etag=known.etag, reason=reason)


def address(path: str, item_id: str) -> str:
    """The path of one item."""
    return f"{path}/{quote(item_id, safe='')}"


def given(**keys: Any) -> dict[str, Any]:
    """The keys that were written on the command line."""
    return {name: value for name, value in keys.items() if value is not None}


def listed(values: Iterable[str]) -> str:
    """Several values in one cell."""
    return ", ".join(values)


def say_json(value: object) -> None:
    """For programs."""
    say(json.dumps(value, ensure_ascii=False, indent=2))
