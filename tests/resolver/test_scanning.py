"""The watch for clients that walk through secret lists: its threshold, its day, and its two numbers."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from resolver.answer.decision import Spoken
from resolver.answer.generation import Generation
from resolver.answer.message import Query
from resolver.core.native import SKETCH_BITS
from resolver.policy.model import ReasonKind
from resolver.scanning import ScanWatch, bits_for
from resolver.tables.view import View

CLIENTS, DISPLACED = "secret_scanning_clients", "secret_scanning_displaced"


@pytest.fixture
def watch() -> ScanWatch:
    numbers = itertools.count(1)
    return ScanWatch(lambda size: bytes([next(numbers)]) * size)


@pytest.fixture
def generation(make_view: Callable[..., View]) -> Callable[[int], Generation]:
    def build(threshold: int) -> Generation:
        made = Generation(make_view(secret_scan=threshold))
        made.watched = 0b1 if threshold else 0
        return made

    return build


def hit(
    number: int, client: str = "127.0.0.11", bit: int = 0, kind: ReasonKind = ReasonKind.SECURITY
) -> Spoken:
    label = f"n{number}".encode()
    name = bytes([len(label)]) + label + b"\0"
    return Spoken(Query(1, 0x100, name, name, 1, 1, None), 1 << bit, 1 << bit, client, (bit, kind))


def gauges(watch: ScanWatch, day: int = 0) -> dict[str, int]:
    found: dict[str, int] = {}
    watch.tidy(day, found.__setitem__)
    return found


def test_distinct_names_make_the_alarm(watch: ScanWatch, generation: Callable[[int], Generation]) -> None:
    watch.use(generation(20))
    for number in range(30):
        watch.spoken(hit(number))
        watch.spoken(hit(number, "127.0.0.2", bit=1))
        watch.spoken(hit(number, "127.0.0.3", kind=ReasonKind.CATEGORY))
        watch.spoken(hit(number, f"fe80::{number}%eth0"))
        watch.spoken(hit(number)._replace(blocked=None, client="nobody"))
    for _ in range(1_000):
        watch.spoken(hit(1, "127.0.0.4"))
    assert gauges(watch) == {CLIENTS: 2, DISPLACED: 0}  # the second is a household in IPv6


def test_a_new_day_forgets(watch: ScanWatch, generation: Callable[[int], Generation]) -> None:
    watch.use(generation(10))
    for number in range(30):
        watch.spoken(hit(number))
    assert [gauges(watch, day)[CLIENTS] for day in (7, 7, 8, 8, 7)] == [1, 1, 0, 0, 0]


def test_switched_off_it_forgets_and_tells_nothing(
    watch: ScanWatch, generation: Callable[[int], Generation]
) -> None:
    watch.use(generation(10))
    for number in range(30):
        watch.spoken(hit(number))
    watch.use(generation(0))
    for number in range(30):
        watch.spoken(hit(number))
    assert gauges(watch) == {CLIENTS: 0, DISPLACED: 0}
    watch.use(generation(10))
    assert gauges(watch)[CLIENTS] == 0
    assert watch.sketch.over(1) == 0


def test_many_clients_need_no_more_room(watch: ScanWatch, generation: Callable[[int], Generation]) -> None:
    watch.use(generation(20))
    for number in range(30):
        watch.spoken(hit(number))
    for number in range(20_000):
        watch.spoken(hit(number, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"))
    found = gauges(watch)
    assert found[CLIENTS] == 1
    assert found[DISPLACED] == 20_001 - watch.sketch.over(1) > 0


@pytest.mark.parametrize(("names", "bits"), [(1, 1), (10, 10), (20, 19), (500, 220)])
def test_how_many_bits_names_set(names: int, bits: int) -> None:
    assert bits_for(names) == bits <= SKETCH_BITS
