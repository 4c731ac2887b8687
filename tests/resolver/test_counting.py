"""A worker's pages: the core counts by the names that Python knows, and a dead core's numbers are forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from resolver.core.native import STATS_NAMES, Stats
from resolver.counting import WORKER_COUNTERS, forget_core_pages, open_core_page
from resolver.pages import Page, page_path
from resolver.runtime.counters import CounterPage, read_counters

OF_THE_CORE = {
    *("handed_over", "batches", "rate_slipped", "rate_dropped", "cookies_verified", "late_replies"),
}
"""What only a core counts."""


def test_what_both_count_has_one_name() -> None:
    plain = {name for name in STATS_NAMES if not name.startswith("latency_")}
    assert plain - set(WORKER_COUNTERS) == OF_THE_CORE
    assert len(set(STATS_NAMES)) == len(STATS_NAMES)


def test_a_core_page_is_read_like_any_other(tmp_path: Path) -> None:
    page = CounterPage(page_path(tmp_path, 3, Page.CORE), STATS_NAMES)
    page.words[STATS_NAMES.index("batches")] = 2**63
    Stats(page.words)
    assert read_counters(tmp_path / "worker-3.core")["batches"] == 2**63
    open_core_page(tmp_path, 3)
    assert set(read_counters(tmp_path / "worker-3.core").values()) == {0}


def test_a_dead_core_is_forgotten(tmp_path: Path) -> None:
    open_core_page(tmp_path, 0)
    open_core_page(tmp_path, 0, Page.CORE_TCP)
    open_core_page(tmp_path, 1)
    forget_core_pages(tmp_path, 0)
    forget_core_pages(tmp_path, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["worker-1.core"]


@pytest.mark.parametrize("words", [1, len(STATS_NAMES) - 1, len(STATS_NAMES) + 1])
def test_memory_of_another_size_is_no_page(words: int) -> None:
    with pytest.raises(ValueError, match="words"):
        Stats(memoryview(bytearray(8 * words)).cast("Q"))


def test_memory_that_cannot_be_written_is_no_page() -> None:
    with pytest.raises(BufferError):
        Stats(memoryview(bytes(8 * len(STATS_NAMES))).cast("Q"))


def test_memory_off_its_alignment_is_no_page() -> None:
    memory = bytearray(8 * len(STATS_NAMES) + 8)
    with pytest.raises(ValueError, match="aligned"):
        Stats(memoryview(memory)[1:-7].cast("Q"))
