"""The promises of the design beside what a run measured. What misses its bar is shown as missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deploy.bench.results import ECHO, WEIR, Results, Swap

MB = 1_000_000
CPU_BAR = 1.25
MEMORY_BAR_MB = 16.0
LOAD_BAR_SECONDS = 1.0
EFFECT_BAR_MS = 50.0
SUBSCRIBER_BAR = 0.10
UNMOVED = 2.0
"""A p99.9 under change within twice the quiet one counts as unmoved."""
ENOUGH_NAMES = 900_000
"""Fewer names say nothing of a million: what does not grow with the list would be multiplied too."""
SLOWEST = 3
"""So many peers a miss must not be slower than."""


@dataclass(frozen=True)
class Bar:
    """One promise, what was measured, and how much of the bar that uses (1 or less is met)."""

    what: str
    bar: str
    measured: str
    ratio: float

    @property
    def is_met(self) -> bool:
        """Whether the promise is kept."""
        return self.ratio <= 1


def bars(results: Results) -> list[Bar]:
    """The bars of the design for which this run has figures."""
    return [
        *_cpu_bars(results), *_memory_bar(results), *_load_bars(results), *_swap_bars(results),
        *_subscriber_bar(results), *_miss_bar(results),
    ]  # fmt: skip


def _cpu_bars(results: Results) -> Iterator[Bar]:
    for key in ("S1", "S3"):
        ours, floor = results.cpu(key, WEIR), results.cpu(key, ECHO)
        if ours and floor:
            what = f"CPU per query, {results.scenarios[key]}"
            measured = f"{ours:.2f} µs, {ours / floor:.2f} × the echo's {floor:.2f} µs"
            yield Bar(what, f"{CPU_BAR} × the echo", measured, ours / floor / CPU_BAR)


def _memory_bar(results: Results) -> Iterator[Bar]:
    facts = results.facts(WEIR)
    if facts is not None and not facts.problem and results.names >= ENOUGH_NAMES:
        used = facts.list_memory / MB / results.names * 1e6
        measured = f"{used:.1f} MB"
        yield Bar("memory for a million domains", f"{MEMORY_BAR_MB:.0f} MB", measured, used / MEMORY_BAR_MB)


def _load_bars(results: Results) -> Iterator[Bar]:
    """Both are of the whole way: from exec, or from the signal, to the first blocked answer."""
    facts = results.facts(WEIR)
    if results.names < ENOUGH_NAMES:
        return
    if facts is not None and not facts.problem:
        seconds = facts.start_seconds
        measured = f"{seconds:.2f} s from exec, of it {facts.empty_seconds:.2f} s without a list"
        own = max(seconds - facts.empty_seconds, 0.0) / results.names * 1e6
        yield Bar(
            "text list of a million → serving, cold",
            "1 s more than without",
            measured,
            own / LOAD_BAR_SECONDS,
        )
    for swap in _ours(results, "full list"):
        seconds = swap.seconds / results.names * 1e6
        measured = f"{seconds:.2f} s under load"
        yield Bar("text list of a million → serving, reload", "1 s", measured, seconds / LOAD_BAR_SECONDS)


def _swap_bars(results: Results) -> Iterator[Bar]:
    for swap in _ours(results, "full list"):
        moved = swap.p999_us / max(swap.quiet_us, 1) / UNMOVED
        measured = f"{swap.lost} lost, p99.9 {shown_us(swap.quiet_us)} → {shown_us(swap.p999_us)}"
        ratio = max(moved, 1.0 + swap.lost if swap.lost else 0)
        yield Bar("full swap under load", f"0 lost, p99.9 ≤ {UNMOVED:g} ×", measured, ratio)
    for swap in _ours(results, "one "):
        ms, worst = swap.seconds * 1000, swap.slowest * 1000
        measured = f"{ms:.0f} ms, the slowest {worst:.0f} ms"
        yield Bar(f"{swap.change} → effect", f"{EFFECT_BAR_MS:.0f} ms", measured, ms / EFFECT_BAR_MS)


def _ours(results: Results, change: str) -> list[Swap]:
    return [swap for swap in results.swaps if swap.server == WEIR and swap.change.startswith(change)]


def _subscriber_bar(results: Results) -> Iterator[Bar]:
    one, many = results.cpu("S4", WEIR), results.cpu("S4", results.many)
    if one and many:
        measured = f"{many:.2f} µs beside {one:.2f} µs ({many / one - 1:+.0%})"
        what = f"{results.subscribers:,} subscribers with own policies"
        yield Bar(what, "CPU ± 10 %", measured, abs(many / one - 1) / SUBSCRIBER_BAR)


def _miss_bar(results: Results) -> Iterator[Bar]:
    ours = results.rate("S2", WEIR)
    peers = sorted(
        (rate, name)
        for facts in results.servers
        if (name := facts.name) not in (ECHO, WEIR, results.many)
        and (rate := results.rate("S2", name)) is not None
    )
    if ours and len(peers) >= SLOWEST:
        rate, name = peers[SLOWEST - 1]
        measured = f"{ours:,.0f} answers/s beside {rate:,.0f} ({name})"
        yield Bar("cache-busting misses", f"the slowest {SLOWEST} peers' rate", measured, rate / ours)


def shown_us(value: float) -> str:
    """Microseconds for a reader."""
    return f"{value / 1000:.1f} ms" if value >= 1000 else f"{value:.0f} µs"
