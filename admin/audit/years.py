"""A log together with those before it: each year has one, and one that ends early is followed by another.

The earlier ones lie below the present one (``shelving``). Two things join them: the first leaf of a log has the last
checkpoint of the one before, which fixes every leaf of that; and ``log.next``, near the end of a log, names the key of the
one to follow. So whoever has the present key can read the past, and whoever has an old one can come to the present.
A log that was closed because its key was stolen vouches for nothing. Each log by itself is checked by ``verifier``.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from admin.audit.series import label_of
from admin.audit.verifier import (
    WIDTH,
    Checkpoint,
    FailedError,
    Key,
    Replay,
    Source,
    UndecidedError,
    document,
    moment,
    must,
)

MOST_LOGS = 100
"""In one row. A server could make up logs before logs for as long as somebody asks."""
COMPROMISE = "compromise"

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)
_Hear = Callable[[dict[str, Any]], None]


class Years(Replay):
    """A log, and those before it as far as they are needed: because your key is of one of them, because a checkpoint
    that you kept is, or because of the time that ``run`` is asked for.
    """

    def __init__(
        self,
        source: Source,
        given: Iterable[Key],
        now: float,
        *visits: Checkpoint,
        later: Years | None = None,
    ) -> None:
        """As ``Replay``; ``later`` is the log that follows this one. UndecidedError, FailedError."""
        super().__init__(source, given, now, *visits)
        self.before: Years | None = None
        """The log before, once it is needed."""
        self._others = [visit for visit in visits if visit.origin != self.point.origin]
        self.visits = tuple(visit for visit in visits if visit.origin == self.point.origin)
        self._later = later
        self.base: str = later.base if later else source.where
        """Below which the others lie."""
        self.depth: int = later.depth + 1 if later else 1
        self.is_known = self.point.origin in {key.name for key in self.trusted}
        """Whether a key of this log is trusted without anything that the log before says."""
        self._named: dict[str, Key] = {}
        self._end: dict[str, Any] = {}

    def run(self, hear: _Hear, since: float = math.inf) -> None:
        """As ``Replay.run``; the logs before are heard first if one of them has leaves of ``since`` (POSIX seconds) or
        later that this one has not. UndecidedError if one that is needed is not there.
        """
        first = self._first()
        if self._later is not None and self._later.is_known:
            self.is_known = True  # its end stands in a log that is checked: whatever key it names is its own
            self.trusted.add(_key_of(first))
        reaches = "last" in first and first["t"] > since
        if not self.is_known or self._others or reaches:
            self._check_before(first, hear, since)

        def heard(leaf: dict[str, Any]) -> None:
            must(leaf["seq"] or leaf == first, "leaf 0: another one than a moment ago")
            self._note(leaf)
            hear(leaf)

        super().run(heard)

    def logs(self) -> list[Years]:
        """Those that were checked, in the order of time; the last one is this."""
        return [*(self.before.logs() if self.before else []), self]

    def manifest(self, state: str) -> bytes:
        """The bytes of a state of any of these logs: others may have anything under its name. FailedError."""
        path = f"state/{state}.json"
        for data in (log.source.read(path) or b"" for log in self.logs()):
            if hashlib.sha256(data).hexdigest() == state:
                return data
        raise FailedError(f"{path}: missing, or its content has another hash than its name says")

    def heir(self, origin: str) -> Key | None:
        """The key that this log, having ended, has named for the one of that origin."""
        is_trusted = self._end.get("why", COMPROMISE) != COMPROMISE and self._end.get("next") == origin
        return self._named.get(origin) if is_trusted else None

    def _first(self) -> dict[str, Any]:
        """The first leaf; it is not checked before ``Replay.run`` has come to it."""
        width = min(WIDTH, self.point.size)
        return document(self._bundle(0, width)[0], "leaf 0") if width else {}

    def _check_before(self, first: dict[str, Any], hear: _Hear, since: float) -> None:
        before = self.before = self._open_before(first)
        before.run(hear, since)
        if not before.times[1] <= int(first["t"]):
            raise FailedError(f"leaf 0: dated before the end of {before.point.origin}")
        heir, own = before.heir(self.point.origin), _key_of(first)
        if heir is None and not self.is_known:
            raise UndecidedError(
                f"{before.point.origin} holds, and names no key for {self.point.origin}: get that key from its operator and "
                "from a second source"
            )
        must(heir in (None, own), f"leaf 0: another key than {before.point.origin} names for this log")
        self.trusted |= {heir} if heir else set()
        words = "it names the key of the next" if heir else "the next one holds its end"
        span = f"{moment(before.times[0])} to {moment(before.times[1])}"
        self.preface = [
            *before.preface,
            f"{before.point.origin}: {before.size} leaves, {span}, root {before.point.root.hex()}; {words}",
        ]

    def _open_before(self, first: dict[str, Any]) -> Years:
        """The log before, which ends as the first leaf of this one says."""
        stranger = f"{self.point.origin}: your key or checkpoint is of another log"
        if "last" not in first or self.depth >= MOST_LOGS:
            raise UndecidedError(f"{stranger}, and it leads back to none")
        last = Checkpoint.parse(str(first["last"]).encode(), "leaf 0", UndecidedError)
        if not _LABEL.fullmatch(label_of(last.origin)):
            raise UndecidedError(f"{stranger}; the one before cannot be found by its name")
        try:
            source = Source(self.base + label_of(last.origin))
            before = Years(source, self.trusted, self.now, *self._others, later=self)
        except UndecidedError as error:
            words = "the log before it is needed" if self.is_known else stranger
            raise UndecidedError(f"{self.point.origin}: {words}: {error}") from error
        end = before.point
        is_end = (end.origin, end.size, end.root) == (last.origin, last.size, last.root)
        must(is_end, f"{end.place}: not where leaf 0 says that it ended", last.note, end.note)
        return before

    def _note(self, leaf: dict[str, Any]) -> None:
        """What this log says of the one to follow."""
        if leaf["type"] == "log.next" and "seal" not in leaf:
            key = _key_of(leaf)
            must(key.name == leaf["origin"], f"leaf {leaf['seq']}: the key is not of the log that it is for")
            self._named[key.name] = key
        elif leaf["type"] == "log.close":
            self._end = leaf


def _key_of(leaf: dict[str, Any]) -> Key:
    try:
        return Key.parse(str(leaf.get("vkey")))
    except ValueError as error:
        raise FailedError(f"leaf {leaf.get('seq')}: vkey is not a key") from error
