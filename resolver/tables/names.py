"""What the files of the state folder are called, and which generation is in force: what costs nothing to import."""

from __future__ import annotations

from pathlib import Path

CURRENT = "current"
STAGED = "staged"
"""The link to a generation that the first worker alone tries out; there is none most of the time."""


KEYS_FILE = "log.vkeys"
"""The keys of the log, one vkey a line, written once the generation in force has its proof."""


class TablesError(ValueError):
    """No usable generation: the message says which file and what is wrong with it."""


def file_name(generation: int) -> str:
    """The name of a generation's file; sorts by number."""
    return f"tables-{generation:08d}.json"


def withdrawn_name(digits: str) -> str:
    """What becomes of the name of a generation that was tried out and withdrawn."""
    return f"withdrawn-{digits}.json"


def clients_name(generation: int) -> str:
    """The name of the file of clients and policies that is made with a generation."""
    return f"clients-{generation:08d}.weir"


def urls_name(snapshot: str) -> str:
    """The name of the index of URLs that is compiled with the lists in the file ``snapshot``."""
    return f"urls-{snapshot.removeprefix('snapshot-')}"


def proof_name(generation: int) -> str:
    """The name of the file that proves that what a generation enforces is in the log."""
    return f"proof-{generation:08d}.json"


def current_generation(state: Path, *, staged: bool = False) -> int | None:
    """The number that the ``current`` link names, without reading the file; None if there is none.

    ``staged``: the one that is tried out, if there is one.
    """
    for link in (STAGED, CURRENT) if staged else (CURRENT,):
        try:
            target = (state / link).readlink().name
        except OSError:
            continue
        digits = target.removeprefix("tables-").removesuffix(".json")
        return int(digits) if digits.isdigit() else None
    return None
