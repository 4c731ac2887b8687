"""New versions put beside a compiled table say what compiling them says, and count as reading them whole counts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocklists.canonical_text import canonical_text
from blocklists.edits import Change, Edit, beneath, combine
from blocklists.guard import NO_GUARD, Guard
from blocklists.model import Confidentiality, Kind, ListSource, Scope
from blocklists.snapshot import changing, native
from blocklists.snapshot.above_stops import AboveStops
from blocklists.snapshot.changing import VersionChange, version_change
from blocklists.snapshot.compiler import compile_snapshot, count_entries
from blocklists.snapshot.deltas import Deltas, Effect
from blocklists.snapshot.reader import SnapshotReader, changes_of

KEY = bytes(range(32))
SUFFIXES = frozenset({"co.uk", "test"})
NAMES = ["a.example", "www.a.example", "b.example", "deep.in.b.example", "c.test", "xn--bcher-kva.example"]
ASKED = [*NAMES, "x.a.example", "x.www.a.example", "x.deep.in.b.example", "example", "x.c.test"]
SOURCES = {
    "wide": ListSource("wide", "file:/w", "domains", Kind.CATEGORY, ("one", "two"), addresses=True),
    "exact": ListSource("exact", "file:/e", "hosts", Kind.SECURITY, ("two",)),
    "soft": ListSource("soft", "file:/s", "adblock", Kind.ILLEGAL),
    "local": ListSource("local", "file:/l", "dnsmasq", Kind.CATEGORY, ("one",)),
}
FORMS = {
    "wide": ("{}", "{}", "*.{}", ".{}", "{}  # why", "{}\r", "# {}", "not {} a name", "192.0.2.1", "192.0.2.0/24", "", "co.uk"),
    "exact": ("0.0.0.0 {}", "0.0.0.0 {}", "127.0.0.1 {} b.example", "# {}", "", "0.0.0.0"),
    "soft": ("||{}^", "||{}^", "|{}^", "||*.{}^", "! {}", "", "##.{}", "|||{}"),
    "local": ("address=/{}/", "address=/{}/", "server=/{}/b.example/", "#", "address="),
}  # fmt: skip
RISKY = {"soft": ("@@||{}^", "||{}^$important", "||{}^$badfilter", "||{}^$denyallow=www.{}")}


def texts(forms: Mapping[str, tuple[str, ...]]) -> st.SearchStrategy[dict[str, bytes]]:
    def lines(choice: tuple[str, ...]) -> st.SearchStrategy[bytes]:
        line = st.builds(
            lambda form, name: form.replace("{}", name), st.sampled_from(choice), st.sampled_from(NAMES)
        )
        return st.builds(
            lambda found, end: ("\n".join(found) + end).encode(),
            st.lists(line, max_size=8),
            st.sampled_from(["", "\n"]),
        )

    return st.fixed_dictionaries({list_id: lines(choice) for list_id, choice in forms.items()})


edits_of_names = st.lists(
    st.tuples(
        st.sampled_from(list(SOURCES)),
        st.builds(
            Edit,
            st.sampled_from([Change.ADD, Change.REMOVE]),
            st.sampled_from(NAMES),
            st.sampled_from([Scope.HOST, Scope.DOMAIN, Scope.WILDCARD]),
        ),
    ),
    max_size=3,
)


def compiled(
    folder: Path, texts: Mapping[str, bytes], edits: Mapping[str, tuple[Edit, ...]]
) -> tuple[Path, AboveStops | None]:
    path = folder / "table.weir"
    path.unlink(missing_ok=True)
    changes_of(path).unlink(missing_ok=True)
    lists = [(source, texts[list_id]) for list_id, source in SOURCES.items()]
    report = compile_snapshot(lists, path, key=KEY, now=0.0, suffixes=SUFFIXES, edits=edits)
    native.Changes.create(native.Snapshot.open(str(path)), str(changes_of(path)))
    return path, AboveStops.of(report.stops, "00")


def wire(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def said(path: Path) -> dict[str, frozenset[object]]:
    reader = SnapshotReader.open(path)
    asked = {name: reader.look_up(wire(name)) for name in ASKED}
    for packed in (b"\xc0\0\2\1", b"\xc0\0\2\2"):
        asked[packed.hex()] = reader.look_up_address(packed)
    answers: dict[str, frozenset[object]] = {
        name: frozenset((bit.role, bit.id, bit.action) for bit in reader.bits if bits >> bit.index & 1)
        for name, (bits, _) in asked.items()
    }
    reader.close()
    return answers


def changed(source: ListSource, before: bytes, after: bytes) -> VersionChange | None:
    return version_change(source, before, after, SUFFIXES, NO_GUARD, KEY)


@settings(max_examples=100, deadline=None)
@given(st.lists(texts(FORMS), min_size=2, max_size=2))
def test_what_came_and_went_is_counted_by_entries(versions: list[dict[str, bytes]]) -> None:
    for list_id, source in SOURCES.items():
        before, after = (version[list_id] for version in versions)
        change = changed(source, before, after)
        if change is not None:
            old, new = (canonical_text(source, text, SUFFIXES) for text in (before, after))
            assert change.moved == native.lines_changed(old, new)


def amended(deltas: Deltas, before: Mapping[str, bytes], after: Mapping[str, bytes], held: Mapping[str, tuple[Edit, ...]]) -> bool:  # fmt: skip
    """Put all that changed beside the table; False if some of it has to be compiled."""
    for list_id, source in SOURCES.items():
        change = changed(source, before[list_id], after[list_id])
        if change is None:
            return False
        effects = deltas.apply(list_id, beneath(change.edits, held[list_id]))
        if any(effect is not Effect.NOW for effect in effects):
            return False
    return True


def held_edits(edits: list[tuple[str, Edit]]) -> dict[str, tuple[Edit, ...]]:
    return {list_id: combine(edit for wanted, edit in edits if wanted == list_id) for list_id in SOURCES}


@settings(max_examples=150, deadline=None)
@given(st.lists(texts(FORMS), min_size=2, max_size=4), edits_of_names)
def test_plain_lists_change_beside_the_table(
    tmp_path_factory: pytest.TempPathFactory, versions: list[dict[str, bytes]], edits: list[tuple[str, Edit]]
) -> None:
    """Version after version: the same verdicts as compiling the last one, with edits on top."""
    folder, held = tmp_path_factory.getbasetemp(), held_edits(edits)
    wanted = said(compiled(folder, versions[-1], held)[0])
    path, above = compiled(folder, versions[0], held)
    deltas = Deltas(path, SOURCES, above)
    steps = [amended(deltas, old, new, held) for old, new in itertools.pairwise(versions)]
    deltas.close()
    if all(steps):
        assert said(path) == wanted


@settings(max_examples=150, deadline=None)
@given(st.lists(texts(FORMS | {"soft": FORMS["soft"] + RISKY["soft"]}), min_size=2, max_size=2))
def test_what_is_called_in_force_beside_exceptions_is_in_force(
    tmp_path_factory: pytest.TempPathFactory, versions: list[dict[str, bytes]]
) -> None:
    folder, held = tmp_path_factory.getbasetemp(), held_edits([])
    wanted = said(compiled(folder, versions[1], held)[0])
    path, above = compiled(folder, versions[0], held)
    deltas = Deltas(path, SOURCES, above)
    is_done = amended(deltas, versions[0], versions[1], held)
    deltas.close()
    if is_done:
        assert said(path) == wanted


SEVERAL = re.compile(rb" b\.example|/[^/\n]+/[^/\n]+/")
"""A line with more than one name."""


@settings(max_examples=200, deadline=None)
@given(texts(FORMS), texts(FORMS))
def test_counts_are_those_of_reading_all(before: dict[str, bytes], after: dict[str, bytes]) -> None:
    for list_id, source in SOURCES.items():
        change = changed(source, before[list_id], after[list_id])
        if change is None:
            continue
        counts = change.counts(count_entries(source, before[list_id], SUFFIXES))
        whole = count_entries(source, after[list_id], SUFFIXES)
        if SEVERAL.search(before[list_id] + after[list_id]):  # which of a line's names is new has no order
            counts = replace(counts, accepted=whole.accepted, duplicate=whole.duplicate)
        assert counts == whole


WIDE = SOURCES["wide"]
BASE = b"a.example\nb.example\nnews.test\n"


def test_a_name_on_two_lines_goes_with_the_second() -> None:
    both = BASE + b"b.example # again\n"
    change = changed(WIDE, both, BASE)
    assert change is not None
    assert change.edits == (Edit(Change.ADD, "b.example", Scope.DOMAIN),)
    last = changed(WIDE, BASE, b"a.example\nnews.test\n")
    assert last is not None
    assert last.edits == (Edit(Change.REMOVE, "b.example", Scope.DOMAIN),)


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        (replace(WIDE, confidentiality=Confidentiality.SECRET), BASE, BASE + b"c.example\n"),
        (ListSource("u", "file:/u", "urls", Kind.ILLEGAL), b"", b"http://a.example/x\n"),
        (ListSource("z", "file:/z", "rpz", Kind.SECURITY), b"", b"a.example CNAME .\n"),
        (WIDE, b"\xef\xbb\xbf" + BASE, BASE),
        (WIDE, BASE, BASE + b"co.uk\n"),
        (WIDE, BASE, BASE + b"single\n.single\n"),
        (SOURCES["soft"], b"||a.example^\n", b"||a.example^\n@@||www.a.example^\n"),
        (SOURCES["soft"], b"||a.example^$badfilter\n", b"||a.example^$badfilter\n||b.example^\n"),
    ],
)
def test_what_bears_on_more_has_no_answer(source: ListSource, before: bytes, after: bytes) -> None:
    assert version_change(source, before, after, SUFFIXES, NO_GUARD, KEY) is None


@pytest.mark.parametrize(
    ("guard", "name"),
    [
        (Guard(protected={"login.help.example": "help"}), "help.example"),
        (Guard(protected={"help.example": "help"}, domains=frozenset({"help.example"})), "www.help.example"),
        (Guard(popular=("shop.example",)), "shop.example"),
        (Guard(popular=("www.shop.example",)), "shop.example"),
        (Guard(today=("shop.example",)), "shop.example"),
    ],
)
def test_what_touches_guarded_names_has_no_answer(guard: Guard, name: str) -> None:
    assert version_change(WIDE, BASE, BASE + name.encode() + b"\n", SUFFIXES, guard, KEY) is None
    assert version_change(WIDE, BASE, BASE + b"other.example\n", SUFFIXES, guard, KEY) is not None


def test_too_many_lines_have_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changing, "MOST_CHANGED", 2)
    assert changed(WIDE, b"", b"a.example\nb.example\n") is not None
    assert changed(WIDE, b"", b"a.example\nb.example\nc.example\n") is None
    odd = b"".join(b"*.odd%d.example\n" % number for number in range(5))
    assert changed(WIDE, odd, odd + b"a.example\n") is None


def test_edits_stay_on_top() -> None:
    edits = (Edit(Change.ADD, "a.example", Scope.DOMAIN), Edit(Change.REMOVE, "192.0.2.1", Scope.ADDRESS))
    held = (Edit(Change.REMOVE, "a.example", Scope.HOST), Edit(Change.ADD, "192.0.2.1", Scope.ADDRESS))
    assert beneath(edits, held) == (Edit(Change.ADD, "a.example", Scope.WILDCARD),)


def test_names_above_stops() -> None:
    above = AboveStops.of(["cdn.shop.example"], "0102")
    assert above is not None
    assert "shop.example" in above
    assert "example" in above
    assert "cdn.shop.example" not in above
    assert AboveStops.of((f"a.{number}.example" for number in range(60_000)), "01") is None
