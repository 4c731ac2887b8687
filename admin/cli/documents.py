"""What the verbs about stored things share: all of a collection, one of it, set and remove over the API."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from admin.cli.api import Answer, RefusedError, ask, change, get
from admin.cli.exits import Exit
from admin.cli.terminal import complain, say

if TYPE_CHECKING:
    from admin.config import Config


def every(config: Config, path: str, only: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """All items of a collection, page by page; ``only`` are parameters of the query."""
    following: str | None = f"{path}?{urlencode({**(only or {}), 'limit': 1_000})}"
    while following is not None:
        page = get(config, following)
        yield from page["items"]
        following = page["next"]


def set_one(config: Config, path: str, item_id: str, keys: Mapping[str, Any], reason: str) -> int:
    """Change these keys of an item, or add it with them; says what was done."""
    try:
        known = ask(config, "GET", address(path, item_id))
    except RefusedError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        added = change(config, "POST", path, {"id": item_id, **keys}, reason=reason)
        return _ended(path, item_id, "added", added)
    where = address(path, item_id)
    changed = change(config, "PATCH", where, dict(keys), etag=known.etag, reason=reason)
    return _ended(path, item_id, "changed", changed)


def remove_one(config: Config, path: str, item_id: str, reason: str) -> int:
    """Take an item away as it is now; says that it was done."""
    known = ask(config, "GET", address(path, item_id))
    removed = change(config, "DELETE", address(path, item_id), None, etag=known.etag, reason=reason)
    return _ended(path, item_id, "removed", removed)


def _ended(path: str, item_id: str, done: str, answer: Answer) -> int:
    """The exit status; 3 for what is kept and not in force yet."""
    kind = path.rpartition("/")[2].removesuffix("s")
    say(f"{kind} {item_id}: {done}")
    if answer.waits:
        complain(
            f"{kind} {item_id}: kept, and not in force yet; it comes into force by itself: {answer.waits}"
        )
    return Exit.UNKNOWN if answer.waits else Exit.DONE


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
