"""Hits: pages that survive other plans, a ring that names nobody and no secret, and the keeper of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.model import Action, Bit, BitRole
from blocklists.properties import LogPolicy
from resolver.answer.decision import Spoken
from resolver.answer.generation import Generation
from resolver.answer.message import Query
from resolver.hit_keeping import HitKeeper
from resolver.hit_log import RECORDS, Hit, HitLog, hit_log_path, read_hit_log
from resolver.hits import HitKey, HitPages, forget_pages, page_names, read_hits
from resolver.tables.view import View

BITS = (
    Bit(0, BitRole.SECURITY, "zone"),
    Bit(1, BitRole.ACTION, "zone", Action.NXDOMAIN),
    Bit(2, BitRole.CATEGORY, "a:b"),
)


def test_both_pages_are_read_by_the_names_of_their_bits(tmp_path: Path) -> None:
    pages = HitPages(tmp_path, 3, page_names(BITS, 0))
    pages.count(0b110)
    pages.core[1] += 5
    found: Counter[HitKey] = sum(read_hits(tmp_path).values(), Counter())
    assert +found == {
        HitKey(BitRole.ACTION, "zone", Action.NXDOMAIN): 6,
        HitKey(BitRole.CATEGORY, "a:b", Action.BLOCK): 1,
    }


def test_what_is_not_to_be_counted_has_no_name(tmp_path: Path) -> None:
    pages = HitPages(tmp_path, 0, page_names(BITS, 0b011))
    pages.count(0b111)
    assert [list(page) for page in read_hits(tmp_path).values()] == [
        [HitKey(BitRole.CATEGORY, "a:b", Action.BLOCK)]
    ] * 2


def test_pages_of_others_and_damaged_ones_are_left_alone(tmp_path: Path) -> None:
    kept, gone = HitPages(tmp_path, 1, page_names(BITS, 0)), HitPages(tmp_path, 1, page_names(BITS, 1))
    other = HitPages(tmp_path, 12, page_names(BITS, 1))
    (tmp_path / "worker-2.hits-x.core").write_bytes(b"no page")
    forget_pages(tmp_path, 1, [kept.stem])
    assert {path.stem for path in read_hits(tmp_path)} == {kept.stem, other.stem}
    assert gone.stem not in {path.stem for path in tmp_path.iterdir()}


@given(st.lists(st.tuples(st.integers(0, 2**40), st.text(max_size=300), st.integers(0, 65535)), max_size=5))
def test_a_log_gives_back_what_it_was_given_as_far_as_it_fits(
    tmp_path_factory: pytest.TempPathFactory, hits: list[tuple[int, str, int]]
) -> None:
    path = tmp_path_factory.mktemp("log") / "log"
    log = HitLog(path)
    for second, name, qtype in hits:
        log.add(Hit(second, name, qtype, "zone", "nxdomain"))
    found = read_hit_log(path)
    assert [hit.qtype for hit in found] == [qtype for _, _, qtype in hits]
    for hit, (_, name, _) in zip(found, hits, strict=True):
        assert name.encode("ascii", "backslashreplace").decode().startswith(hit.name)


def test_a_log_is_bounded_and_a_damaged_one_is_empty(tmp_path: Path) -> None:
    log = HitLog(tmp_path / "log")
    for number in range(RECORDS + 10):
        log.add(Hit(number, f"n{number}.test", 1, "zone", "drop"))
    found = read_hit_log(tmp_path / "log")
    assert [hit.second for hit in found] == list(range(10, RECORDS + 10))
    (tmp_path / "log").write_bytes(b"WEIRHIT1" + b"\xff" * 5_000)
    assert read_hit_log(tmp_path / "log") == read_hit_log(tmp_path / "none") == []


@pytest.fixture
def keeper(tmp_path: Path) -> HitKeeper:
    return HitKeeper(tmp_path, 0, lambda: 1_000.0)


@pytest.fixture
def generation(make_view: Callable[..., View]) -> Generation:
    view = make_view()
    infos = dict(view.tables.lists)
    infos["malware"] = replace(infos["malware"], log=LogPolicy.NAMES)
    infos["court"] = replace(infos["court"], log=LogPolicy.NONE)
    view.tables = replace(view.tables, lists=infos)
    return Generation(view)


def spoken(wire: Callable[[str], bytes], bits: int, seen: int = 0) -> Spoken:
    name = wire("Odd\\000 name.test")
    return Spoken(Query(1, 0x100, name, name, 15, 1, None), bits, seen | bits)


NX = 1 << 6
SECRET, COURT = 1 << 0, 1 << 1


def test_names_are_logged_only_for_lists_that_want_it_and_never_beside_a_secret_one(
    keeper: HitKeeper, generation: Generation, wire: Callable[[str], bytes], tmp_path: Path
) -> None:
    keeper.spoken(spoken(wire, NX))  # before any generation: nothing can be told
    keeper.use(generation)
    keeper.spoken(spoken(wire, COURT))
    keeper.spoken(spoken(wire, SECRET))
    keeper.spoken(spoken(wire, NX, seen=SECRET))
    assert not hit_log_path(tmp_path, 0).exists()
    keeper.spoken(spoken(wire, NX))
    assert read_hit_log(hit_log_path(tmp_path, 0)) == [
        Hit(1_000, "odd\\000\\032name.test", 15, "malware", "nxdomain")
    ]
    counted = {key.id: count for page in read_hits(tmp_path).values() for key, count in page.items() if count}
    assert counted == {"iwf": 1, "malware": 2}
    assert generation.secret & SECRET
    assert not generation.named & SECRET


def test_without_a_disk_counting_goes_on_and_nothing_is_logged(
    keeper: HitKeeper, generation: Generation, wire: Callable[[str], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path) -> HitLog:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("resolver.hit_keeping.HitLog", full)
    keeper.use(generation)
    keeper.spoken(spoken(wire, NX))
    keeper.spoken(spoken(wire, NX))


def test_a_new_start_forgets_what_another_process_has_counted(
    keeper: HitKeeper, generation: Generation, wire: Callable[[str], bytes], tmp_path: Path
) -> None:
    keeper.use(generation)
    keeper.spoken(spoken(wire, NX))
    assert keeper.pages(generation) is keeper.pages(generation)
    HitKeeper(tmp_path, 0, lambda: 0.0)
    assert list(tmp_path.glob("worker-0.*")) == []
