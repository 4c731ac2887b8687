"""The decision to erase a list: the consents of two persons, or the end of a licence. Pure: lives in, lives out.

What is then done is ``erasing``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from admin.audit.events import Event, EventKind, digest_of
from admin.audit.facts import SECOND_HOLDER
from admin.services.actors import Actor
from admin.services.errors import ConflictError
from blocklists.records import Approval, Erasure, ListLife

TO_ERASE = "erase"
"""What an approval names in place of a version's digest."""
APPROVAL_LASTS = 24 * 3600.0
"""Seconds within which the second person must agree: nobody shall destroy by finding a forgotten consent."""
PERSONS = 2

WithEvent = Callable[[ListLife, Event, Actor], ListLife]
"""``admin.control.lives.Lives.with_event``."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody wants a list erased. ``name`` is what the audit log calls them."""

    list_id: str
    actor: Actor
    name: str
    at: float
    reason: str


def agreed(life: ListLife, wish: Wish, versions: tuple[str, ...], with_event: WithEvent) -> ListLife:
    """The life with one more consent, and with the decision if that was the second. ConflictError if it is decided."""
    if life.erasure is not None:
        raise ConflictError(f"list {wish.list_id} is erased already")
    kept = tuple(
        item
        for item in life.approvals
        if item.digest == TO_ERASE
        and wish.at - item.at <= APPROVAL_LASTS
        and item.holder != wish.actor.holder
    )
    before = kept
    kept = (*kept, Approval(TO_ERASE, wish.actor.holder, wish.at, wish.reason))
    if len(kept) >= PERSONS:
        return begun(life, wish, versions, with_event, before[0].holder)
    detail = {"approvals": len(kept)}
    event = Event(EventKind.LIST_APPROVED, wish.list_id, after=TO_ERASE, reason=wish.reason, detail=detail)
    return with_event(replace(life, approvals=kept), event, wish.actor)


def begun(
    life: ListLife, wish: Wish, versions: tuple[str, ...], with_event: WithEvent, other: str = ""
) -> ListLife:
    """The life of a list that is being erased; ``versions`` are the digests of what is to be destroyed.

    ``other`` is the holder who asked for it first, where two persons had to.
    """
    erasure = Erasure(wish.at, wish.reason, wish.name, versions)
    event = Event(
        EventKind.LIST_ERASING,
        wish.list_id,
        before=digest_of(versions),
        after=digest_of(asdict(erasure)),
        reason=wish.reason,
        detail={"versions": len(versions)} | ({SECOND_HOLDER: other} if other else {}),
    )
    life = replace(life, erasure=erasure, approvals=(), pin=None, suspension=None, announced="", trouble="")
    return with_event(life, event, wish.actor)
