"""The cache: what is fresh, what is stale, what goes, and what it really weighs."""

from __future__ import annotations

import gc
import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.exchange.cache import MAX_SHARE, Cache, cost_of
from resolver.exchange.model import Answer, Question

WINDOW = 1000.0


def _question(number: int) -> Question:
    label = f"n{number}".encode()
    return Question(bytes((len(label),)) + label + b"\x07example\x00", 1)


def _answer(number: int, *, stored: float = 0.0, ttl: int = 100, size: int = 100) -> Answer:
    wire = random.Random(number).randbytes(size)
    return Answer(_question(number), wire, 0x8180, (30, 46), (), (wire[:4],), stored, ttl)


def _cache(answers: int, window: float = WINDOW) -> Cache:
    """Room for that many answers of the usual size."""
    return Cache(answers * cost_of(_answer(10)), window)


@pytest.mark.parametrize(
    ("now", "fresh"),
    [(0.0, True), (99.9, True), (100.0, False), (1099.9, False), (1100.0, None), (-50.0, True)],
)
def test_fresh_stale_gone(now: float, fresh: bool | None) -> None:
    cache = _cache(50)
    cache.store(_answer(1))
    assert cache.holds(_question(1), now) is (fresh is not None)
    found = cache.look(_question(1), now)
    assert (found.fresh if found else None) is fresh


def test_without_a_stale_window_an_expired_answer_is_gone() -> None:
    cache = _cache(50, window=0.0)
    cache.store(_answer(1))
    assert cache.look(_question(1), 99.9) is not None
    assert cache.look(_question(1), 100.0) is None


def test_a_new_answer_takes_the_old_ones_place() -> None:
    cache = _cache(50)
    cache.store(_answer(1, size=100))
    cache.store(_answer(1, size=300, stored=50.0))
    assert len(cache) == 1
    assert cache.bytes == cost_of(_answer(1, size=300))


def test_ttl_0_is_not_kept_but_refutes_what_is() -> None:
    cache = _cache(50)
    cache.store(_answer(1, ttl=0))
    assert len(cache) == 0
    cache.store(_answer(2))
    cache.store(_answer(2, stored=200.0, ttl=0))
    found = cache.look(_question(2), 201.0)
    assert found is not None
    assert not found.fresh
    assert found.answer.stored == 200.0


def test_an_answer_too_large_is_not_kept() -> None:
    cache = _cache(50)
    cache.store(_answer(1, size=int(50 * cost_of(_answer(10)) * MAX_SHARE)))
    assert len(cache) == 0


def test_a_cache_of_no_size_keeps_nothing() -> None:
    cache = Cache(0, WINDOW)
    assert cache.store(_answer(1)) == 0
    assert cache.look(_question(1), 0.0) is None


def test_a_scan_does_not_flush_what_is_popular() -> None:
    cache = _cache(100)
    popular = range(20)
    for number in popular:
        cache.store(_answer(number))
        cache.look(_question(number), 0.0)
    for number in range(1000, 6000):
        cache.store(_answer(number))
        if number % 500 == 0:
            for each in popular:
                cache.look(_question(each), 0.0)
    kept = sum(cache.look(_question(number), 0.0) is not None for number in popular)
    assert kept == len(popular)


def test_what_returns_soon_after_eviction_is_kept_longer() -> None:
    cache = _cache(40)
    cache.store(_answer(1))
    for number in range(1000, 1045):
        cache.store(_answer(number))
    assert cache.look(_question(1), 0.0) is None
    cache.store(_answer(1))
    for number in range(2000, 2050):
        cache.store(_answer(number))
    assert cache.look(_question(1), 0.0) is not None, "it came from the ghosts to the main queue"


def test_answers_beyond_the_stale_window_go_however_popular_they_were() -> None:
    cache = _cache(20)
    for number in range(10):
        cache.store(_answer(number))
        for _ in range(5):
            cache.look(_question(number), 0.0)
    for number in range(100, 200):
        cache.store(_answer(number, stored=5000.0))
    assert all(cache.look(_question(number), 0.0) is None for number in range(10))


@pytest.mark.parametrize(
    ("ttl", "hits", "now", "due"),
    [
        (100, 3, 90.0, True),
        (100, 3, 89.9, False),
        (100, 2, 95.0, False),
        (100, 3, 100.0, False),
        (10, 3, 9.5, True),
        (9, 3, 8.9, False),
    ],
)
def test_prefetch(ttl: int, hits: int, now: float, due: bool) -> None:
    cache = _cache(50)
    cache.store(_answer(1, ttl=ttl))
    for _ in range(hits - 1):
        cache.look(_question(1), 1.0)
    found = cache.look(_question(1), now)
    assert found is not None
    assert found.prefetch is due


def test_holding_counts_no_hit() -> None:
    cache = _cache(50)
    cache.store(_answer(1))
    assert all(cache.holds(_question(1), 95.0) for _ in range(5))
    assert not cache.holds(_question(2), 95.0)
    found = cache.look(_question(1), 95.0)
    assert found is not None
    assert not found.prefetch


def test_hits_begin_anew_with_a_new_answer() -> None:
    cache = _cache(50)
    cache.store(_answer(1))
    for _ in range(5):
        cache.look(_question(1), 1.0)
    cache.store(_answer(1, stored=90.0))
    found = cache.look(_question(1), 185.0)
    assert found is not None
    assert not found.prefetch


def test_a_smaller_size_evicts_at_once() -> None:
    cache = _cache(50)
    for number in range(50):
        cache.store(_answer(number))
    before = len(cache)
    evicted = cache.resize(10 * cost_of(_answer(10)), WINDOW, 0.0)
    assert evicted == before - len(cache)
    assert cache.bytes <= 10 * cost_of(_answer(10))


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 40), st.integers(12, 400), st.integers(0, 50)), max_size=150
    )
)
def test_bounds_and_counts_hold_whatever_is_stored(script: list[tuple[bool, int, int, int]]) -> None:
    cache, now, latest = _cache(12), 0.0, dict[int, Answer]()
    for is_store, number, size, step in script:
        now += step
        if is_store:
            before = len(cache) + (_question(number) not in cache._entries)
            latest[number] = _answer(number, stored=now, size=size)
            evicted = cache.store(latest[number])
            assert len(cache) == before - evicted
        elif (found := cache.look(_question(number), now)) is not None:
            assert found.answer is latest[number]
        assert cache.bytes <= 12 * cost_of(_answer(10))
        assert len(cache._small) + len(cache._main) == len(cache)
        assert len(cache._ghosts) <= len(cache)
    cache.resize(0, WINDOW, now)
    assert (len(cache), cache.bytes) == (0, 0)


def test_the_weight_on_the_books_is_the_real_one() -> None:
    def fill(count: int) -> Cache:
        cache = Cache(10**9, WINDOW)
        for number in range(count):
            cache.store(_answer(number))
        return cache

    gc.collect()
    tracemalloc.start()
    try:
        cache = fill(4000)
        gc.collect()
        real, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.5 * cache.bytes < real < cache.bytes
