"""Bars and tables from sample data: what is met is called met, what is missed is called missed, by how much."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.bench.bars import bars
from deploy.bench.report import markdown
from deploy.bench.results import Results, Swap


@pytest.mark.parametrize(
    ("what", "met", "ratio"),
    [
        ("CPU per query, cached, 2,000 names", True, 4.8 / 4.0 / 1.25),
        ("CPU per query, blocked", True, 4.8 / 4.0 / 1.25),
        ("memory for a million domains", True, 14 / 16),
        ("text list of a million → serving, cold", True, 0.5),
        ("text list of a million → serving, reload", True, 0.8),
        ("full swap under load", True, 0.9),
        ("one entry of a list, 30 × → effect", False, 4.0),
        ("one subscriber, 30 × → effect", True, 0.4),
        ("100,000 subscribers with own policies", False, 1.5),
        ("cache-busting misses", False, 1.5),
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


def test_a_short_list_says_nothing_of_a_million(results: Results) -> None:
    results.names = 500_000
    assert not any("million" in bar.what for bar in bars(results))


def test_fewer_queries_than_three_peers_is_no_bar(results: Results) -> None:
    results.servers = [facts for facts in results.servers if facts.name not in ("a", "b")]
    assert not any(bar.what == "cache-busting misses" for bar in bars(results))


@pytest.mark.parametrize(("cpu", "met"), [(5.5, True), (5.3, False), (6.5, True), (6.7, False)])
def test_subscribers_may_cost_neither_more_nor_less(results: Results, cpu: float, met: bool) -> None:
    [many] = results.samples["S4", results.many]
    results.samples["S4", results.many] = [replace(many, cpu_us=cpu)]
    assert next(bar for bar in bars(results) if "subscribers with" in bar.what).is_met is met


def test_without_figures_there_are_no_bars() -> None:
    assert bars(Results([], 1, 1, 1.0)) == []


def test_the_whole_report(results: Results) -> None:
    text = markdown(results)
    assert "| cached, 2,000 names |" not in text
    assert "| S1: cached, 2,000 names | echo | 200,000 (190,000–210,000) | 4.00 (3.80–4.20) | 1.00 |" in text
    assert "slow<peer> *" in text  # disturbed by another machine
    assert "2 runs lost more than 1 %" in text
    assert "| 4.00 | **missed** |" in text
    assert "| cached: answered | 150 (140–160) |" in text
    assert "- gone: not installed" in text
    assert "| weir | this checkout | compiled table | 40 | 14 | 2.0 |" in text
    for line in text.splitlines():
        assert line.startswith("|") == line.endswith("|") or not line.startswith("|"), line
