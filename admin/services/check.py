"""The verdict on a name for somebody, with every step to it. The same code as the data plane's decides.

Rule: nothing here tells a secret illegal-content list from a security list. On a box with a secret list both are
reported in the same words, without list, category or step.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Protocol

from admin.config import Config
from admin.services.behind import KnowsLists, lists_behind
from admin.services.check_pages import KnowsPages, PageReport, check_page
from admin.services.check_words import HIDDEN, HIDDEN_REASON, Words
from admin.services.check_zones import ZoneReport, zones_heard
from admin.services.subject import Subject, parse_subject
from admin.services.who import Client, KnowsClients, find_client
from blocklists.model import Bit, Confidentiality, Kind
from resolver.answer.codes import ede_of, list_codes
from resolver.policy.model import Listing, Masks, ReasonKind, Step, Verdict, VerdictAction, bits_of
from resolver.policy.reasons import REASONS
from resolver.policy.verdict import Case, explain

URL_NOTE = (
    "Entries for single pages never block a host: the verdict on the host and that on the page stand apart."
)


class Checked(KnowsClients, KnowsPages, KnowsLists, Protocol):
    """The part of ``resolver.tables.view.View`` that is asked here."""

    @property
    def masks(self) -> Masks:
        """Which bits mean what."""

    @property
    def bits(self) -> tuple[Bit, ...]:
        """The bits by index."""

    def listing(self, wire: bytes, /) -> Listing:
        """What the lists say of a name."""


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step of the decision in plain words. ``step`` is its place in the order of precedence, from 1."""

    step: int
    title: str
    said: str
    decided: bool


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The verdict on one name for one client at one moment. Stable: the JSON of CLI and API.

    ``action`` is allow, block, rewrite or refuse; ``reason`` a word of ``ReasonKind``, or ``illegal-or-security`` where
    a secret list may be behind it (``step`` is then None). ``ede`` and ``http_status`` are None unless blocked or
    refused. ``at`` is Unix seconds.
    """

    asked: str
    name: str
    subscriber: str
    profile: str
    address: str
    at: float
    generation: int
    action: str
    reason: str
    step: int | None
    summary: str
    answer: str
    ede: int | None
    http_status: int | None
    category: str
    lists: tuple[str, ...]
    steps: tuple[StepReport, ...]
    notes: tuple[str, ...]
    zones: tuple[ZoneReport, ...] = ()
    """What each RPZ zone said that names the client or the name, in their order."""
    page: PageReport | None = None
    """The verdict on the page, where one was asked about; ``action`` is that on its host."""

    @property
    def allowed(self) -> bool:
        """The client gets an answer to go on with: the name's own, or a search engine's safe mode."""
        return self.action in {VerdictAction.ALLOW, VerdictAction.REWRITE, VerdictAction.STEER}

    def as_dict(self) -> dict[str, object]:
        """For JSON: plain values only."""
        return asdict(self)


def check(
    view: Checked,
    name_or_url: str,
    *,
    config: Config,
    subscriber: str | None = None,
    address: str | None = None,
    now: float,
) -> CheckReport:
    """Decide as the data plane would. QuestionError or UndecidableError as ``parse_subject`` and ``find_client``."""
    subject = parse_subject(name_or_url)
    client = find_client(config, view, subscriber=subscriber, address=address)
    if client.policy is None:
        return _refused(view, name_or_url, subject, client, now)
    case = Case(subject.wire, view.listing(subject.wire), client.policy, view.masks, now)
    words = Words(view.tables, view.bits, case)
    walked = explain(case)
    verdict = walked[-1][1]
    assert verdict is not None, "explain ends with the step that speaks"
    hidden = _is_hidden(view, verdict)
    shown = REASONS.get(verdict.reason.kind) if verdict.action is VerdictAction.BLOCK else None
    return CheckReport(
        asked=name_or_url,
        name=subject.name,
        subscriber=client.subscriber,
        profile=client.profile,
        address=client.address,
        at=now,
        generation=view.tables.generation,
        action=verdict.action.value,
        reason=HIDDEN_REASON if hidden else verdict.reason.kind.value,
        step=None if hidden else int(verdict.reason.step),
        summary=HIDDEN if hidden else words.decided(verdict),
        answer=words.answer(verdict),
        ede=None if shown is None else ede_of(verdict, list_codes(view.tables.lists, view.bits, view.masks)),
        http_status=None if shown is None else shown.http_status,
        category="" if hidden else words.category(verdict),
        lists=() if hidden else _lists(view, case, verdict),
        steps=_hidden_steps() if hidden else _steps(words, walked),
        notes=_notes(subject),
        zones=() if hidden else zones_heard(view, case, verdict, _secret_lists(view)),
        page=None
        if subject.url is None
        else check_page(view, subject.url, is_https=subject.is_https, host=case, verdict=verdict),
    )


def _refused(view: Checked, asked: str, subject: Subject, client: Client, now: float) -> CheckReport:
    """The report for somebody who is not served: no policy is asked."""
    shown = REASONS[ReasonKind.NOT_SERVED]
    summary = (
        "This client is not served here: it is no subscriber, and its network is not in resolver.allow_from."
    )
    return CheckReport(
        asked=asked,
        name=subject.name,
        subscriber=client.subscriber,
        profile=client.profile,
        address=client.address,
        at=now,
        generation=view.tables.generation,
        action=VerdictAction.REFUSE.value,
        reason=ReasonKind.NOT_SERVED.value,
        step=None,
        summary=summary,
        answer="REFUSED, whatever the type",
        ede=None if shown.ede is None else int(shown.ede),
        http_status=None,
        category="",
        lists=(),
        steps=(),
        notes=_notes(subject),
    )


def _is_hidden(view: Checked, verdict: Verdict) -> bool:
    bit = verdict.reason.bit
    if verdict.action is not VerdictAction.BLOCK or bit is None:
        return False
    if verdict.reason.step is Step.ILLEGAL:
        return _is_secret(view, view.bits[bit].id)
    if verdict.reason.step is not Step.SECURITY:
        return False
    return any(
        info.kind is Kind.ILLEGAL and info.confidentiality is Confidentiality.SECRET
        for info in view.tables.lists.values()
    )


def _secret_lists(view: Checked) -> set[str]:
    return {list_id for list_id, _ in view.masks.actions.values() if _is_secret(view, list_id)}


def _is_secret(view: Checked, list_id: str) -> bool:
    info = view.tables.lists.get(list_id)
    return info is None or info.confidentiality is Confidentiality.SECRET


def _lists(view: Checked, case: Case, verdict: Verdict) -> tuple[str, ...]:
    """The lists that named the name and feed the bit that decided; never a secret one."""
    bit = verdict.reason.bit
    if bit is None:
        return ()
    behind = lists_behind(view, case.name, case.listing)
    let_pass = {view.masks.actions[zone][0] for zone in bits_of(verdict.passed)}
    feeding = {name for name in behind - let_pass if view.masks.feeds.get(name, 0) >> bit & 1}
    return tuple(sorted(name for name in feeding if not _is_secret(view, name)))


def _steps(words: Words, walked: list[tuple[Step, Verdict | None]]) -> tuple[StepReport, ...]:
    return tuple(
        StepReport(int(step), words.title(step), words.said(step, verdict), verdict is not None)
        for step, verdict in walked
    )


def _hidden_steps() -> tuple[StepReport, ...]:
    return (StepReport(1, "illegal content and security", HIDDEN, decided=True),)


def _notes(subject: Subject) -> tuple[str, ...]:
    return () if subject.url is None else (URL_NOTE,)
