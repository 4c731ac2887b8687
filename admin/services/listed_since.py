"""Since when a list has named what it names, as a sentence beside a check's report. Pure; never about a secret list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from admin.services.check import Checked, CheckReport
from blocklists.canonical import from_wire, to_wire
from blocklists.gates import SHORTEST_DIGEST
from blocklists.ledger import Since
from resolver.policy.verdict import suffixes


def listings(view: Checked, report: CheckReport) -> Iterator[tuple[str, str]]:
    """The lists that the report names, each with the listed name: that asked about or one above it, longest first."""
    names = list(suffixes(to_wire(report.name)))
    for labels, class_id in view.listing(to_wire(report.name)).hits:
        if not 0 < labels <= len(names):
            continue
        for list_id in view.reader.lists_of(class_id, below=labels < len(names)):
            if list_id in report.lists:
                yield list_id, from_wire(names[len(names) - labels])


def since_note(list_id: str, name: str, since: Since) -> str:
    """One listing as a sentence."""
    day = datetime.fromtimestamp(since.at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    version = f" (version {since.version[:SHORTEST_DIGEST]})" if since.version else ""
    return f"List {list_id} has named {name} since {day}{version}{'' if since.exact else ' or before'}."
