"""What a worker counts for statistics: a page a day and plan, a share of each client, and what its reader makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.answer.decision import Spoken
from resolver.answer.generation import Generation
from resolver.answer.message import Query
from resolver.day_groups import GROUP
from resolver.day_hits import DayPage, DayWords, day_path, days_of, forget_days, read_day
from resolver.day_keeping import DAYS_KEPT, MOST_OF_A_CLIENT, DayKeeper, share_of
from resolver.policy.model import ReasonKind
from resolver.runtime.counters import read_counters
from resolver.tables.view import View

DAY = 20_000
NAMES = ("bets", "chat", "illegal-and-security")


def spoken(client: str, bits: int = 1) -> Spoken:
    name = b"\1a\0"
    return Spoken(Query(1, 0x100, name, name, 1, 1, None), bits, bits, client, (0, ReasonKind.CATEGORY))


@pytest.fixture
def generation(make_view: Callable[..., View]) -> Generation:
    return Generation(make_view())


def test_words_of_core_and_python_are_one_number(tmp_path: Path) -> None:
    words = DayWords(day_path(tmp_path, 0, DAY, "ab"), NAMES, 5)
    words.core[1] += 7
    words.add(1)
    words.add(2)
    words.tell(3)
    assert read_day(tmp_path, DAY) == (DayPage(5, 3, Counter({"bets": 0, "chat": 8, NAMES[2]: 1})),)
    assert read_day(tmp_path, DAY + 1) == ()


@given(st.binary(max_size=80))
def test_what_is_no_page_is_left_out(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    run = tmp_path_factory.mktemp("run")
    day_path(run, 0, DAY, "ab").write_bytes(data)
    (run / "worker-0.day-x-1.hits").write_bytes(data)
    assert read_day(run, DAY) == ()
    assert list(days_of(run)) == [DAY]


def test_old_days_go(tmp_path: Path) -> None:
    for day in (DAY - 1, DAY, DAY + 1):
        DayWords(day_path(tmp_path, 0, day, "ab"), NAMES, 5)
    forget_days(tmp_path, DAY)
    assert sorted(days_of(tmp_path)) == [DAY, DAY + 1]


def test_a_client_counts_its_share_and_each_day_begins_anew(tmp_path: Path, generation: Generation) -> None:
    keeper = DayKeeper(tmp_path, 0)
    keeper.spoken(spoken("127.0.0.1"))  # nothing is in force: it must not fail
    for day in (DAY, DAY + 1):
        keeper.use(generation, day)
        for client in ("127.0.0.1", "::ffff:127.0.0.1", "fe80::1%eth0"):
            for _ in range(2 * MOST_OF_A_CLIENT):
                keeper.spoken(spoken(client))
        keeper.tidy()
        (path,) = days_of(tmp_path)[day]
        counted = read_counters(path)
        assert counted.pop("at-most") == MOST_OF_A_CLIENT
        assert +Counter(counted) == {f"python:{GROUP}": 2 * MOST_OF_A_CLIENT}


def test_pages_are_kept_for_their_day_and_have_keys_of_their_own(
    tmp_path: Path, generation: Generation
) -> None:
    drawn: list[bytes] = []

    def random(size: int) -> bytes:
        drawn.append(bytes([len(drawn) + 1]) * size)
        return drawn[-1]

    keeper = DayKeeper(tmp_path, 0, random)
    assert keeper.page(generation, DAY) is keeper.page(generation, DAY)
    assert keeper.page(generation, DAY + DAYS_KEPT + 1).clamp is not None
    assert list(days_of(tmp_path)) == [DAY + DAYS_KEPT + 1]
    assert len(set(drawn)) == len(drawn) == 4


@pytest.mark.parametrize(("workers", "share"), [(0, 10), (1, 10), (2, 5), (3, 3), (10, 1), (64, 1)])
def test_workers_share_what_a_client_may_count(workers: int, share: int) -> None:
    assert share_of(workers) == share
