"""The lists as people see them: what is kept of each, how its updates go, what was decided. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from admin.api.appliance import ListCondition
from admin.control.clocks import Clocks
from admin.control.lives import Lives
from admin.control.schedule import Schedule
from admin.services.redaction import message_of, redacted
from blocklists.enforcement import Enforced
from blocklists.model import ListSource
from blocklists.sync import ListStatus, ListStore, RefreshOutcome


class ListConditions:
    """Puts together what several parts know. Each list costs a few small files: to be asked once for all lists."""

    def __init__(
        self,
        store: ListStore,
        lives: Lives,
        schedule: Schedule,
        clocks: Clocks,
        outcomes: Mapping[str, RefreshOutcome],
        attempts: Mapping[str, int],
    ) -> None:
        """``outcomes`` and ``attempts`` are by list: how this process's last attempt went, and how many have ended."""
        self._store, self._lives, self._schedule, self._clocks = store, lives, schedule, clocks
        self._outcomes, self._attempts = outcomes, attempts

    def of(
        self,
        sources: Iterable[ListSource],
        fetching: Collection[str],
        compiled: Collection[tuple[ListSource, str]],
    ) -> tuple[ListCondition, ...]:
        """The conditions of these lists: those in ``fetching`` are being updated, ``compiled`` is in force."""
        left_out, enforced = self._lives.left_out(), self._lives.enforced()
        versions = {source.id: (source, digest) for source, digest in compiled}
        found = []
        for source in sources:
            serving = self._store.serving_for(source)
            digest = serving.digest if serving else ""
            in_force = source.id in left_out or versions.get(source.id) == (source, digest)
            part = enforced.get(source.id, Enforced.ALL)
            found.append(self._condition(source, part, bool(digest), source.id in fetching, in_force))
        return tuple(found)

    def _condition(
        self, source: ListSource, enforced: Enforced, loaded: bool, fetching: bool, in_force: bool
    ) -> ListCondition:
        status = self._store.status(source.id, now=self._clocks.unix())
        # A full disk keeps the store from noting how an attempt ended; what we saw ourselves is newer.
        seen: RefreshOutcome | ListStatus = self._outcomes.get(source.id, status)
        shown = redacted(source, status)
        return ListCondition(
            id=source.id,
            kind=source.kind,
            loaded=loaded,
            state=seen.state.value,
            entries=shown.entries if loaded else None,
            last_attempt=status.last_attempt,
            last_success=status.last_success,
            message=message_of(source, seen.state, seen.message, status.held),
            title=source.title,
            authority=source.authority,
            enforced=enforced.value,
            age=self._lives.age(source.id),
            age_level=self._lives.life(source.id).age.value,
            next_attempt=self._next_attempt(source.id),
            fetching=fetching,
            attempts=self._attempts.get(source.id, 0),
            in_force=in_force,
            dispositions=shown.dispositions if loaded else None,
            serving=shown.digest if loaded else None,
            held=status.held.digest if status.held else "",
            pinned=status.pin.digest if status.pin else "",
            suspension=status.suspension,
        )

    def _next_attempt(self, list_id: str) -> float | None:
        due = self._schedule.moment(list_id)
        return None if due is None else self._clocks.unix() + max(0.0, due - self._clocks.monotonic())
