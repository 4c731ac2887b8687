"""What each RPZ zone had to say about a checked name, in order. Pure; never a word about a secret list's.

The order of zones and what ends them is ``resolver.policy.zones``'; here its outcome is put into words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from admin.services.behind import ListReader
from blocklists.canonical import from_wire
from blocklists.model import Action, Bit, BitRole
from resolver.policy.model import Masks, Verdict, bits_of
from resolver.policy.verdict import Case, suffixes


@dataclass(frozen=True, slots=True)
class ZoneReport:
    """One zone's trigger: where it is, what it asks for, and what came of it."""

    zone: str
    trigger: str
    asks: str
    said: str


class ZoneView(Protocol):
    """What is asked of a view here."""

    @property
    def masks(self) -> Masks:
        """Which bits mean what."""

    @property
    def bits(self) -> tuple[Bit, ...]:
        """The bits by index."""

    @property
    def reader(self) -> ListReader:
        """The compiled lists."""


_ASKS = {
    Action.ALLOW: "PASSTHRU",
    Action.NXDOMAIN: "NXDOMAIN",
    Action.NODATA: "NODATA",
    Action.DROP: "DROP",
    Action.TCP_ONLY: "TCP-only",
    Action.LOCAL_DATA: "its own records",
    Action.COUNT: "nothing but a count (override: disabled)",
}


def zones_heard(view: ZoneView, case: Case, verdict: Verdict, secret: set[str]) -> tuple[ZoneReport, ...]:
    """One report for each zone that names the client or the name; ``secret`` are the ids of secret lists."""
    masks, policy = view.masks, case.policy
    about = (policy.block | policy.security) & masks.clients
    return tuple(
        ZoneReport(
            masks.actions[bit][0],
            _trigger(view, case, bit),
            _ASKS[masks.actions[bit][1]],
            _said(case, verdict, bit),
        )
        for bit in bits_of((case.listing.bits | about) & masks.zones)
        if masks.actions[bit][0] not in secret
    )


def _said(case: Case, verdict: Verdict, bit: int) -> str:
    policy, masks = case.policy, case.masks
    if bit == verdict.zone:
        return "this decides"
    if verdict.passed >> bit & 1:
        if masks.actions[bit][1] is Action.COUNT:
            return "it is being tried out: counted, and the next zone is asked"
        return "it lets this pass, and the other zones of its kind are silent"
    if not (policy.block | policy.security | masks.illegal) >> bit & 1:
        return "not in force for this profile"
    return "silent: a zone before it, or an earlier step, has spoken"


def _trigger(view: ZoneView, case: Case, bit: int) -> str:
    if view.bits[bit].role is BitRole.CLIENT:
        return "the client's address"
    zone = view.masks.actions[bit][0]
    return next(_owners(view, case, zone), "the name")


def _owners(view: ZoneView, case: Case, zone: str) -> Iterator[str]:
    """The owners by which a zone lists the name, nearest first."""
    names = list(suffixes(case.name))
    for labels, class_id in case.listing.hits:
        is_below = labels < len(names)
        if zone in view.reader.lists_of(class_id, below=is_below):
            owner = from_wire(names[len(names) - labels])
            yield f"*.{owner}" if is_below else owner
