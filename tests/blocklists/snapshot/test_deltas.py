"""Edits beside a compiled table give what compiling with them gives; where they cannot, they say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocklists.edits import Change, Edit, combine
from blocklists.model import Kind, ListSource, Scope
from blocklists.snapshot import native
from blocklists.snapshot.compiler import compile_snapshot
from blocklists.snapshot.deltas import Deltas, Effect
from blocklists.snapshot.reader import SnapshotReader, changes_of

KEY = bytes(range(32))
NAMES = ["a.example", "www.a.example", "b.example", "deep.in.b.example", "c.test"]
ASKED = [*NAMES, "x.a.example", "x.www.a.example", "x.deep.in.b.example", "example", "x.c.test"]
ADDRESSES = ["192.0.2.1", "192.0.2.0/24", "2001:db8::/32"]
SOURCES = (
    ListSource("wide", "file:/w", "domains", Kind.CATEGORY, ("one", "two"), addresses=True),
    ListSource("exact", "file:/e", "domains", Kind.SECURITY, ("two",), scope=Scope.HOST),
    ListSource("help", "file:/h", "hosts", Kind.PROTECTED),
    ListSource("soft", "file:/s", "adblock", Kind.ILLEGAL),
    ListSource("zone", "file:/z", "rpz", Kind.SECURITY),
)
BY_ID = {source.id: source for source in SOURCES}

Texts = Mapping[str, str]
Edits = Mapping[str, tuple[Edit, ...]]


def compiled(folder: Path, texts: Texts, edits: Edits | None = None) -> Path:
    path = folder / "table.weir"
    path.unlink(missing_ok=True)
    changes_of(path).unlink(missing_ok=True)
    lists = [(source, texts.get(source.id, "").encode()) for source in SOURCES]
    compile_snapshot(lists, path, key=KEY, now=0.0, suffixes=(), edits=edits or {})
    native.Changes.create(native.Snapshot.open(str(path)), str(changes_of(path)))
    return path


def wire(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def said(path: Path, lists_too: bool = True) -> dict[str, object]:
    """All that can be asked, with the bits by what they stand for: their numbers differ between tables."""
    reader = SnapshotReader.open(path)

    def told(found: tuple[int, tuple[tuple[int, int], ...]], labels: int) -> object:
        bits = {(bit.role, bit.id, bit.action) for bit in reader.bits if found[0] >> bit.index & 1}
        hits = [
            (length, reader.lists_of(class_id, below=length != labels))
            for length, class_id in found[1]
            if reader.lists_of(class_id, below=length != labels)
        ]
        return (frozenset(bits), hits) if lists_too else frozenset(bits)

    answers = {name: told(reader.look_up(wire(name)), name.count(".") + 1) for name in ASKED}
    for packed in (b"\xc0\0\2\1", b"\xc0\0\2\2", b"\x20\1\x0d\xb8" + bytes(12)):
        answers[packed.hex()] = told(reader.look_up_address(packed), 0)
    reader.close()
    return answers


def lines(names: list[str], form: str) -> str:
    return "".join(form.format(name) + "\n" for name in names)


some = st.lists(st.sampled_from(NAMES), max_size=4, unique=True)
plain_texts = st.fixed_dictionaries(
    {
        "wide": st.builds(
            lambda n, a: lines(n + a, "{}"), some, st.lists(st.sampled_from(ADDRESSES), max_size=2)
        ),
        "exact": st.builds(lines, some, st.just("{}")),
        "help": st.builds(lines, some, st.just("0.0.0.0 {}")),
        "soft": st.builds(lines, some, st.just("||{}^")),
    }
)
edit_of_names = st.builds(
    Edit,
    st.sampled_from([Change.ADD, Change.REMOVE]),
    st.sampled_from(NAMES),
    st.sampled_from([Scope.HOST, Scope.DOMAIN, Scope.WILDCARD]),
)
edit_of_addresses = st.builds(
    Edit, st.sampled_from([Change.ADD, Change.REMOVE]), st.sampled_from(ADDRESSES), st.just(Scope.ADDRESS)
)
some_edits = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["wide", "exact", "help", "soft"]), edit_of_names),
        st.tuples(st.just("wide"), edit_of_addresses),
    ),
    max_size=12,
)


def by_list(edits: list[tuple[str, Edit]]) -> dict[str, tuple[Edit, ...]]:
    return {source.id: combine(edit for list_id, edit in edits if list_id == source.id) for source in SOURCES}


@settings(max_examples=120, deadline=None)
@given(plain_texts, some_edits)
def test_edits_beside_the_table_are_those_of_a_compilation(
    tmp_path_factory: pytest.TempPathFactory, texts: Texts, edits: list[tuple[str, Edit]]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    wanted = said(compiled(folder, texts, by_list(edits)))
    path = compiled(folder, texts)
    deltas = Deltas(path, BY_ID)
    for list_id, edit in edits:
        assert deltas.apply(list_id, [edit]) == [Effect.NOW]
    assert said(path) == wanted
    deltas.close()


ZONE = "$ORIGIN zone.test.\n@ SOA ns. host. 1 1 1 1 1\n{}"
TRICKY = {
    "soft": "||a.example^\n@@||www.a.example^\n||c.test^\n",
    "zone": ZONE.format("b.example CNAME .\n*.b.example CNAME .\ndeep.in.b.example CNAME rpz-passthru.\n"),
    "wide": "a.example\nb.example\n",
}


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(BY_ID)), edit_of_names), max_size=6))
def test_what_is_called_in_force_is_in_force(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[str, Edit]]
) -> None:
    """Beside lists that contradict themselves: once all edits claim to be in force, it is as after compiling."""
    folder = tmp_path_factory.getbasetemp()
    wanted = said(compiled(folder, TRICKY, by_list(edits)), lists_too=False)
    path = compiled(folder, TRICKY)
    deltas = Deltas(path, BY_ID)
    effects = [deltas.apply(list_id, [edit])[0] for list_id, edit in edits]
    if all(effect is Effect.NOW for effect in effects):
        assert said(path, lists_too=False) == wanted
    deltas.close()


@pytest.mark.parametrize(
    ("list_id", "edit", "effect"),
    [
        ("wide", Edit(Change.ADD, "new.example", Scope.HOST), Effect.NOW),
        ("wide", Edit(Change.ADD, "new.example", Scope.DOMAIN), Effect.PARTLY),
        ("wide", Edit(Change.REMOVE, "b.example", Scope.DOMAIN), Effect.PARTLY),
        ("wide", Edit(Change.REMOVE, "www.a.example", Scope.HOST), Effect.LATER),
        ("wide", Edit(Change.TAKE_BACK, "b.example", Scope.DOMAIN), Effect.LATER),
        ("soft", Edit(Change.ADD, "new.example", Scope.HOST), Effect.LATER),
        ("zone", Edit(Change.ADD, "new.example", Scope.HOST), Effect.LATER),
        ("unknown", Edit(Change.ADD, "new.example", Scope.HOST), Effect.LATER),
    ],
)
def test_what_must_wait_says_so(tmp_path: Path, list_id: str, edit: Edit, effect: Effect) -> None:
    deltas = Deltas(compiled(tmp_path, TRICKY), BY_ID)
    assert deltas.apply(list_id, [edit]) == [effect]
    deltas.close()


def test_a_full_file_of_changes_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deltas = Deltas(compiled(tmp_path, {"wide": "a.example\n"}), BY_ID)
    edits = [Edit(Change.ADD, f"n{number}.example", Scope.DOMAIN) for number in range(66_000)]
    effects = deltas.apply("wide", edits)
    assert effects[:60_000] == [Effect.NOW] * 60_000
    assert effects[-1] is Effect.LATER
    deltas.close()


def test_protected_names(tmp_path: Path) -> None:
    deltas = Deltas(compiled(tmp_path, {"help": "0.0.0.0 a.example\n", "wide": "b.example\n"}), BY_ID)
    assert deltas.protects("a.example")
    assert deltas.protects("www.a.example")
    assert not deltas.protects("b.example")
    deltas.apply("help", [Edit(Change.ADD, "b.example", Scope.HOST)])
    assert deltas.protects("b.example")
    deltas.close()


def test_lists_with_high_numbers_lose_their_names_not_their_bits(
    tmp_path: Path, make_source: Callable[..., ListSource]
) -> None:
    sources = [make_source(f"l{number}", categories=("one",)) for number in range(300)]
    path = tmp_path / "many.weir"
    compile_snapshot([(source, b"") for source in sources], path, key=KEY, now=0.0, suffixes=())
    native.Changes.create(native.Snapshot.open(str(path)), str(changes_of(path)))
    deltas = Deltas(path, {source.id: source for source in sources})
    deltas.apply("l0", [Edit(Change.ADD, "a.example", Scope.HOST)])
    deltas.apply("l299", [Edit(Change.ADD, "b.example", Scope.HOST)])
    reader = SnapshotReader.open(path)
    for name, lists in (("a.example", ("l0",)), ("b.example", ())):
        bits, hits = reader.look_up(wire(name))
        assert bits
        assert reader.lists_of(hits[0][1]) == lists
    assert deltas.apply("l299", [Edit(Change.REMOVE, "b.example", Scope.HOST)]) == [Effect.LATER]
    deltas.close()
