"""What every event about a list says of the list itself: who gives it out, and on which legal basis. Pure."""

from __future__ import annotations

from dataclasses import replace

from admin.audit.events import Detail, Event
from blocklists.model import ListSource
from blocklists.properties import Attribution


def about(source: ListSource) -> dict[str, Detail]:
    """The facts of a list that the public log tells with each of its events; no authority that must not be named."""
    authority = "" if source.handling.attribution is Attribution.FORBIDDEN else source.authority
    return {"authority": authority, "basis": source.legal_basis.value}


def with_facts(event: Event, source: ListSource | None) -> Event:
    """The event with the facts of its list, if that is known."""
    return event if source is None else replace(event, detail={**about(source), **event.detail})
