"""What is decided about the log itself, as events: they wait and go in like all others, so no crash loses half of one. Pure."""

from __future__ import annotations

from admin.audit.events import Event, EventKind


def key_added(origin: str, vkey: str, reason: str) -> Event:
    """Another key is to sign from now on."""
    return Event(EventKind.LOG_ROTATED, origin, reason=reason, detail={"step": "add", "vkey": vkey})


def key_retired(origin: str, vkey: str, reason: str) -> Event:
    """A key signs no more."""
    return Event(EventKind.LOG_ROTATED, origin, reason=reason, detail={"step": "retire", "vkey": vkey})


def log_closed(origin: str, following: str, why: str, reason: str, vkey: str = "") -> Event:
    """A log ends; ``why`` is year, compromise or other. ``vkey``: the key of the log that follows, if this one may vouch for
    it.
    """
    key = {"vkey": vkey} if vkey else {}
    return Event(EventKind.LOG_CLOSED, origin, reason=reason, detail={"why": why, "next": following, **key})
