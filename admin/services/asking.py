"""The privileged question whether one list has an entry for a name or page, secret lists too (requirement C3).

For one role, with a reason, so many an hour, and each written to the audit events before it is answered: by a keyed
digest of what was asked, never by its text. The answer is yes or no and what enforcement the entry gets; nothing else.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from admin.audit.events import Event, EventKind
from admin.services.actors import Actor, Permission, require
from admin.services.acts import LONGEST_REASON
from admin.services.behind import KnowsLists, lists_behind
from admin.services.errors import InvalidError, Mistake, NotFoundError
from admin.services.subject import QuestionError, Subject, parse_subject
from blocklists.enforcement import Enforced
from blocklists.keyed import keyed_digest
from blocklists.model import Bit, BitRole, Disposition
from blocklists.urls.index import UrlIndex
from resolver.policy.model import Listing, Masks
from resolver.tables.heard import is_heard
from resolver.tables.model import ListInfo, Tables

MOST_AN_HOUR = 30
"""Questions of one person or system: an appeal takes a few, who compiles the list by asking needs thousands."""
_HOUR = 3600.0
LONGEST_QUESTION = 2_048
"""Characters: a URL that any browser would take."""


class TooOftenError(Exception):
    """Somebody has asked too much; ``wait`` is seconds until the next question is answered."""

    def __init__(self, wait: float) -> None:
        super().__init__(
            f"{MOST_AN_HOUR} questions an hour are answered; the next one in {wait / 60:.0f} minutes"
        )
        self.wait = wait


class Records(Protocol):
    """The part of ``admin.store.database.Transaction`` that is used here."""

    def record(self, event: Event, actor: Actor, at: float, /) -> None:
        """Add the event to the transaction."""


class Looked(KnowsLists, Protocol):
    """The part of ``resolver.tables.view.View`` that is asked here."""

    @property
    def tables(self) -> Tables:
        """The generation in force."""

    @property
    def masks(self) -> Masks:
        """Which bits mean what."""

    @property
    def bits(self) -> tuple[Bit, ...]:
        """The bits by index."""

    @property
    def urls(self) -> UrlIndex:
        """The index of pages."""

    def listing(self, wire: bytes, /) -> Listing:
        """What the lists say of a name."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whether the list has an entry for ``text``, a name or a URL; ``reason`` in the words of whoever asks."""

    list_id: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """``disposition`` is None where nothing is listed, or nothing of it is enforced now."""

    list_id: str
    listed: bool
    disposition: Disposition | None = None


class AskLimits:
    """Who has asked how often in the last hour. In memory only: after a restart everybody begins anew."""

    def __init__(self) -> None:
        self._asked: dict[str, deque[float]] = {}

    def take(self, holder: str, now: float) -> None:
        """Count a question of ``holder``; ``now`` is Unix seconds. TooOftenError if it is one too many."""
        self._asked = {who: times for who, times in self._asked.items() if times[-1] > now - _HOUR}
        times = self._asked.setdefault(holder, deque())
        while times and not now - _HOUR < times[0] <= now:
            times.popleft()
        if len(times) >= MOST_AN_HOUR:
            raise TooOftenError(times[0] + _HOUR - now)
        times.append(now)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where questions are answered: the state that is looked into, the key of digests, who has asked how often."""

    view: Looked
    key: bytes
    limits: AskLimits


def ask_list(transaction: Records, actor: Actor, question: Question, at: float, desk: Desk) -> Answer:
    """Record the question, then answer it. ``at`` is Unix seconds.

    DeniedError, InvalidError, NotFoundError or TooOftenError: then nothing is recorded and nothing answered.
    """
    require(actor, Permission.LISTS_SECRET)
    subject = _checked(question)
    info = desk.view.tables.lists.get(question.list_id)
    if info is None:
        raise NotFoundError(f"no list {question.list_id[:80]!r} is in force")
    desk.limits.take(actor.holder or actor.id, at)
    asked = subject.name if subject.url is None else subject.url.text
    detail = {"asked": keyed_digest(desk.key, asked.encode())}
    event = Event(EventKind.LIST_ASKED, question.list_id, reason=question.reason.strip(), detail=detail)
    transaction.record(event, actor, at)
    return _answer(desk.view, info, subject)


def _checked(question: Question) -> Subject:
    if not question.reason.strip():
        raise InvalidError([Mistake("reason", "say why this is asked; it is kept with the audit events")])
    if len(question.reason) > LONGEST_REASON:
        raise InvalidError([Mistake("reason", f"has more than {LONGEST_REASON} characters")])
    try:
        return parse_subject(question.text)
    except QuestionError:  # its words would quote what was asked
        words = "is no name and no web address; write for example bets.example"
        raise InvalidError([Mistake("text", words)]) from None


def _answer(view: Looked, info: ListInfo, subject: Subject) -> Answer:
    if _has_name(view, info, subject.wire):
        is_off = info.enforced is Enforced.NOTHING
        return Answer(info.id, listed=True, disposition=None if is_off else Disposition.DNS)
    found = () if subject.url is None else view.urls.find(subject.url, secret=True)
    hits = [hit for hit in found if hit.list_id == info.id]
    if not any(is_heard(hit, view.tables.lists) for hit in hits):
        return Answer(info.id, listed=bool(hits))
    return Answer(
        info.id,
        listed=True,
        disposition=Disposition.NOT_ENFORCEABLE if subject.is_https else Disposition.URL_FILTER,
    )


def _has_name(view: Looked, info: ListInfo, wire: bytes) -> bool:
    """By the list's own bit if it has one, else by the lists behind the classes, which categories share."""
    listing = view.listing(wire)
    for bit in view.bits:
        if bit.id == info.id and bit.role not in (BitRole.CATEGORY, BitRole.ACTION):
            return bool(listing.bits >> bit.index & 1)
    return info.id in lists_behind(view, wire, listing)
