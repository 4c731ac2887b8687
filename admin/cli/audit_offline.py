"""What the offline verbs of ``weir audit`` share: the keys they trust, and how a failure becomes an exit status."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from admin.cli.exits import Exit
from admin.cli.terminal import complain

if TYPE_CHECKING:
    from admin.audit.verifier import Key as ReplayKey
    from resolver.tlog.notes import VerifierKey

_Read = TypeVar("_Read")
Key = Annotated[Path, typer.Option("--key", metavar="FILE", help="Verifier keys, one a line (log.vkey).")]


def read_keys(path: Path) -> list[VerifierKey]:
    """The keys of a file. ValueError: it has none; OSError."""
    from admin.audit.copies import keys_of

    return _keys(path, keys_of)


def read_replay_keys(path: Path) -> list[ReplayKey]:
    """The same for a replay of the whole log. ValueError, OSError."""
    from admin.audit.copies import replay_keys

    return _keys(path, replay_keys)


def _keys(path: Path, read: Callable[[str], list[_Read]]) -> list[_Read]:
    try:
        return read(path.read_text())
    except ValueError as error:
        raise ValueError(
            f"{path}: {error}; it needs verifier keys, one a line, as log.vkey has them"
        ) from error


def offline(words: Callable[[], int]) -> int:
    """What ``words`` gives; 1 for what does not hold, 2 for a wrong question, 3 for what cannot be read."""
    from admin.audit.verifier import FailedError, UndecidedError

    try:
        return words()
    except FailedError as error:
        complain(f"does not hold: {error.args[0]}")
        return Exit.FAILED
    except (UndecidedError, OSError) as error:
        complain(f"cannot tell: {error}")
        return Exit.UNKNOWN
    except ValueError as error:
        complain(str(error))
        return Exit.USAGE
