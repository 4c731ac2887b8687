"""Guarded names: which of them a list covers, and that no list is enforced at a protected one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.coverage import Coverage
from blocklists.guard import FROM_LISTS, Guard
from blocklists.model import BitRole, Kind, ListSource
from blocklists.snapshot.compiler import compile_prepared
from blocklists.snapshot.reader import SnapshotReader
from blocklists.snapshot.readings import Readings

Make = Callable[..., ListSource]
Wire = Callable[[str], bytes]
SUFFIXES = frozenset({"com", "uk", "co.uk", "example", "hoster.example"})
GUARD = Guard(
    protected={"ocsp.ca.example": "certificates", "help.example": "help", "own.example": FROM_LISTS},
    domains=frozenset({"help.example"}),
    popular=("big.example", "www.shop.example", "small.example"),
    today=("today.example", "big.example"),
)

COVERED = [
    ("domains", b"", (), (), ()),
    ("domains", b"other.example\n", (), (), ()),
    ("domains", b"big.example\n", (), (), ("big.example",)),
    ("domains", b"www.big.example\n", (), (), ()),
    ("domains", b"*.big.example\n", (), (), ()),
    ("domains", b"*.shop.example\n", (), (), ("www.shop.example",)),
    ("domains", b"shop.example\n", (), (), ("www.shop.example",)),
    ("domains", b"small.example\nbig.example\n", (), (), ("big.example", "small.example")),
    ("domains", b"ca.example\n", (), ("ocsp.ca.example",), ()),
    ("domains", b"x.ocsp.ca.example\n", (), (), ()),
    ("domains", b"help.example\n", (), ("help.example",), ()),
    ("domains", b"a.b.help.example\n", (), ("a.b.help.example",), ()),
    ("domains", b"nothelp.example\n", (), (), ()),
    ("domains", b"own.example\n", (), ("own.example",), ()),
    ("domains", b"com\nCO.UK\n.hoster.example\n*.uk\n", ("co.uk", "com", "hoster.example", "uk"), (), ()),
    ("hosts", b"0.0.0.0 com big.example\n127.0.0.1 localhost\n", ("com",), (), ("big.example",)),
    ("adblock", b"||big.example^\n", (), (), ("big.example",)),
    ("adblock", b"||big.example^\n@@||big.example^\n", (), (), ()),
    ("adblock", b"||big.example^$important\n@@||big.example^\n", (), (), ("big.example",)),
    ("adblock", b"@@||big.example^\n", (), (), ()),
    ("adblock", b"||x.help.example^$important\n", (), ("x.help.example",), ()),
    ("rpz", b"*.shop.example CNAME .\nwww.shop.example CNAME rpz-passthru.\n", (), (), ()),
    ("rpz", b"big.example CNAME .\n*.help.example CNAME .\n", (), ("help.example",), ("big.example",)),
]


@pytest.mark.parametrize(("format_", "text", "suffixes", "protected", "popular"), COVERED)
def test_what_is_covered(
    format_: str,
    text: bytes,
    suffixes: tuple[str, ...],
    protected: tuple[str, ...],
    popular: tuple[str, ...],
    make_source: Make,
) -> None:
    covered = _coverage(make_source(format_=format_), text)
    assert covered.suffixes == suffixes
    assert tuple(item.name for item in covered.protected) == protected
    assert covered.popular == popular
    assert (covered.asked, covered.today_asked) == (3, 2)
    assert covered.reference == GUARD.digest


def test_a_list_of_public_suffixes_may_have_them(make_source: Make) -> None:
    assert _coverage(make_source(public_suffixes=True), b"co.uk\n").suffixes == ()


def test_what_is_asked_for_today_is_counted(make_source: Make) -> None:
    assert _coverage(make_source(), b"today.example\nother.example\n").today == 1


def _coverage(source: ListSource, text: bytes) -> Coverage:
    readings = Readings(SUFFIXES)
    readings.hold_against(GUARD)
    return readings.count(source, text).coverage


SPARED = [
    (b"ca.example\n", {"ca.example", "www.ca.example", "x.ocsp.ca.example"}, {"ocsp.ca.example"}),
    (b"ocsp.ca.example\n", {"x.ocsp.ca.example"}, {"ocsp.ca.example", "ca.example"}),
    (b"help.example\nx.help.example\n", set(), {"help.example", "x.help.example", "y.help.example"}),
    (b"own.example\n", {"own.example"}, set()),
]


@pytest.mark.parametrize(("text", "blocked", "spared"), SPARED)
@pytest.mark.parametrize("kind", [Kind.CATEGORY, Kind.SECURITY, Kind.ILLEGAL])
@pytest.mark.parametrize("format_", ["domains", "adblock"])
@pytest.mark.parametrize("counted", [True, False])
def test_no_list_is_enforced_at_a_protected_name(
    text: bytes,
    blocked: set[str],
    spared: set[str],
    kind: Kind,
    format_: str,
    counted: bool,
    make_source: Make,
    wire: Wire,
    tmp_path: Path,
) -> None:
    if format_ == "adblock":
        text = (
            b"".join(b"||%s^\n" % name for name in text.split()) + b"||else.example^\n@@||x.else.example^\n"
        )
    source = make_source(kind=kind, format_=format_, categories=("bad",))
    reader = _compiled([(source, text)], tmp_path, counted={source.id} if counted else set())
    for name in blocked:
        assert reader.look_up(wire(name))[0], name
    for name in spared:
        assert not reader.look_up(wire(name))[0], name


def test_a_list_of_protected_names_speaks_at_them(make_source: Make, wire: Wire, tmp_path: Path) -> None:
    helpers = make_source("helpers", kind=Kind.PROTECTED)
    bad = make_source("bad", categories=("bad",))
    reader = _compiled([(bad, b"ca.example\n"), (helpers, b"ocsp.ca.example\n")], tmp_path, counted=set())
    (bit,) = [bit for bit in reader.bits if reader.look_up(wire("ocsp.ca.example"))[0] >> bit.index & 1]
    assert (bit.role, bit.id) == (BitRole.PROTECTED, "helpers")


def _compiled(lists: list[tuple[ListSource, bytes]], folder: Path, *, counted: set[str]) -> SnapshotReader:
    readings = Readings(SUFFIXES)
    readings.hold_against(GUARD)
    for source, text in lists:
        if source.id in counted:
            readings.count(source, text)
    compile_prepared(lists, folder / "lists.weir", readings.take(), now=0.0, suffixes=SUFFIXES)
    return SnapshotReader.open(folder / "lists.weir")


def test_another_shield_drops_what_was_read(make_source: Make) -> None:
    readings = Readings(SUFFIXES)
    readings.count(make_source(), b"bets.example\n")
    readings.hold_against(GUARD)
    assert not readings.take().readings


LABELS = st.sampled_from(["a", "b", "help", "ocsp", "ca", "big"])
NAMES = st.lists(LABELS, min_size=1, max_size=3).map(lambda labels: ".".join(labels) + ".example")


@given(names=st.lists(NAMES, max_size=8), asked=NAMES)
def test_a_protected_name_is_never_blocked_and_others_as_ever(
    names: list[str], asked: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source = ListSource("bad", "file:/nowhere", "domains", Kind.CATEGORY, ("bad",))
    text = "".join(f"{name}\n" for name in names).encode()
    reader = _compiled([(source, text)], tmp_path_factory.mktemp("built"), counted=set())
    wire = b"".join(bytes([len(label)]) + label.encode() for label in asked.split(".")) + b"\0"
    listed = any(asked == name or asked.endswith(f".{name}") for name in names)
    is_protected = asked == "ocsp.ca.example" or asked == "help.example" or asked.endswith(".help.example")
    assert bool(reader.look_up(wire)[0]) == (listed and not is_protected)
