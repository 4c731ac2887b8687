"""Why a use case was not done, in words for whoever asked. ``DeniedError`` stands with the actors. Pure.

``admin.store.errors.UnavailableError`` may come out of every use case too: the database cannot be used now.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class NotFoundError(Exception):
    """There is no such thing; the message names it."""


class ConflictError(Exception):
    """It is right in itself but not now: taken, in use, or one too many. The message says by what."""


class DeclaredError(ConflictError):
    """The configuration file declares it, so it is read-only here."""


class RevisionError(ConflictError):
    """Somebody else changed it since it was read; ``revision`` is the one that holds."""

    def __init__(self, what: str, revision: int) -> None:
        super().__init__(f"{what} was changed meanwhile and has revision {revision}; read it again")
        self.revision = revision


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with what was sent. ``field`` is the key, dotted; empty for the whole."""

    field: str
    message: str

    def __str__(self) -> str:
        """``field: message``."""
        return f"{self.field}: {self.message}" if self.field else self.message


class InvalidError(Exception):
    """What was sent is wrong in itself; ``mistakes`` says all that is."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(map(str, self.mistakes)))
