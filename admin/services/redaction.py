"""What may be told of a list: of a secret one how its updates went, never how large it is or which text serves. Pure.

The one rule for the command line, the API and the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from blocklists.gates import release_advice
from blocklists.model import Confidentiality, ListSource
from blocklists.records import Held, ListState, ListStatus


@dataclass(frozen=True, slots=True)
class Shown:
    """``entries``, ``dispositions`` and ``digest`` are None for a secret list, ``digest`` is empty if nothing serves."""

    entries: int | None
    digest: str | None
    message: str
    dispositions: Mapping[str, int] | None = None


def redacted(source: ListSource, status: ListStatus) -> Shown:
    """The parts of a status that need care."""
    message = message_of(source, status.state, status.message, status.held)
    if source.confidentiality is Confidentiality.SECRET:
        return Shown(None, None, message)
    dispositions = {kind.value: number for kind, number in status.counts.dispositions.items()}
    return Shown(status.entries, status.serving_digest, message, dispositions)


def message_of(source: ListSource, state: ListState, message: str, held: Held | None) -> str:
    """What is said of an attempt. The digest of a held secret version is keyed: it names the version, no text."""
    if source.confidentiality is not Confidentiality.SECRET or state not in _WITHOUT_NUMBERS:
        return message
    advice = f" {release_advice(source.id, held.digest)}" if state is ListState.HELD and held else ""
    return f"{_WITHOUT_NUMBERS[state]}{advice}"


_WITHOUT_NUMBERS = {
    ListState.UNCHANGED: "No change.",
    ListState.ACCEPTED: "A new version serves.",
    ListState.PINNED: "The list was rolled back; an earlier version serves.",
    ListState.HELD: "A new version is held back by the gates.",
}
"""A failure keeps its words: they are about the source, its address and the way to it."""
