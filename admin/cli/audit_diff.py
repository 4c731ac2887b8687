"""``weir audit diff``: two copies of a log or two of its checkpoints; one history, or two."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from admin.cli.audit_offline import Key, offline, read_keys
from admin.cli.exits import Exit
from admin.cli.terminal import complain, say

_VIEW = "A checkpoint in a file, or a log: URL or folder."


def diff(
    first: Annotated[str, typer.Argument(metavar="A", help=_VIEW)],
    second: Annotated[str, typer.Argument(metavar="B", help=_VIEW)],
    key: Key,
    evidence: Annotated[
        Path, typer.Option(metavar="DIR", help="A new folder for checkpoints that contradict each other.")
    ] = Path("evidence"),
) -> int:
    """1 for two histories, 2 for wrong usage, 3 if that cannot be told."""
    from admin.audit.comparing import Outcome, compare, keep_evidence, view

    def words() -> int:
        keys = read_keys(key)
        found = compare(view(first, keys), view(second, keys))
        say(found.words)
        if found.outcome is not Outcome.SPLIT:
            return Exit.DONE
        complain("two histories: the same key has signed checkpoints that no one log can have had")
        say(found.smaller.note.decode())
        say(found.larger.note.decode())
        try:
            say(f"the proof, for anybody: {', '.join(map(str, keep_evidence(found, evidence)))}")
        except OSError as error:
            complain(f"{evidence}: {error.strerror or error}; keep the checkpoints above")
        return Exit.FAILED

    return offline(words)
