"""Exceptions inside lists: the compiled file against a naive oracle that walks all rules for every query."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocklists.model import (
    Action,
    BitRole,
    Confidentiality,
    Entry,
    Kind,
    ListSource,
    Scope,
    Skip,
    SkipReason,
)
from blocklists.snapshot import intake
from blocklists.snapshot.bits import feeds
from blocklists.snapshot.compiler import compile_prepared
from blocklists.snapshot.exceptions import can_conflict, resolve
from blocklists.snapshot.reader import SnapshotReader
from blocklists.snapshot.readings import Prepared
from blocklists.snapshot.tokens import Token

NAMES = [
    ".".join((*labels, "x")) for depth in (1, 2, 3, 4) for labels in itertools.product("ab", repeat=depth)
]
ACTIONS = [Action.BLOCK, Action.ALLOW, Action.NXDOMAIN, Action.DROP]


@dataclass(frozen=True)
class Rule:
    name: str
    scope: Scope
    action: Action
    important: bool

    def reaches(self, name: str) -> bool:
        is_below = name.endswith("." + self.name)
        if self.scope is Scope.HOST:
            return name == self.name
        return is_below or (self.scope is Scope.DOMAIN and name == self.name)

    def line(self) -> str:
        if self == Rule(self.name, Scope.DOMAIN, Action.BLOCK, False):
            return self.name  # clean: the native scanner takes it
        return f"{self.scope} {self.action} {self.important:d} {self.name}"


class RuleParser:
    """Reads ``Rule.line``; the source's format names its semantics."""

    syntax = "domains"
    scope = Scope.DOMAIN

    def __init__(self, source: ListSource) -> None:
        self.semantics = source.format

    def parse(self, line: str, number: int) -> tuple[Entry | Skip, ...]:
        if not line:
            return (Skip(SkipReason.BLANK),)
        scope, action, important, name = line.split()
        return (Entry(name, Scope(scope), Action(action), important == "1"),)

    def finish(self) -> tuple[Entry, ...]:
        return ()

    def removed(self) -> tuple[Entry, ...]:
        return ()


def said(rules: list[Rule], semantics: str, name: str) -> set[Action]:
    """What one list asks for at a name, by the definition."""
    reaching = [rule for rule in rules if rule.reaches(name)]
    if semantics == "rpz":
        reaching.sort(
            key=lambda r: (
                -r.name.count("."),
                r.scope is not Scope.HOST,
                r.action is not Action.ALLOW,
                list(Action).index(r.action),
            )
        )
        return {rule.action for rule in reaching[:1]} - {Action.ALLOW}
    blocks = {rule.action for rule in reaching if rule.action is not Action.ALLOW}
    if semantics == "union":
        return blocks
    if any(r.important and r.action is Action.ALLOW for r in reaching):
        return set()
    if any(not r.important and r.action is Action.ALLOW for r in reaching):
        return {r.action for r in reaching if r.important}
    return blocks


rules = st.lists(
    st.builds(
        Rule,
        st.sampled_from(NAMES[:14]),
        st.sampled_from([Scope.DOMAIN, Scope.DOMAIN, Scope.HOST, Scope.WILDCARD]),
        st.sampled_from(ACTIONS),
        st.sampled_from([False, False, True]),
    ),
    max_size=8,
    unique=True,
)
worlds = st.lists(st.tuples(st.sampled_from(["union", "adblock", "rpz"]), rules), min_size=1, max_size=4)
KINDS = [Kind.CATEGORY, Kind.ILLEGAL, Kind.SECURITY, Kind.PROTECTED]


@given(worlds, st.booleans())
@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_compiled_table_says_what_the_rules_say(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wire: Callable[[str], bytes],
    world: list[tuple[str, list[Rule]]],
    is_secret: bool,
) -> None:
    monkeypatch.setattr(intake, "make_parser", RuleParser)
    lists = [
        (
            ListSource(
                f"list{n}",
                "file:/x",
                semantics,
                KINDS[n],
                ("topic",) if n == 0 else (),
                confidentiality=Confidentiality.SECRET if is_secret and n == 1 else Confidentiality.PUBLIC,
            ),
            "\n".join(rule.line() for rule in own).encode(),
        )
        for n, (semantics, own) in enumerate(world)
    ]
    keys = Prepared(bytes(32), index_key=bytes(16))
    report = compile_prepared(lists, tmp_path / "table.weir", keys, now=1.0, suffixes=())
    reader = SnapshotReader.open(tmp_path / "table.weir", index_key=bytes(16))
    for name in [*NAMES, *(f"z.{name}" for name in NAMES[:10])]:
        mask = 0
        speakers = set()
        for (source, _), (semantics, own) in zip(lists, world, strict=True):
            for action in said(own, semantics, name):
                speakers.add(source.id)
                mask |= feeds(source, report.bits)
                for bit in report.bits:
                    if bit.role is BitRole.ACTION and (bit.id, bit.action) == (source.id, action):
                        mask |= 1 << bit.index
        found, hits = reader.look_up(wire(name))
        assert found == mask, (name, hits)
        behind = (reader.lists_of(id_, below=labels != name.count(".") + 1) for labels, id_ in hits)
        assert set(itertools.chain.from_iterable(behind)) == speakers, name
    reader.close()


CHAINS = [
    # (semantics, own and parents' tokens, at the name, below it)
    (
        "adblock",
        [(0, Scope.DOMAIN, Action.ALLOW, False), (1, Scope.DOMAIN, Action.BLOCK, False)],
        set(),
        set(),
    ),
    (
        "adblock",
        [(0, Scope.HOST, Action.ALLOW, False), (1, Scope.DOMAIN, Action.BLOCK, False)],
        set(),
        {Action.BLOCK},
    ),
    (
        "adblock",
        [(0, Scope.DOMAIN, Action.ALLOW, False), (1, Scope.DOMAIN, Action.BLOCK, True)],
        {Action.BLOCK},
        {Action.BLOCK},
    ),
    ("adblock", [(0, Scope.DOMAIN, Action.ALLOW, True), (1, Scope.DOMAIN, Action.BLOCK, True)], set(), set()),
    (
        "adblock",
        [(0, Scope.DOMAIN, Action.BLOCK, False), (1, Scope.DOMAIN, Action.ALLOW, False)],
        set(),
        set(),
    ),
    (
        "adblock",
        [(0, Scope.DOMAIN, Action.BLOCK, False), (1, Scope.HOST, Action.ALLOW, False)],
        {Action.BLOCK},
        {Action.BLOCK},
    ),
    (
        "rpz",
        [(0, Scope.HOST, Action.ALLOW, False), (1, Scope.WILDCARD, Action.NXDOMAIN, False)],
        set(),
        {Action.NXDOMAIN},
    ),
    (
        "rpz",
        [(0, Scope.WILDCARD, Action.ALLOW, False), (1, Scope.WILDCARD, Action.DROP, False)],
        {Action.DROP},
        set(),
    ),
    (
        "rpz",
        [(0, Scope.HOST, Action.BLOCK, False), (0, Scope.WILDCARD, Action.ALLOW, False)],
        {Action.BLOCK},
        set(),
    ),
    (
        "union",
        [(0, Scope.HOST, Action.BLOCK, False), (1, Scope.WILDCARD, Action.DROP, False)],
        {Action.BLOCK, Action.DROP},
        {Action.DROP},
    ),
]


@pytest.mark.parametrize(("semantics", "chain", "exact", "below"), CHAINS)
def test_resolve(
    semantics: str, chain: list[tuple[int, Scope, Action, bool]], exact: set[Action], below: set[Action]
) -> None:
    placed = [(distance, Token(0, scope, action, important)) for distance, scope, action, important in chain]
    state = resolve(placed, {0: semantics})
    assert ({action for _, action in state.exact}, {action for _, action in state.below}) == (exact, below)


@pytest.mark.parametrize(
    ("semantics", "actions", "expected"),
    [
        ("adblock", [Action.BLOCK, Action.ALLOW], True),
        ("adblock", [Action.BLOCK, Action.NXDOMAIN], False),
        ("adblock", [Action.ALLOW], False),
        ("rpz", [Action.BLOCK, Action.NXDOMAIN], True),
        ("rpz", [Action.NXDOMAIN], False),
        ("union", [Action.BLOCK, Action.ALLOW], False),
    ],
)
def test_which_lists_can_contradict_themselves(semantics: str, actions: list[Action], expected: bool) -> None:
    assert can_conflict([Token(0, Scope.DOMAIN, action) for action in actions], semantics) is expected
