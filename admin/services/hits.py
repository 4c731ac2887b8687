"""What is told of lists' hits: counts by hour, and for lists that log by name the last hits themselves.

Rule 1: a number below FLOOR is not told; who sees single hits come and go learns what somebody asked for.
Rule 2: of a secret list only hours that are over are told, so that nobody can try a name and look.
Rule 3: nothing here says who asked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from admin.config import Config
from blocklists.model import Action, BitRole, Confidentiality
from blocklists.properties import LogPolicy
from resolver.hit_log import Hit, hit_log_path, read_hit_log
from resolver.hits import HitKey, read_hits

FLOOR = 10
"""Hits in an hour below which no number is told (requirement G1)."""
HOUR = 3_600
HOURS_KEPT = 48
SHOWN_HITS = 100


@dataclass(frozen=True, slots=True)
class HourOfHits:
    """``since`` is Unix seconds; ``hits`` by action, None = fewer than FLOOR."""

    since: int
    hits: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class HitReport:
    """What is told of one list. ``shared`` are the categories whose plain entries are counted together with other
    lists'; ``recent`` is empty unless the list logs by name.
    """

    list_id: str
    hours: tuple[HourOfHits, ...]
    shared: tuple[str, ...] = ()
    recent: tuple[Hit, ...] = ()


class HitHistory:
    """Hits by hour since control has started, from the workers' pages. Not thread-safe."""

    def __init__(self) -> None:
        """Knows nothing yet: what pages say at the first look was counted before."""
        self._seen: dict[Path, Counter[HitKey]] | None = None
        self._hours: dict[int, Counter[HitKey]] = defaultdict(Counter)

    def look(self, run: Path, now: float) -> None:
        """Take what the pages say now; to be called several times an hour. ``now`` is Unix seconds."""
        pages = read_hits(run)
        if self._seen is not None:
            hour = self._hours[int(now) // HOUR]
            for path, page in pages.items():
                hour.update(_more(page, self._seen.get(path, Counter())))
        self._seen = pages
        for hour_number in [number for number in self._hours if number <= int(now) // HOUR - HOURS_KEPT]:
            del self._hours[hour_number]

    def report(self, config: Config, list_id: str, run: Path, now: float) -> HitReport:
        """What may be told of a configured list. KeyError if it is none."""
        item = {item.id: item for item in config.lists}[list_id]
        if item.log_policy is LogPolicy.NONE:
            return HitReport(list_id, ())
        is_secret = item.confidentiality is Confidentiality.SECRET
        present = int(now) // HOUR
        hours = tuple(
            HourOfHits(number * HOUR, _told(hits, list_id, item.categories))
            for number, hits in sorted(self._hours.items())
            if number < present or not is_secret
        )
        shared = tuple(
            category
            for category in item.categories
            if sum(category in other.categories for other in config.lists) > 1
        )
        recent = _recent(run, list_id) if item.log_policy is LogPolicy.NAMES and not is_secret else ()
        return HitReport(list_id, hours, shared, recent)


def _more(page: Counter[HitKey], before: Counter[HitKey]) -> Counter[HitKey]:
    """What was added; a page that begins anew has all of it added."""
    begun_anew = any(page[key] < count for key, count in before.items())
    return page if begun_anew else page - before


def action_word(action: Action) -> str:
    """What people call an action: an exception of a zone is passthru, a trial's hit count."""
    return "passthru" if action is Action.ALLOW else action.value


def _told(hits: Counter[HitKey], list_id: str, categories: tuple[str, ...]) -> dict[str, int | None]:
    """By action."""
    own: Counter[str] = Counter()
    for key, count in hits.items():
        is_own = key.id in categories if key.role is BitRole.CATEGORY else key.id == list_id
        if is_own and count:
            own[action_word(key.action)] += count
    return {action: count if count >= FLOOR else None for action, count in sorted(own.items())}


def _recent(run: Path, list_id: str) -> tuple[Hit, ...]:
    found = [
        hit
        for path in run.glob(hit_log_path(Path(), 0).name.replace("0", "*"))
        for hit in read_hit_log(path)
        if hit.list_id == list_id
    ]
    return tuple(sorted(found, key=lambda hit: hit.second)[-SHOWN_HITS:])
