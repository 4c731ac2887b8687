"""An event together with who caused it and when, as it is kept until the database has it. Pure but for the mark.

Whatever keeps one may tell it twice, if it ends between the database and its own record: the mark (``change`` in the
detail) says that it is the same. Neither permissions nor anything else of the moment of asking is kept.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError

from admin.audit.events import Event
from admin.services.actors import Actor

MARK = "change"
"""The key of the mark in an event's detail."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event, who caused it, and when (Unix seconds)."""

    event: Event
    actor: Actor
    at: float


_codec: TypeAdapter[Announcement] = TypeAdapter(Announcement)


def announcement(event: Event, actor: Actor, at: float, mark: str = "") -> str:
    """An event as a record keeps it, in one line. ``mark`` tells it from all others; empty = a random one."""
    marked = replace(event, detail={**event.detail, MARK: mark or secrets.token_hex(8)})
    return _codec.dump_json(Announcement(marked, replace(actor, permissions=frozenset()), at)).decode()


def read_announcement(text: str) -> Announcement | None:
    """What ``announcement`` wrote; None if it is damaged."""
    try:
        return _codec.validate_json(text)
    except ValidationError:
        return None
