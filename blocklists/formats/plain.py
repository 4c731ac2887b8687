"""The parts that a parser without memory shares with the others."""

from __future__ import annotations

from blocklists.formats.protocol import Semantics
from blocklists.model import Entry


class Stateless:
    """Base of formats whose lines stand alone: nothing is gathered and nothing taken back."""

    semantics: Semantics = "union"

    def finish(self) -> tuple[Entry, ...]:
        """No entry needs the whole file."""
        return ()

    def removed(self) -> tuple[Entry, ...]:
        """No line takes another one back."""
        return ()
