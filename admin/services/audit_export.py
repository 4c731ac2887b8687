"""Events on their way to other systems: in order, each one final, so that the same cursor always gives the same lines.

An event is exported once the public log has looked at it: only then is it sure whether it has a leaf, and which. While the
log stands still, so does the export. Without a log everything is final at once.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from admin.audit.exports.record import Exported
from admin.services.actors import Actor
from admin.services.acts import MOST_PER_PAGE
from admin.services.events import Filter, Recorded, last_looked_at, list_events
from admin.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Cut:
    """Which part is wanted: at most ``limit`` events behind the sequence ``after``, from ``since`` (Unix seconds) on."""

    after: int = 0
    limit: int = MOST_PER_PAGE
    since: float | None = None


async def export_events(transaction: Transaction, actor: Actor, node: str, page: Cut) -> tuple[Exported, ...]:
    """One part of all events, oldest first. DeniedError. ``node`` is the box that exports."""
    events = await list_events(transaction, actor, page.after, page.limit, Filter(since=page.since))
    until = await last_looked_at(transaction)
    return tuple(_exported(node, event) for event in events if until is None or event.sequence <= until)


def _exported(node: str, event: Recorded) -> Exported:
    facts = asdict(event)
    facts["detail"] = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in event.detail.items()
    }
    return Exported(node=node, **facts)
