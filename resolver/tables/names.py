"""What the files of the state folder are called, and which generation is in force: what costs nothing to import."""

from __future__ import annotations

from pathlib import Path

CURRENT = "current"
STAGED = "staged"
"""The link to a generation that the first worker alone tries out; there is none most of the time."""


KEYS_FILE = "log.vkeys"
"""The keys of the log, one vkey a line, written once the generation in force has its proof."""
PROOFS = "proof-*.json"
"""What the proofs of all generations are called."""


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
    """The generation that readers begin with, without reading its file; None if nothing was published.

    It is the one that is linked. A backup may bring the link back as a copy of its file, or not at all: then it is the newest
    that is not tried out, as ``store.load`` begins with.
    """
    linked = linked_generation(state, staged=staged)
    return _newest(state, _named(state / STAGED)) if linked is None else linked


def linked_generation(state: Path, *, staged: bool = False) -> int | None:
    """The number that the ``current`` link names; None if there is no such link. ``staged``: the one that is tried out, if
    there is one.
    """
    tried = _named(state / STAGED) if staged else None
    return _named(state / CURRENT) if tried is None else tried


def _named(link: Path) -> int | None:
    """The number of the generation that a link names."""
    try:
        return _number(link.readlink().name)
    except OSError:
        return None


def _number(name: str) -> int | None:
    digits = name.removeprefix("tables-").removesuffix(".json")
    return int(digits) if digits.isdigit() else None


def _newest(state: Path, tried: int | None) -> int | None:
    numbers = {_number(path.name) for path in state.glob("tables-*.json")} - {tried}
    return max((number for number in numbers if number is not None), default=None)
