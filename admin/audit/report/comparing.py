"""Two reports beside each other: every count that both have, by the same key. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from admin.audit.report.model import Document

_COMPARED = ("lists", "latency", "acts", "counters", "dsa", "iwf")
"""Parts that have counts; the rest has times and names."""


class ComparisonError(ValueError):
    """Two documents that cannot be compared, in words."""


def compare(now: Document, before: Document) -> Document:
    """The counts of two reports. Those that one has alone are named. ComparisonError."""
    for document in (now, before):
        if document.get("format") != now.get("format") or "period" not in document:
            raise ComparisonError("the other file is not a report of this format (JSON)")
    if len({document["log"]["origin"].partition("/")[0] for document in (now, before)} - {""}) > 1:
        raise ComparisonError("the two reports are about logs of different operators")
    counts = [dict(_counts(document)) for document in (now, before)]
    return {
        "with": before["period"],
        "days": [now["counters"]["days"], before["counters"]["days"]],
        "counts": {
            key: {"now": counts[0][key], "before": counts[1][key]}
            for key in sorted(counts[0].keys() & counts[1].keys())
        },
        "only_now": sorted(counts[0].keys() - counts[1].keys()),
        "only_before": sorted(counts[1].keys() - counts[0].keys()),
    }


def _counts(document: Document) -> Iterator[tuple[str, int | None]]:
    for part in _COMPARED:
        yield from _below(part, document.get(part))


def _below(key: str, value: object) -> Iterator[tuple[str, int | None]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _below(f"{key}/{name}", item)
    elif value is None or (isinstance(value, int) and not isinstance(value, bool)):
        yield key, value
