"""What is announced of a list's updates: a new version, one that is held, the first of a row of failures. Pure.

Of a secret list no number but one that is published: who reads the events is told no more of its size than who asks for
its status.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from admin.audit.events import Detail, Event, EventKind
from admin.services.actors import Actor, ActorKind
from admin.services.announced import announcement
from admin.services.list_facts import tells_numbers, with_facts
from blocklists.model import Confidentiality, ListSource
from blocklists.properties import Publish
from blocklists.records import Held, ListLife, Serving
from blocklists.sync import CONFIRMING, ListState, RefreshOutcome

_FAILED = "failed"
_LONGEST = 500
"""Characters of a message that an event carries."""


@dataclass(frozen=True, slots=True)
class News:
    """What is known of a version beside its record."""

    feed: str = ""
    """The commitment to what the source sent."""
    moved: tuple[int, int] | None = None
    """How many entries came and how many went, against the version that was announced before; None where such numbers
    are told to nobody.
    """


NO_NEWS = News()


def noted(  # noqa: PLR0913 - what was found out, each by name
    life: ListLife,
    source: ListSource,
    outcome: RefreshOutcome,
    newest: Serving | None,
    held: Held | None,
    now: float,
    news: News = NO_NEWS,
) -> ListLife | None:
    """The life with what is new announced; None if nothing is.

    ``newest`` is the version that was accepted last, ``news`` is about it, ``held`` is the one that waits, ``now`` Unix
    seconds.
    """
    events: list[Event] = []
    announced, trouble = life.announced, life.trouble
    if newest is not None and newest.digest != announced:
        events.append(_with_news(_synced(source, announced, newest), source, news))
        announced = newest.digest
    if outcome.state is ListState.HELD and held is not None and trouble != held.digest:
        events.append(_held(source, held))
        trouble = held.digest
    elif outcome.state is ListState.FAILED and trouble != _FAILED:
        events.append(Event(EventKind.LIST_FAILED, source.id, detail={"message": outcome.message[:_LONGEST]}))
        trouble = _FAILED
    elif outcome.state in CONFIRMING:
        trouble = ""
    if not events and trouble == life.trouble:
        return None
    actor = Actor.of_the_box(ActorKind.SYNC, source.id)
    told = tuple(announcement(with_facts(event, source), actor, now) for event in events)
    return replace(life, announced=announced, trouble=trouble, pending=(*life.pending, *told))


def _held(source: ListSource, held: Held) -> Event:
    gates = ", ".join(failure.gate for failure in held.failures)
    detail: dict[str, Detail] = {"version": held.digest, "gates": gates}
    if source.confidentiality is not Confidentiality.SECRET:
        detail["entries"] = held.counts.entries
    return Event(EventKind.LIST_HELD, source.id, detail=detail)


def _synced(source: ListSource, before: str, newest: Serving) -> Event:
    if source.confidentiality is Confidentiality.SECRET:
        told: dict[str, Detail] = {"entries": newest.counts.entries} if tells_numbers(source) else {}
        return Event(EventKind.LIST_SYNCED, source.id, before=before, after=newest.digest, detail=told)
    detail: dict[str, Detail] = {
        "entries": newest.counts.entries,
        "rejected": newest.counts.lines - newest.counts.accepted - newest.counts.duplicate,
        "bytes": newest.size,
    }
    detail |= {f"entries_{kind}": number for kind, number in newest.counts.dispositions.items()}
    return Event(EventKind.LIST_SYNCED, source.id, before=before, after=newest.digest, detail=detail)


def _with_news(event: Event, source: ListSource, news: News) -> Event:
    """With what came and went, as far as numbers may be told, and the commitment by which the list's publisher can check
    what was applied, where even that may be published.
    """
    detail: dict[str, Detail] = dict(event.detail)
    if news.moved is not None and (
        source.confidentiality is not Confidentiality.SECRET or tells_numbers(source)
    ):
        detail |= {"added": news.moved[0], "removed": news.moved[1]}
    if news.feed and source.handling.publish is Publish.ROOT:
        detail["ref"] = news.feed
    return replace(event, detail=detail)
