"""What control remembers of its own doings, for health and metrics. No I/O, no clock."""

from __future__ import annotations

from admin.api.appliance import Condition, ConfigCondition, ListCondition
from admin.services.publish import Snapshot
from admin.services.serving import GATEWAY, resolver_name
from blocklists.model import Confidentiality
from resolver.tables.model import ListInfo, Tables


class Record:
    """Facts as they happen; ``condition`` is all of them at one moment. Times are Unix seconds."""

    def __init__(self, now: float) -> None:
        """The configuration was read at ``now``; nothing has been published yet."""
        self._loaded = now
        self._accepted = self._rejected = self._failures = 0
        self._problems: tuple[str, ...] = ()
        self._tables: Tables | None = None
        self._snapshot: Snapshot | None = None
        self._processes: tuple[str, ...] = ()
        self.publish_problem = ""

    @property
    def generation(self) -> int | None:
        """The generation that this process published last."""
        return None if self._tables is None else self._tables.generation

    @property
    def processes(self) -> tuple[str, ...]:
        """The names of the processes that this generation calls for."""
        return self._processes

    def accepted(self, now: float) -> None:
        """A new configuration is in force."""
        self._loaded, self._problems = now, ()
        self._accepted += 1

    def rejected(self, problems: list[str]) -> None:
        """A configuration was refused."""
        self._problems = tuple(problems)
        self._rejected += 1

    def published(self, tables: Tables, snapshot: Snapshot) -> None:
        """A generation is in force; one that was overtaken while this was on its way is not."""
        if self._tables is not None and tables.generation < self._tables.generation:
            return
        self._tables, self._snapshot, self._processes = tables, snapshot, _processes_of(tables)
        self.publish_problem = ""

    def not_published(self, problem: str) -> None:
        """A generation could not be put in force."""
        self.publish_problem = problem
        self._failures += 1

    def condition(self, lists: tuple[ListCondition, ...]) -> Condition:
        """Everything, with what the keeper of the lists says."""
        tables, snapshot = self._tables, self._snapshot
        has_secrets = tables is not None and any(map(_is_secret, tables.lists.values()))
        return Condition(
            config=ConfigCondition(self._loaded, self._accepted, self._rejected, self._problems),
            lists=lists,
            generation=self.generation,
            published=None if tables is None else tables.created,
            publish_failures=self._failures,
            publish_problem=self.publish_problem,
            snapshot_entries=snapshot.entries if snapshot and not has_secrets else None,
            snapshot_bytes=snapshot.size if snapshot and not has_secrets else None,
            processes=self._processes,
        )


def _is_secret(info: ListInfo) -> bool:
    return info.confidentiality is Confidentiality.SECRET


def _processes_of(tables: Tables) -> tuple[str, ...]:
    """The processes that a generation calls for."""
    workers = tuple(resolver_name(slot) for slot in range(tables.resolver.workers))
    return (*workers, GATEWAY) if tables.gateway.listen else workers
