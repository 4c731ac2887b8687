"""What of a log's keys stands beside it for everybody: ``policy.txt``, ``keys.json`` and the file of verifier keys. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from admin.audit.head import History
from resolver.tlog.canonical import Json, encode

POLICY, KEYS = "policy.txt", "keys.json"


def policy(history: History, url: str, *, trusted: bool = True) -> bytes:
    """A c2sp.org/tlog-policy: the keys that sign now, no witnesses yet. A log whose key was stolen is not ``trusted``."""
    where = f" {url}" if url else ""
    lines = [f"log {key.vkey}{where}" for key in history.active] if trusted else []
    return "\n".join([*lines, "quorum none", ""]).encode()


def keys(history: History) -> bytes:
    """All keys of the log with the indices of the leaves that added and retired them; ``to`` is null while one signs."""
    found: list[Json] = [{"from": key.since, "to": key.until, "vkey": key.vkey} for key in history.keys]
    return encode({"keys": found, "origin": history.head.origin, "v": 1})


def verifier_keys(histories: Sequence[History]) -> bytes:
    """A vkey a line, those of the log that is written first."""
    return "".join(f"{key.vkey}\n" for history in histories for key in history.active).encode()
