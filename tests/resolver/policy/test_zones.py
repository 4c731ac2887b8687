"""Which zone has a say: the order of zones and stages, as a table of cases.

Three security zones A, B and C stand in this order, then the plain list M; the zone K is a category's, the zones X and Y
are illegal lists. A word is what one of them says: ``B:nx`` at the part itself, ``B@nx`` about the client.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.model import Action, Bit, BitRole, Confidentiality, Kind, LegalBasis
from resolver.policy.model import Listing, Masks, Policy, Step, VerdictAction
from resolver.policy.verdict import Case, Part, decide, explain
from resolver.policy.zones import hear
from resolver.tables.model import ListInfo, Tables
from resolver.tables.view import masks_of

KINDS = {
    "A": Kind.SECURITY,
    "B": Kind.SECURITY,
    "X": Kind.ILLEGAL,
    "K": Kind.CATEGORY,
    "C": Kind.SECURITY,
    "Y": Kind.ILLEGAL,
    "M": Kind.SECURITY,
    "P": Kind.PROTECTED,
}
"""In the order of the configuration; M and P are plain."""
ACTIONS = {
    "nx": Action.NXDOMAIN,
    "drop": Action.DROP,
    "pass": Action.ALLOW,
    "tcp": Action.TCP_ONLY,
    "count": Action.COUNT,
}
ROLES = {Kind.SECURITY: BitRole.SECURITY, Kind.ILLEGAL: BitRole.ILLEGAL, Kind.PROTECTED: BitRole.PROTECTED}


def _plan() -> tuple[Bit, ...]:
    own = [
        (ROLES.get(kind, BitRole.CATEGORY), id_ if kind in ROLES else "topic", Action.BLOCK)
        for id_, kind in KINDS.items()
    ]
    own.sort(
        key=lambda bit: [BitRole.ILLEGAL, BitRole.PROTECTED, BitRole.SECURITY, BitRole.CATEGORY].index(bit[0])
    )
    zones = [(id_, action) for id_ in KINDS if id_ not in "MP" for action in ACTIONS.values()]
    clients = [(BitRole.CLIENT, id_, action) for id_, action in zones if id_ not in "XY"]
    about = [(BitRole.ACTION, id_, action) for id_, action in zones]
    return tuple(Bit(index, *bit) for index, bit in enumerate([*own, *clients, *about]))


BITS = _plan()
LISTS = {
    id_: ListInfo(
        id_, id_, kind, LegalBasis.VOLUNTARY, Confidentiality.PUBLIC, categories=("topic",) * (id_ == "K")
    )
    for id_, kind in KINDS.items()
}
MASKS: Masks = masks_of(BITS, Tables(1, 0.0, "", "", lists=LISTS))


def bit_of(word: str) -> int:
    """The bit that a word of the table sets."""
    id_, sign, action = word[0], word[1:2], word[2:]
    if not action:
        role = ROLES.get(KINDS[id_], BitRole.CATEGORY)
        return next(1 << bit.index for bit in BITS if bit.role is role and bit.id == id_)
    role = BitRole.CLIENT if sign == "@" else BitRole.ACTION
    return next(
        1 << bit.index for bit in BITS if (bit.role, bit.id, bit.action) == (role, id_, ACTIONS[action])
    )


def mask_of(words: str) -> int:
    return sum(map(bit_of, words.split()))


def policy_of(words: str) -> Policy:
    """Everybody's policy: all security zones and the category, and what zones say about this client."""
    security = sum(1 << bit.index for bit in BITS if bit.id in "ABCM" and bit.role is not BitRole.CLIENT)
    block = sum(1 << bit.index for bit in BITS if bit.id in ("K", "topic") and bit.role is not BitRole.CLIENT)
    about = [word for word in words.split() if "@" in word]
    return Policy(
        1,
        block=block | sum(bit_of(word) for word in about if word[0] == "K"),
        security=security | sum(bit_of(word) for word in about if word[0] != "K"),
    )


def walk(parts: list[str], *, over_tcp: bool = False) -> tuple[str, str]:
    """Who blocks in the end ('' = nobody), and who let pass or counted, over the parts of one query."""
    silenced, passed = 0, 0
    policy = policy_of(parts[0])
    for number, words in enumerate(parts):
        about = sum(bit_of(word) for word in words.split() if "@" not in word)
        case = Case(
            b"",
            Listing(about),
            policy,
            MASKS,
            0.0,
            Part.TARGET if number else Part.QUERY,
            over_tcp=over_tcp,
            silenced=silenced,
        )
        verdict = decide(case)
        assert explain(case)[-1][1] == verdict
        silenced |= verdict.silenced
        passed |= verdict.passed
        if verdict.action is VerdictAction.BLOCK:
            bit = verdict.reason.bit if verdict.zone is None else verdict.zone
            assert bit is not None
            return word_of(bit), told(passed)
    return "", told(passed)


def word_of(bit: int) -> str:
    found = BITS[bit]
    if found.action is Action.BLOCK:
        return found.id
    sign = "@" if found.role is BitRole.CLIENT else ":"
    return found.id + sign + next(word for word, action in ACTIONS.items() if action is found.action)


def told(mask: int) -> str:
    return " ".join(word_of(bit.index) for bit in BITS if mask >> bit.index & 1)


CASES = [
    # the parts of a query (the name, then what it leads to), who blocks, who let pass or counted
    (["A:nx B:drop"], "A:nx", ""),
    (["B:drop C:nx"], "B:drop", ""),
    (["A:pass B:nx C:drop"], "", "A:pass"),
    (["B:pass A:nx"], "A:nx", ""),
    (["A:count B:nx"], "B:nx", "A:count"),
    (["A:count B:pass C:nx"], "", "A:count B:pass"),
    (["A:nx B:count"], "A:nx", ""),
    # the earliest stage wins, whatever the order
    (["C@drop A:nx"], "C@drop", ""),
    (["B@nx C@drop"], "B@nx", ""),
    (["C:nx", "A:drop"], "C:nx", ""),
    (["", "C:nx", "A:drop"], "C:nx", ""),
    # PASSTHRU holds for the later stages, against all zones of its kind
    (["B:pass", "B:nx"], "", "B:pass"),
    (["B:pass", "C:nx"], "", "B:pass"),
    (["B:pass", "A:nx"], "", "B:pass"),
    (["B:count", "A:nx"], "A:nx", "B:count"),
    (["B@pass B:nx"], "", "B@pass"),
    (["B@pass C:nx"], "", "B@pass"),
    (["B@pass A:nx"], "", "B@pass"),
    (["B@pass A@nx"], "A@nx", ""),
    (["B@pass", "C:nx", "C:drop"], "", "B@pass"),
    (["B@pass C@drop"], "", "B@pass"),
    # plain lists are no zones: PASSTHRU does not lift what they block
    (["A:pass M"], "M", "A:pass"),
    (["A:nx M"], "A:nx", ""),
    (["A:count M"], "M", "A:count"),
    # precedence between kinds stays
    (["A:pass K:nx"], "K:nx", "A:pass"),
    (["K:pass A:nx"], "A:nx", "K:pass"),
    (["K:nx C:drop"], "C:drop", ""),
    (["A:pass X:nx"], "X:nx", "A:pass"),
    (["A:nx X:drop"], "X:drop", ""),
    (["A@pass X:drop"], "X:drop", "A@pass"),
    (["A@nx P"], "", ""),
    (["A:nx P"], "", ""),
    # one authority does not lift what another has listed
    (["X:pass Y:nx"], "Y:nx", "X:pass"),
    (["X:nx Y:drop"], "X:nx", ""),
    (["X:pass", "X:nx"], "", "X:pass"),
    (["X:pass", "Y:drop"], "Y:drop", "X:pass"),
]


@pytest.mark.parametrize(("parts", "blocks", "passed"), CASES)
def test_the_order_of_zones(parts: list[str], blocks: str, passed: str) -> None:
    who, let_pass = walk(parts)
    assert (who, set(let_pass.split())) == (blocks, set(passed.split()))


@pytest.mark.parametrize(
    ("parts", "over_udp", "over_tcp"),
    [
        (["A:tcp"], "A:tcp", ""),
        (["A:tcp B:nx"], "A:tcp", ""),
        (["B:tcp A:nx"], "A:nx", "A:nx"),
        (["A:tcp M"], "A:tcp", "M"),
        (["A@tcp B:nx"], "A@tcp", ""),
        (["A:tcp", "B:nx"], "A:tcp", ""),
        (["X:tcp Y:nx"], "X:tcp", "Y:nx"),
    ],
)
def test_tcp_only_is_passthru_for_whoever_has_come_by_tcp(
    parts: list[str], over_udp: str, over_tcp: str
) -> None:
    assert walk(parts)[0] == over_udp
    assert walk(parts, over_tcp=True)[0] == over_tcp


def test_a_zone_that_is_not_in_force_for_the_policy_says_nothing() -> None:
    case = Case(b"", Listing(mask_of("K:pass A:pass C:nx M")), Policy(0), MASKS, 0.0)
    assert decide(case).reason.step is Step.DEFAULT
    assert decide(case).passed == 0
    only = Policy(0, allow_only=True, only=mask_of("K:nx"))
    assert decide(Case(b"", Listing(mask_of("K:nx")), only, MASKS, 0.0)).action is VerdictAction.ALLOW
    assert decide(Case(b"", Listing(mask_of("A:nx")), only, MASKS, 0.0)).action is VerdictAction.BLOCK


EVERY = (1 << len(BITS)) - 1


@given(st.integers(0, EVERY), st.integers(0, EVERY), st.integers(0, EVERY), st.booleans())
def test_whatever_zones_say_plain_lists_are_heard_and_nobody_speaks_twice(
    bits: int, block: int, silenced: int, over_tcp: bool
) -> None:
    policy = Policy(1, block=block)
    heard = hear(bits, policy, MASKS, over_tcp=over_tcp, silenced=silenced)
    assert heard.bits & ~MASKS.zones == bits & ~MASKS.zones
    assert heard.bits & ~bits == heard.passed & ~bits == 0
    assert not heard.bits & heard.passed
    assert not (heard.bits | heard.passed) & MASKS.zones & silenced
    assert heard.silenced & silenced == silenced
    again = hear(heard.bits, policy, MASKS, over_tcp=over_tcp, silenced=heard.silenced & ~heard.bits)
    assert again.bits == heard.bits
