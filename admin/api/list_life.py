"""What the API shows of the life of lists, and what it may ask control to do about one: values and a contract."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from admin.services.actors import Actor
from admin.services.gate_reports import VersionReport
from blocklists.differences import Difference
from blocklists.entry_life import ReviewPart
from blocklists.ledger import Since, Step
from blocklists.records import Serving


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a decision that holds. ``generation`` is the state in force; None before the first."""

    list_id: str
    message: str
    """What holds now, in words."""
    generation: int | None
    in_force: bool
    """False: the lists are being compiled for it, or it could not be published yet."""
    waits: str = ""
    """Why it could not be published; empty if it is in force or being compiled."""


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """A version that can serve again. ``serves`` tells the one that serves now."""

    version: Serving
    entries: int | None
    """None for a secret list."""
    changed: Step | None
    """What it changed when it came, where that is known."""
    serves: bool
    text_kept: bool
    """False: its text is not kept here, so it cannot be rolled back to."""


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """What the version ``after`` changed against ``before``, both whole digests.

    ``added`` and ``removed`` are the numbers of entries; None where the versions differ in too much to tell.
    ``names`` are the entries themselves, None for a secret list.
    """

    list_id: str
    before: str
    after: str
    added: int | None
    removed: int | None
    names: Difference | None


class ListActions(Protocol):
    """Decisions about lists. ``at`` is always now.

    Every method may raise DeniedError, NotFoundError (no such list), InvalidError (the reason, a time), ConflictError
    (not as things are) and OSError (it could not be kept, so nothing was changed).
    """

    async def suspend(self, actor: Actor, list_id: str, reason: str, until: float | None) -> Decided:
        """Enforce nothing of a list, until the Unix time ``until`` or until it is resumed."""
        ...

    async def resume(self, actor: Actor, list_id: str, reason: str) -> Decided:
        """End the suspension and the rollback of a list."""
        ...

    async def roll_back(
        self, actor: Actor, list_id: str, reason: str, version: str, *, hold: bool
    ) -> Decided:
        """Let an earlier version serve: the one whose digest begins so, or the one before."""
        ...

    async def release(self, actor: Actor, list_id: str, reason: str, digest: str) -> Decided:
        """Let a held version serve, or be the first of two to agree to that."""
        ...

    async def erase(self, actor: Actor, list_id: str, reason: str) -> Decided:
        """Destroy all that is kept of a list, or be the first of two to agree to that."""
        ...

    async def sync(self, actor: Actor, list_id: str) -> int:
        """Begin to update a list; it has ended when the list's ``attempts`` have reached the number returned."""
        ...

    async def difference(self, actor: Actor, list_id: str, before: str, after: str) -> VersionDifference:
        """What a version changed; by default the one that serves against the one before. Both are beginnings of
        digests. ConflictError if there is no such version, or its text is not kept.
        """
        ...

    async def review(self, actor: Actor, list_id: str, after: int, limit: int) -> ReviewPart:
        """Entries that are to be looked at again, from behind line ``after`` on. ConflictError if none are kept."""
        ...

    async def since(self, actor: Actor, list_id: str, name: str) -> Since | None:
        """Since when the list names a host that it names; None for a secret list or where it is not known."""
        ...

    async def versions(self, actor: Actor, list_id: str) -> tuple[KeptVersion, ...]:
        """The versions that are kept, newest first."""
        ...


class ListInspections(Protocol):
    """Looking at versions that do not serve. Methods may raise DeniedError, NotFoundError and OSError."""

    async def held(self, actor: Actor, list_id: str) -> VersionReport:
        """Why the held version of a list is held; NotFoundError if none is."""
        ...

    async def preview(self, actor: Actor, list_id: str, *, fetch: bool) -> VersionReport:
        """What the held version would do, or (``fetch``, or if none is kept) the one that the source has now.

        ConflictError if no version can be had.
        """
        ...


class Part(StrEnum):
    """Which text of a list."""

    ENTRIES = "entries"
    """The canonical text of a version."""
    EDITS = "edits"
    """That of the edits that hold."""


class ListTexts(Protocol):
    """Texts by which the public log's digests can be recomputed. Methods may raise DeniedError and OSError."""

    async def text(self, actor: Actor, list_id: str, part: Part, wanted: str) -> bytes:
        """Of the version that serves, or of the kept one whose digest, or whose digest in the log, begins with ``wanted``.

        NotFoundError if there is none; ConflictError for a list that is not public.
        """
        ...

    async def protected(self, actor: Actor) -> bytes:
        """Of the names that no list reaches."""
        ...
