"""What the self-test expects of a list, and what an answer means for it. Pure; who asks is ``admin.control.probing``.

A probe counts as good only if the canary gets exactly what an entry of its list gets, and a name that nobody lists does
not: a box that blocks everything, or answers everything in the same way, proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from blocklists.canaries import canary_of
from blocklists.model import Action, Kind, LegalBasis, ListSource
from resolver.policy.model import ReasonKind
from resolver.policy.reasons import REASONS

CONTROL_LABEL = "weir-control"
"""Below a canary, which is listed without what is below it, stands a name that is not listed."""
PAGE = "http"
"""The transport of the stop page; all others carry DNS."""

NOERROR, NXDOMAIN = 0, 3


class Outcome(StrEnum):
    """What one probe found."""

    GOOD = "good"
    WRONG = "wrong"
    """There was an answer, and not the one that an entry of the list gets."""
    SILENT = "silent"
    """No answer came."""
    OFF = "off"
    """Nothing of the list is to be enforced now: it is suspended, or past its maximum age."""
    UNKNOWN = "unknown"
    """It could not be told, the words say why."""


FAILING = frozenset({Outcome.WRONG, Outcome.SILENT})
_WEIGHT = {
    outcome: weight
    for weight, outcome in enumerate(
        (Outcome.GOOD, Outcome.OFF, Outcome.UNKNOWN, Outcome.SILENT, Outcome.WRONG)
    )
}


class State(StrEnum):
    """What a round of probes says of a list."""

    WORKING = "working"
    FAILING = "failing"
    OFF = "off"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Probe:
    """One finding: a list over one transport at one address. ``at`` is Unix seconds, ``seconds`` how long it took."""

    list_id: str
    transport: str
    target: str
    """``host:port`` as the configuration has it; empty where nothing was asked."""
    outcome: Outcome
    words: str
    """Why, for people. Never an entry of a list, nor an address of an answer."""
    at: float
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """What the newest round says of a list. Times are Unix seconds; ``since`` is when the state became what it is."""

    list_id: str
    state: State
    since: float
    at: float
    probes: tuple[Probe, ...] = ()

    @property
    def finding(self) -> str:
        """In one line, what most wants to be known."""
        telling = next((probe for probe in self.probes if probe.outcome in FAILING), None)
        telling = telling or next((probe for probe in self.probes if probe.words), None)
        if telling is None:
            return "the canary is enforced everywhere"
        where = f"{telling.transport} {telling.target}: " if telling.target else ""
        return f"{where}{telling.words}"

    @property
    def by_transport(self) -> dict[str, Outcome]:
        """Over each transport what most wants to be known: a failure first, then what could not be told."""
        found: dict[str, Outcome] = {}
        for probe in self.probes:
            before = found.get(probe.transport, Outcome.GOOD)
            found[probe.transport] = max(before, probe.outcome, key=_WEIGHT.__getitem__)
        return found


@dataclass(frozen=True, slots=True)
class Expected:
    """What enforcement of a list looks like from outside."""

    address: str
    """The only address of the answer; empty for none."""
    rcode: int
    ede: int | None
    """None: whatever code there is, or none."""
    status: int
    """Of the stop page."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The part of a DNS answer that counts: response code, A records, extended errors (RFC 8914)."""

    rcode: int
    addresses: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()


_KINDS: Mapping[Kind, ReasonKind] = MappingProxyType(
    {Kind.CATEGORY: ReasonKind.CATEGORY, Kind.SECURITY: ReasonKind.SECURITY}
)
_ORDERS = (LegalBasis.STATUTE, LegalBasis.COURT)


def expected(source: ListSource, gateway: str) -> Expected | None:
    """What the canary of a list must get; ``gateway`` is the IPv4 address of blocked names. None: it has none."""
    canary = canary_of(source)
    if canary is None:
        return None
    order = source.legal_basis in _ORDERS
    reason = _KINDS.get(source.kind, ReasonKind.ILLEGAL_ORDER if order else ReasonKind.ILLEGAL_VOLUNTARY)
    shown = REASONS[reason]
    own = source.handling.ede
    ede = own if own is not None else None if shown.ede is None else int(shown.ede)
    if canary.action is Action.BLOCK:
        return Expected(gateway, NOERROR, ede, shown.http_status)
    return Expected("", NXDOMAIN if canary.action is Action.NXDOMAIN else NOERROR, ede, shown.http_status)


def control_name(canary: str) -> str:
    """The name that must not be answered as the canary is."""
    return f"{CONTROL_LABEL}.{canary}"


def judge_answer(wanted: Expected, canary: Answer | None, control: Answer | None) -> tuple[Outcome, str]:
    """What two answers mean; None where none came. A failure to resolve the control name is no block."""
    if canary is None:
        return Outcome.SILENT, "no answer"
    if not _is_enforced(wanted, canary):
        return Outcome.WRONG, _difference(wanted, canary)
    if control is not None and _is_enforced(wanted, control):
        return Outcome.WRONG, "a name that no list has is blocked in the same way"
    return Outcome.GOOD, ""


def judge_page(wanted: Expected, canary: int | None, control: int | None) -> tuple[Outcome, str]:
    """The same for HTTP statuses of the stop page."""
    if canary is None:
        return Outcome.SILENT, "the stop page does not answer"
    if canary != wanted.status:
        return Outcome.WRONG, f"the stop page has status {canary}, not {wanted.status}"
    if control == wanted.status:
        return Outcome.WRONG, "the stop page of a name that no list has is the same"
    return Outcome.GOOD, ""


def state_of(outcomes: frozenset[Outcome]) -> State:
    """What a round says of a list: whatever fails anywhere fails."""
    if outcomes & FAILING:
        return State.FAILING
    if Outcome.GOOD in outcomes:
        return State.WORKING
    return State.OFF if Outcome.OFF in outcomes else State.UNKNOWN


def _is_enforced(wanted: Expected, answer: Answer) -> bool:
    addresses = (wanted.address,) if wanted.address else ()
    return (
        answer.rcode == wanted.rcode
        and answer.addresses == addresses
        and (wanted.ede is None or wanted.ede in answer.errors)
    )


def _difference(wanted: Expected, answer: Answer) -> str:
    if answer.rcode != wanted.rcode:
        return f"response code {answer.rcode}, not {wanted.rcode}: the canary is not enforced"
    if answer.addresses != ((wanted.address,) if wanted.address else ()):
        return "not the gateway's address: the canary is not enforced"
    found = ", ".join(map(str, answer.errors)) or "none"
    return f"extended error {found}, not {wanted.ede}: another list or rule answers"
