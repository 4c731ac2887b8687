"""What of an event the public log tells, and what stays behind its commitment.

Public is what ``tellings`` names, made of facts that are checked one by one: an id, a count, a digest, a word out of a
closed set. Whatever else an event has (who in clear text, why in whose words, digests before and after, findings) goes
into the private part. Events of ``tellings.NEVER`` are told nowhere: subscribers, and whatever they or their devices do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from admin.audit.events import Detail, EventKind
from admin.audit.facts import Recorded, actor, fits, second
from admin.audit.tellings import KEY_RETIRED, NEVER, PUBLIC, Telling
from resolver.tlog import canonical
from resolver.tlog.canonical import INTEGERS_BELOW, Json
from resolver.tlog.fields import hash_hex
from resolver.tlog.leaf_types import SHAPES, LeafType
from resolver.tlog.leaves import LeafActor

_LATEST = 9_000_000_000.0
"""Seconds; in the year 2255 microseconds come near the largest integer of the log's JSON."""


@dataclass(frozen=True, slots=True)
class PublicPart:
    """What a leaf tells of an event, besides its place, time, state and commitment."""

    type: LeafType
    actor: LeafActor
    facts: Mapping[str, Json]
    second: LeafActor | None = None
    ref: str = ""


class PublicationError(ValueError):
    """An event that cannot be told: of a kind that this version does not know, or without a fact that its leaf needs."""


def public_part(event: Recorded, actor_key: bytes) -> PublicPart | None:
    """What is public of an event; None: nothing, ever. ``actor_key`` is the secret key of pseudonyms.

    PublicationError: this version cannot tell it; nothing of it may then be left out of the log by silence.
    """
    kind = _kind(event)
    if kind in NEVER:
        return None
    telling = _telling(kind, event)
    ref = event.detail.get("ref")
    return PublicPart(
        type=telling.type,
        actor=actor(event, actor_key),
        facts=_facts(telling, event, actor_key),
        second=second(event, actor_key),
        ref=ref if isinstance(ref, str) and fits(hash_hex, ref) else "",
    )


def private_part(event: Recorded) -> bytes:
    """Canonical JSON of the whole event: what ``priv`` of its leaf commits to.

    ``at_us`` is its own time in microseconds. A number that the log's JSON has no form for is written as text.
    """
    return canonical.encode(
        {
            "actor": {
                "holder": _text(event.holder),
                "id": _text(event.actor_id),
                "kind": _text(event.actor_kind),
            },
            "after": _text(event.after),
            "at_us": _microseconds(event.at),
            "before": _text(event.before),
            "detail": {_key(key): _private(value) for key, value in event.detail.items()},
            "kind": _text(event.kind),
            "reason": _text(event.reason),
            "sequence": event.sequence,
            "subject": _text(event.subject),
            "v": 1,
        }
    )


def _kind(event: Recorded) -> EventKind:
    try:
        return EventKind(event.kind)
    except ValueError as error:
        raise PublicationError(
            f"event {event.sequence} is of a kind that this version does not know"
        ) from error


def _telling(kind: EventKind, event: Recorded) -> Telling:
    if kind is EventKind.LOG_ROTATED and event.detail.get("step") == "retire":
        return KEY_RETIRED
    return PUBLIC[kind]


def _facts(telling: Telling, event: Recorded, actor_key: bytes) -> dict[str, Json]:
    """The facts that fit their place. An optional one that does not is left out."""
    shape = SHAPES[telling.type]
    found: dict[str, Json] = {}
    for key, draw in telling.facts.items():
        check = shape.required.get(key) or shape.optional[key]
        value = draw(event, actor_key)
        if value is not None and fits(check, value):
            found[key] = value
    if missing := shape.required.keys() - found.keys():
        raise PublicationError(f"event {event.sequence} ({event.kind}) has no {sorted(missing)[0]!r}")
    return found


def _microseconds(at: float) -> int:
    """A clock that is far out must not make an event that can never be told."""
    return round(max(0.0, min(at, _LATEST)) * 1_000_000)


def _key(name: str) -> str:
    """A key of the log's JSON: what is not ASCII is written out."""
    return name if name.isascii() and name.isidentifier() else ascii(name)[1:-1]


def _private(value: Detail) -> Json:
    if isinstance(value, float) or (isinstance(value, int) and not -INTEGERS_BELOW < value < INTEGERS_BELOW):
        return repr(value)
    return _text(value) if isinstance(value, str) else value


def _text(value: str) -> str:
    """Text that has a UTF-8 form: half of a surrogate pair, which a database may hand out, is written out."""
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
