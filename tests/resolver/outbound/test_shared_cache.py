"""The shared cache as the exchange uses it: one worker's answers are every worker's, and serving goes on without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from resolver.core.native import CACHE_PAGE
from resolver.exchange.model import Answer, Question
from resolver.outbound import mapping, shared_cache
from resolver.outbound.mapping import MappingError
from resolver.outbound.shared_cache import NOTHING_WITHHELD, SharedCache, Withheld

SIZE = 8 * CACHE_PAGE
ASKED = Question(b"\1a\7example\0", 1)

Maker = Callable[..., SharedCache]


def _answer(question: Question = ASKED, *, stored: float = 5.0, ttl: int = 60, tail: int = 0) -> Answer:
    wire = b"\0\0\x81\x80\0\1" + bytes(6) + question.name + b"\0\1\0\1" + bytes(tail)
    return Answer(question, wire, 0x8180, (), (b"\1b\0",), (bytes(16),), stored, ttl, ((22, b"text"),))


@pytest.fixture
def counts() -> Counter[str]:
    return Counter()


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: Counter[str]) -> Iterator[Maker]:
    """Caches of one appliance, whose memory is in a folder of the test's own."""
    made: list[SharedCache] = []
    monkeypatch.setattr(mapping, "_is_tmpfs", lambda _: True)
    monkeypatch.setattr(mapping, "SHARED_MEMORY", tmp_path / "none")

    def maker(size: int = SIZE, window: float = 100.0, workers: int = 2) -> SharedCache:
        def count(name: str) -> None:
            counts[name] += 1

        made.append(SharedCache(tmp_path, size, window, workers=workers, count=count))
        return made[-1]

    yield maker
    for cache in made:
        cache.close()


@pytest.fixture
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(run: Path, size: int, edition: str) -> None:
        raise MappingError("no room for it")

    monkeypatch.setattr(shared_cache, "open_mapping", refuse)


def test_one_keeps_and_the_other_finds(make: Maker) -> None:
    one, other = make(), make()
    assert one.store(_answer()) == 0
    found = other.look(ASKED, 6.0)
    assert found is not None
    assert (found.answer, found.fresh, found.prefetch) == (_answer(), True, False)
    assert one.is_shared
    assert not one.problem


def test_answers_that_lead_to_withheld_names_are_not_kept(make: Maker) -> None:
    cache, other = make(), make()
    target = b"\x06target\x07example\0"
    led = _answer()._replace(targets=(target,))
    for withheld in (ASKED.name, target):
        cache.withhold(Withheld(has={withheld}.__contains__))
        cache.store(led)
        assert cache.look(ASKED, 6.0) is None
    cache.withhold(NOTHING_WITHHELD)
    cache.store(led)
    assert other.look(ASKED, 6.0) is not None


def test_another_edition_begins_an_empty_cache_for_all(make: Maker) -> None:
    one, other = make(), make()
    one.store(_answer())
    one.withhold(Withheld("ab12"))
    assert one.look(ASKED, 6.0) is None
    one.store(_answer())
    assert other.look(ASKED, 6.0) is not None  # until it takes over the generation too
    other.withhold(Withheld("ab12", lambda _: False))
    assert other.look(ASKED, 6.0) is not None  # what was stored under the new edition
    one.withhold(Withheld("ab12"))
    assert one.look(ASKED, 6.0) is not None
    one.withhold(Withheld("cd34"))
    assert one.look(ASKED, 6.0) is None


def test_a_new_edition_without_memory_gives_nothing_of_the_old_one(
    make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, opened = make(), mapping.open_mapping
    cache.store(_answer())

    def refuse(run: Path, size: int, edition: str) -> None:
        raise MappingError("no room for it")

    monkeypatch.setattr(shared_cache, "open_mapping", refuse)
    cache.withhold(Withheld("ab12"))
    assert cache.look(ASKED, 6.0) is None
    assert "no room for it" in cache.problem
    assert cache.bytes == 0
    monkeypatch.setattr(shared_cache, "open_mapping", opened)
    cache.withhold(Withheld("ab12"))
    assert (cache.is_shared, cache.problem) == (True, "")


def test_one_reports_for_all(make: Maker) -> None:
    one, other = make(), make()
    one.store(_answer())
    assert len(one) == 1
    assert one.bytes > len(_answer().wire)
    assert (len(other), other.bytes) == (0, 0)
    one.close()
    assert len(one) == 0
    assert other.look(ASKED, 6.0) is not None


def test_fresh_stale_gone(make: Maker) -> None:
    cache = make(window=10.0)
    cache.store(_answer())
    for now, fresh in ((64.9, True), (65.0, False), (74.9, False), (75.0, None)):
        found = cache.look(ASKED, now)
        assert (found.fresh if found else None) is fresh
        assert cache.holds(ASKED, now) is (fresh is not None)


@pytest.mark.parametrize(
    "question",
    [
        Question(ASKED.name, 28),
        Question(ASKED.name, 1, 3),
        Question(ASKED.name, 1, dnssec_ok=True),
        Question(ASKED.name, 1, checking_disabled=True),
        Question(b"\1b\7example\0", 1),
        Question(b"\1a" * 300 + b"\0", 1),
    ],
)
def test_what_makes_answers_differ_is_told_apart(make: Maker, question: Question) -> None:
    cache = make()
    cache.store(_answer())
    assert cache.look(question, 6.0) is None
    assert not cache.holds(question, 6.0)


def test_a_popular_answer_is_spoken_of_once(make: Maker) -> None:
    one, other = make(), make()
    one.store(_answer(ttl=100))
    for cache in (one, other):
        assert cache.look(ASKED, 6.0) is not None
    said = [cache.look(ASKED, 100.0) for cache in (one, other, one)]
    assert [found is not None and found.prefetch for found in said] == [True, False, False]


def test_what_is_too_long_is_counted(make: Maker, counts: Counter[str]) -> None:
    cache = make()
    assert cache.store(_answer(tail=20_000)) == 0
    assert counts == {"cache_too_long": 1}
    assert cache.look(ASKED, 6.0) is None


def test_evictions_are_told(make: Maker) -> None:
    cache = make(size=2 * CACHE_PAGE)
    gone = sum(
        cache.store(_answer(Question(bytes((3, number, 0, 0, 0)), 1), tail=500)) for number in range(200)
    )
    assert gone > 100
    assert len(cache) + gone <= 200


def test_another_size_begins_anew_for_all_and_loses_nothing_before(make: Maker) -> None:
    one, other = make(), make()
    one.store(_answer())
    handle, memory = one.native, one.memory
    assert memory is not None
    assert len(memory) == SIZE
    assert one.resize(2 * SIZE, 100.0, 6.0) == 0
    assert one.native is not handle
    assert one.memory is not None
    assert len(one.memory) == 2 * SIZE
    assert one.look(ASKED, 6.0) is None
    assert other.look(ASKED, 6.0) is not None
    assert handle is not None
    assert handle.peek(ASKED.name, 1, 1, 0, 6000, 0), "the core may still be using it"
    other.resize(2 * SIZE, 100.0, 6.0)
    one.store(_answer(stored=7.0))
    assert other.look(ASKED, 8.0) is not None


def test_another_window_changes_no_mapping(make: Maker) -> None:
    cache = make(window=10.0)
    handle = cache.native
    cache.store(_answer())
    cache.resize(SIZE, 100.0, 6.0)
    assert cache.native is handle
    assert cache.look(ASKED, 100.0) is not None


def test_a_cache_of_no_size_keeps_nothing(make: Maker) -> None:
    cache = make(size=CACHE_PAGE)
    assert cache.native is None
    assert cache.store(_answer()) == 0
    assert cache.look(ASKED, 6.0) is None
    assert not cache.holds(ASKED, 6.0)
    assert (len(cache), cache.bytes, cache.problem) == (0, 0, "")
    cache.resize(SIZE, 100.0, 6.0)
    cache.store(_answer())
    assert cache.look(ASKED, 6.0) is not None


@pytest.mark.usefixtures("no_memory")
def test_without_shared_memory_each_keeps_its_part(make: Maker) -> None:
    one, other = make(), make()
    assert not one.is_shared
    assert one.memory is None, "where none was to be had, none is used before it is needed"
    assert "no room for it" in one.problem
    assert str(SIZE // 2) in one.problem
    one.store(_answer())
    assert one.look(ASKED, 6.0) is not None
    assert other.look(ASKED, 6.0) is None
    assert len(one) == 1


def test_a_size_that_cannot_be_had_leaves_the_former_one(
    make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = make()
    cache.store(_answer())

    def refuse(run: Path, size: int, edition: str) -> None:
        raise MappingError("no room for it")

    monkeypatch.setattr(shared_cache, "open_mapping", refuse)
    cache.resize(2 * SIZE, 100.0, 6.0)
    assert "former size" in cache.problem
    assert cache.look(ASKED, 6.0) is not None
    monkeypatch.undo()


async def test_what_one_worker_asked_the_other_need_not(
    make: Maker, make_forwarder: Any, upstream: Any, question: Question, clock: Any
) -> None:
    one, _ = await make_forwarder(upstream.address, cache=make(), cache_size=SIZE)
    other, counts = await make_forwarder(upstream.address, cache=make(), cache_size=SIZE)
    resolution = await one.resolve(question)
    clock.offset = 20.5
    found = other.cached(question)
    assert found.wire == resolution.answer.wire
    assert found.flags == resolution.answer.flags
    assert other.age(found) == 20
    assert len(upstream.queries) == 1
    assert counts == {"cache_hits": 1}


async def test_the_core_asks_for_a_prefetch(
    make: Maker, make_forwarder: Any, upstream: Any, question: Question
) -> None:
    forwarder, counts = await make_forwarder(upstream.address, cache=make(), cache_size=SIZE)
    await forwarder.resolve(question)
    upstream.came.clear()
    forwarder.prefetch(question)
    forwarder.prefetch(question)
    await upstream.came.wait()
    assert counts["prefetches"] == 1
    await forwarder.close()
    forwarder.prefetch(question)
    assert counts["prefetches"] == 1
