"""The values of a decision: policy, rule, grant, verdict, reason. Frozen; the rules are in ``verdict``.

Names inside this room are lower-case DNS wire names without compression (``b"\\x04bets\\x07example\\x00"``): the form
that a query has, so that nothing is converted per query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from blocklists.model import Action as ListAction


class Step(IntEnum):
    """The steps of a decision in order of precedence; the first that speaks wins (DESIGN.md section 5)."""

    ILLEGAL = 1
    PROTECTED = 2
    GRANT = 3
    RULE = 4
    PAUSE = 5
    SECURITY = 6
    CATEGORY = 7
    SAFE_SEARCH = 8
    DEFAULT = 9


class VerdictAction(StrEnum):
    """What is done with a query."""

    ALLOW = "allow"
    BLOCK = "block"
    REWRITE = "rewrite"
    STEER = "steer"
    REFUSE = "refuse"


class ReasonKind(StrEnum):
    """Why; decides EDE code, HTTP status and the words on the stop page (``reasons.REASONS``)."""

    ILLEGAL_VOLUNTARY = "illegal-voluntary"
    ILLEGAL_ORDER = "illegal-order"
    SECURITY = "security"
    CATEGORY = "category"
    OWN_RULE = "own-rule"
    PAUSED = "paused"
    ALLOW_ONLY = "allow-only"
    NOT_SERVED = "not-served"
    PROTECTED = "protected"
    GRANT = "grant"
    SAFE_SEARCH = "safe-search"
    NOT_LISTED = "not-listed"


@dataclass(frozen=True, slots=True)
class Reason:
    """The step that spoke and what it spoke about. ``bit`` is the class bit (list or category), if one did."""

    step: Step
    kind: ReasonKind
    bit: int | None = None
    rule: bytes = b""
    """The wire name of the subscriber's rule, grant or safe-search entry that matched."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on one name for one policy at one moment."""

    action: VerdictAction
    reason: Reason
    answer: ListAction = ListAction.BLOCK
    """How a block is answered: BLOCK = the reason's own form, else the action that an RPZ list asked for."""
    target: bytes = b""
    """REWRITE: the wire name to answer with."""
    zone: int | None = None
    """The ACTION or CLIENT bit that blocked, if one did."""
    silenced: int = 0
    """The bits of zones that are out for the rest of the query (``zones``)."""
    passed: int = 0
    """The bits of zones that have let this pass, or only counted it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A subscriber's own allow or deny of a name; ``below`` extends it to all names under it."""

    allow: bool
    below: bool = True


@dataclass(frozen=True, slots=True)
class Grant:
    """An approved, timed exception for a name and all below it; ``until`` is Unix seconds."""

    name: bytes
    until: float


@dataclass(frozen=True, slots=True)
class Policy:
    """A profile compiled for this moment. Masks have bit ``1 << Bit.index`` of the snapshot's bits."""

    number: int
    block: int = 0
    """Category bits that are blocked."""
    security: int = 0
    """Security-list bits that apply (an operator may let account holders switch them off)."""
    allow_only: bool = False
    """Whatever is not allowed by a rule or by ``only`` is blocked."""
    only: int = 0
    """Category bits that an allow-only policy lets through."""
    paused: bool = False
    """Everything but protected names is off."""
    rules: Mapping[bytes, tuple[Rule, ...]] = field(default_factory=dict)
    grants: tuple[Grant, ...] = ()
    safe_search: Mapping[bytes, bytes] = field(default_factory=dict)
    """Exact name → name to answer with."""


@dataclass(frozen=True, slots=True)
class Masks:
    """Which bits mean what, taken from the snapshot's bit plan once per generation."""

    illegal: int = 0
    illegal_orders: int = 0
    """The illegal-list bits whose legal basis is statute or court."""
    protected: int = 0
    security: int = 0
    categories: int = 0
    actions: Mapping[int, tuple[str, ListAction]] = field(default_factory=dict)
    """ACTION or CLIENT bit index → (list id, action)."""
    zones: int = 0
    """All ACTION and CLIENT bits. Those of illegal lists are in ``illegal`` (and ``illegal_orders``) as well."""
    clients: int = 0
    """The CLIENT bits: only policies have them, in ``block`` or ``security``."""
    peers: Mapping[int, int] = field(default_factory=dict)
    """By the index of an ACTION or CLIENT bit: the bits of all zones of its kind; of an illegal list its own alone."""
    feeds: Mapping[str, int] = field(default_factory=dict)
    """List id → mask of the category, illegal or security bits that this list sets."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What the snapshot says of one name or address: the union of its listed suffixes' bits."""

    bits: int = 0
    hits: tuple[tuple[int, int], ...] = ()
    """(labels or prefix length, class id), longest first: for explanations."""


UNLISTED = Listing()


def bits_of(mask: int) -> Iterator[int]:
    """The indexes of the set bits, lowest first."""
    while mask:
        value = mask & -mask
        mask ^= value
        yield value.bit_length() - 1
