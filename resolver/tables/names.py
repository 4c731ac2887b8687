"""What the files of the state folder are called, and which generation is in force: what costs nothing to import."""

from __future__ import annotations

from pathlib import Path

CURRENT = "current"


class TablesError(ValueError):
    """No usable generation: the message says which file and what is wrong with it."""


def file_name(generation: int) -> str:
    """The name of a generation's file; sorts by number."""
    return f"tables-{generation:08d}.json"


def clients_name(generation: int) -> str:
    """The name of the file of clients and policies that is made with a generation."""
    return f"clients-{generation:08d}.weir"


def urls_name(snapshot: str) -> str:
    """The name of the index of URLs that is compiled with the lists in the file ``snapshot``."""
    return f"urls-{snapshot.removeprefix('snapshot-')}"


def current_generation(state: Path) -> int | None:
    """The number that the ``current`` link names, without reading the file; None if there is none."""
    try:
        target = (state / CURRENT).readlink().name
    except OSError:
        return None
    digits = target.removeprefix("tables-").removesuffix(".json")
    return int(digits) if digits.isdigit() else None
