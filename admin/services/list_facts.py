"""What every event about a list says of the list itself: who gives it out, and on which legal basis. Pure."""

from __future__ import annotations

from dataclasses import replace

from admin.audit.events import Detail, Event
from blocklists.model import Confidentiality, ListSource
from blocklists.properties import Attribution, Publish


def about(source: ListSource) -> dict[str, Detail]:
    """The facts of a list that the public log tells with each of its events; no authority that must not be named. By
    ``publish`` the log knows whether numbers are among them.
    """
    authority = "" if source.handling.attribution is Attribution.FORBIDDEN else source.authority
    publish = source.handling.publish if tells_numbers(source) else Publish.NONE
    return {"authority": authority, "basis": source.legal_basis.value, "publish": publish.value}


def tells_numbers(source: ListSource) -> bool:
    """Whether the number of a list's entries is public: of a secret one only if its ``publish`` says ``count``."""
    if source.confidentiality is Confidentiality.SECRET:
        return source.handling.publish is Publish.COUNT
    return source.handling.publish is not Publish.NONE


def with_facts(event: Event, source: ListSource | None) -> Event:
    """The event with the facts of its list, if that is known."""
    return event if source is None else replace(event, detail={**about(source), **event.detail})
