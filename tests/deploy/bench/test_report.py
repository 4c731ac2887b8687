"""Bars and tables from sample data: what is met is called met, what is missed is called missed, by how much."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.bench.report import bars, markdown
from deploy.bench.results import Results, Swap


@pytest.mark.parametrize(
    ("what", "met", "ratio"),
    [
        ("CPU per query, cached, 2,000 names", True, 4.8 / 4.0 / 1.25),
        ("CPU per query, blocked", True, 4.8 / 4.0 / 1.25),
        ("memory for a million domains", True, 14 / 16),
        ("text list of a million → serving", True, 0.8),
        ("full swap under load", True, 0.9),
        ("one rule → effect", False, 4.0),
        ("100,000 subscribers with own policies", False, 1.5),
    ],
)
def test_each_bar(results: Results, what: str, met: bool, ratio: float) -> None:
    bar = next(bar for bar in bars(results) if bar.what == what)
    assert bar.is_met is met
    assert bar.ratio == pytest.approx(ratio)


@pytest.mark.parametrize(("lost", "p999"), [(1, 1000.0), (0, 2001.0)])
def test_a_lost_query_or_a_slow_tail_misses_the_swap(results: Results, lost: int, p999: float) -> None:
    full: Swap = replace(results.swaps[0], lost=lost, p999_us=p999)
    results.swaps = [full]
    assert not next(bar for bar in bars(results) if bar.what == "full swap under load").is_met


def test_memory_is_scaled_to_a_million(results: Results) -> None:
    results.names = 500_000
    assert next(bar for bar in bars(results) if bar.what.startswith("memory")).ratio == pytest.approx(28 / 16)


def test_without_figures_there_are_no_bars() -> None:
    assert bars(Results([], 1, 1, 1.0)) == []


def test_the_whole_report(results: Results) -> None:
    text = markdown(results)
    assert "| cached, 2,000 names |" not in text
    assert "| S1: cached, 2,000 names | echo | 200,000 (190,000–210,000) | 4.0 (3.8–4.2) | 1.00 |" in text
    assert "slow<peer> *" in text  # disturbed by another machine
    assert "2 runs lost more than 1 %" in text
    assert "**missed**, 4.0 × the bar" in text
    assert "- gone: not installed" in text
    assert "| weir | this checkout | compiled table | 40 | 14 | 2.0 |" in text
    for line in text.splitlines():
        assert line.startswith("|") == line.endswith("|") or not line.startswith("|"), line
