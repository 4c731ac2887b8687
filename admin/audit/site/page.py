"""The page itself, in every language, out of the sums of a log and the manifest in force. Pure once it is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from admin.audit.printed_pages import PrintedPages
from admin.audit.site import charts
from admin.audit.site.folding import LIMITS, LISTS, LOOKS, ROUTINE, RULES
from admin.audit.site.sums import Happening, ListLife, Sums, Updates
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.manifests import ListState, Manifest

FOLDER = Path(__file__).with_name("page")
SHOWN = 15
"""Happenings that are seen at once; the others open at a click."""
MOST_CHARTS = 12
"""Lists whose entries are drawn; the table has all of them."""
_DAY = 86_400
_KINDS = ("illegal", "security", "category", "protected", "")
_SHOWN_GROUPS = (LISTS, LIMITS, RULES, LOOKS)


@dataclass(frozen=True, slots=True)
class Operator:
    """What the operator says of itself; any of it may be empty."""

    name: str = ""
    contact: str = ""
    """A mail address or telephone number."""
    policy: str = ""
    """A web address that explains what is filtered and why."""
    address: str = ""
    """Where others find the log."""


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that the page shows."""

    sums: Sums
    checkpoint: Checkpoint
    note: str
    """The signed checkpoint as it stands."""
    manifest: Manifest | None
    """The state in force; None before there was one."""
    keys: Sequence[str]
    """The verifier keys."""
    verifier: str
    """SHA-256 of ``verify.py``."""
    operator: Operator
    earlier: Sequence[str] = ()
    """The labels of earlier logs, the newest first."""
    reports: bool = False
    """Whether there are any."""


class SitePages(PrintedPages):
    """The page in every language. OSError or ValueError if the installation is damaged."""

    def __init__(self) -> None:
        super().__init__(FOLDER, "site")

    def render(self, site: Site, tag: str) -> str:
        """The page in the language ``tag``, one of ``languages``."""
        sums, manifest = site.sums, site.manifest
        lists = manifest.lists if manifest is not None else {}
        drawn = _drawn(sums, lists)
        return self.fill(
            tag,
            site=site,
            sums=sums,
            manifest=manifest,
            languages=self.languages,
            charts=charts,
            kinds=_by_kind(sums, lists),
            happenings=[(item, _name(item, lists)) for item in reversed(sums.happenings)],
            shown=SHOWN,
            updates=_updates(sums, lists),
            months=sorted(sums.months.items()),
            most=max(
                (sum(counts.get(group, 0) for group in _SHOWN_GROUPS) for counts in sums.months.values()),
                default=0,
            ),
            groups=_SHOWN_GROUPS,
            routine=ROUTINE,
            drawn=drawn[:MOST_CHARTS],
            counted=[(name, by_month(life.counts, sums.last // _DAY)) for _, name, life in drawn],
            silences=[(item.begin, item.end) for item in sums.silences],
            serving=sum(state == sums.state for state in sums.nodes.values()),
            iso=_iso,
            stopped=sum(item.enf != "all" for item in lists.values()),
        )


@cache
def pages() -> SitePages:
    """Loaded when somebody first asks."""
    return SitePages()


def by_month(counts: Mapping[int, int], until: int) -> dict[str, int]:
    """The number at the end of each month, from the first to that of the day ``until``."""
    found: dict[str, int] = {}
    days = sorted(counts)
    for place, day in enumerate(days):
        stop = days[place + 1] if place + 1 < len(days) else until + 1
        for inside in range(day, max(day, stop - 1) + 1):
            found[f"{datetime.fromtimestamp(inside * _DAY, UTC):%Y-%m}"] = counts[day]
    return found


def _by_kind(
    sums: Sums, lists: Mapping[str, ListState]
) -> list[tuple[str, list[tuple[str, ListState, ListLife | None]]]]:
    """The lists of each kind, in the order in which they decide."""
    found = []
    for kind in _KINDS:
        rows = [(name, item, sums.lists.get(name)) for name, item in lists.items() if item.kind == kind]
        if rows:
            found.append((kind, rows))
    return found


def _drawn(sums: Sums, lists: Mapping[str, ListState]) -> list[tuple[str, str, ListLife]]:
    """Id, title and life of the public lists whose entries were counted."""
    found: list[tuple[str, str, ListLife]] = []
    for name, item in lists.items():
        life = sums.lists.get(name)
        if item.conf == "public" and life is not None and life.counts:
            found.append((name, item.title or name, life))
    return found


def _updates(sums: Sums, lists: Mapping[str, ListState]) -> list[tuple[str, str, Updates]]:
    """Month, title and new versions of each list, of the newest month and the one before."""
    months = sorted(sums.months, reverse=True)[:2]
    return [
        (month, (lists[name].title if name in lists else "") or name, found[month])
        for month in months
        for name, found in sorted(sums.updates.items())
        if month in found
    ]


def _name(item: Happening, lists: Mapping[str, Any]) -> str:
    known = lists.get(item.subject) if item.type.startswith("list.") or item.type == "canary" else None
    return known.title if known is not None and known.title else item.subject


def _iso(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
