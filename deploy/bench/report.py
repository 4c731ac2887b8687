"""Results as Markdown: the bars first, then every table. An own figure that misses its bar is shown as missed."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy.bench.measure import Sample
from deploy.bench.results import Results

MB = 1_000_000
CPU_BAR = 1.25
MEMORY_BAR_MB = 16.0
LOAD_BAR_SECONDS = 1.0
EFFECT_BAR_MS = 50.0
SUBSCRIBER_BAR = 0.10
UNMOVED = 2.0
"""A p99.9 under change within twice the quiet one counts as unmoved."""
WEIR, ECHO, MANY = "weir", "echo", "weir, 100,000 subscribers"


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


def markdown(results: Results) -> str:
    """The whole report."""
    parts = [
        "\n".join(f"- {line}" for line in _conditions(results)),
        "## Bars\n\n" + _bars_table(bars(results)),
        "## At saturation\n\n" + _saturation(results),
        "## Latency, open loop\n\n" + _latency(results),
        "## Memory and start\n\n" + _memory(results),
        "## Changes under load (S6)\n\n" + _swaps(results),
    ]
    problems = [f"- {facts.name}: {facts.problem}" for facts in results.servers if facts.problem]
    if problems:
        parts.append("## Not measured\n\n" + "\n".join(problems))
    return "\n\n".join(parts) + "\n"


def bars(results: Results) -> list[Bar]:
    """The bars of the design for which this run has figures."""
    return [*_cpu_bars(results), *_memory_bars(results), *_swap_bars(results), *_subscriber_bar(results)]


def _cpu_bars(results: Results) -> Iterator[Bar]:
    for key in ("S1", "S3"):
        ours, floor = results.cpu(key, WEIR), results.cpu(key, ECHO)
        if ours and floor:
            what = f"CPU per query, {results.scenarios[key]}"
            measured = f"{ours:.1f} µs, {ours / floor:.2f} × the echo's {floor:.1f} µs"
            yield Bar(what, f"{CPU_BAR} × the echo", measured, ours / floor / CPU_BAR)


def _memory_bars(results: Results) -> Iterator[Bar]:
    facts = results.facts(WEIR)
    if facts is not None and not facts.problem:
        used = facts.list_memory / MB / results.names * 1e6
        yield Bar(
            "memory for a million domains", f"{MEMORY_BAR_MB:.0f} MB", f"{used:.0f} MB", used / MEMORY_BAR_MB
        )


def _swap_bars(results: Results) -> Iterator[Bar]:
    for swap in (swap for swap in results.swaps if swap.server == WEIR):
        if swap.change.startswith("full list"):
            seconds = swap.seconds / results.names * 1e6
            yield Bar(
                "text list of a million → serving", "1 s", f"{seconds:.2f} s", seconds / LOAD_BAR_SECONDS
            )
            moved = swap.p999_us / max(swap.quiet_us, 1) / UNMOVED
            measured = f"{swap.lost} lost, p99.9 {_us(swap.quiet_us)} → {_us(swap.p999_us)}"
            yield Bar(
                "full swap under load",
                "0 lost, p99.9 ≤ 2 ×",
                measured,
                max(moved, 1.0 + swap.lost if swap.lost else 0),
            )
        else:
            ms = swap.seconds * 1000
            yield Bar("one rule → effect", f"{EFFECT_BAR_MS:.0f} ms", f"{ms:.0f} ms", ms / EFFECT_BAR_MS)


def _subscriber_bar(results: Results) -> Iterator[Bar]:
    one, many = results.cpu("S4", WEIR), results.cpu("S4", MANY)
    if one and many:
        measured = f"{many:.1f} µs beside {one:.1f} µs ({many / one - 1:+.0%})"
        yield Bar(
            "100,000 subscribers with own policies", "CPU ± 10 %", measured, (many / one - 1) / SUBSCRIBER_BAR
        )


def _conditions(results: Results) -> Iterator[str]:
    yield from results.conditions
    yield f"{results.names:,} listed names; medians of {results.rounds} interleaved rounds of {results.seconds:g} s"
    yield "CPU: user and system time of the server's processes per answer; in brackets smallest to largest"
    disturbed = sum(sample.is_disturbed for samples in results.samples.values() for sample in samples)
    if disturbed:
        yield f"{disturbed} runs lost more than 1 % to other machines (steal); their rows are marked *"


def _bars_table(found: Sequence[Bar]) -> str:
    rows = [
        (bar.what, bar.bar, bar.measured, "met" if bar.is_met else f"**missed**, {bar.ratio:.1f} × the bar")
        for bar in found
    ]
    return _table(("what", "bar", "Weir", ""), rows)


def _saturation(results: Results) -> str:
    rows = []
    for (key, server), samples in results.samples.items():
        floor = results.cpu(key, ECHO)
        cpu = results.cpu(key, server) or 0.0
        lost = sum(sample.outcome.lost for sample in samples) / max(sum(s.outcome.sent for s in samples), 1)
        wrong = sum(sample.outcome.wrong for sample in samples) if server != ECHO else 0
        rows.append((
            f"{key}: {results.scenarios[key]}", server + _mark(samples),
            _spread([sample.outcome.rate for sample in samples], "{:,.0f}"),
            _spread([sample.cpu_us for sample in samples], "{:.1f}"),
            f"{cpu / floor:.2f}" if floor else "–",
            f"{statistics.median(sample.machine_us for sample in samples):.1f}",
            f"{statistics.median(sample.idle for sample in samples):.0%}", f"{lost:.2%}", f"{wrong:,}",
        ))  # fmt: skip
    head = ("scenario", "server", "answers/s", "CPU µs", "÷ echo", "machine µs", "CPU idle", "lost", "wrong")
    note = (
        "`machine µs` is all CPUs busy, the generator's too (it never sleeps). Where `CPU idle` is more than a few "
        "percent the server was not the limit, and its rate is a lower bound."
    )
    return f"{_table(head, rows)}\n\n{note}"


def _latency(results: Results) -> str:
    rows = [
        (
            key, server + _mark([sample]), label, f"{sample.outcome.sent / sample.outcome.seconds:,.0f}",
            *(_us(sample.outcome.latency[name]) for name in ("p50", "p99", "p99.9")), f"{sample.outcome.lost:,}",
        )
        for (key, server, label), sample in results.latencies.items()
    ]  # fmt: skip
    return _table(("scenario", "server", "rate", "queries/s", "p50", "p99", "p99.9", "lost"), rows)


def _memory(results: Results) -> str:
    rows = [
        (
            facts.name, facts.version, facts.form, f"{facts.memory / MB:,.0f}",
            f"{facts.list_memory / MB:,.0f}" if facts.memory_without_list else "–", f"{facts.start_seconds:.1f}",
        )
        for facts in results.servers
        if not facts.problem
    ]  # fmt: skip
    head = ("server", "version", "list as", "memory MB (PSS)", "of it the list", "start → blocking, s")
    return _table(head, rows)


def _swaps(results: Results) -> str:
    rows = [
        (
            swap.server, swap.change, f"{swap.rate:,.0f}", f"{swap.seconds:.2f}", f"{swap.lost:,}",
            f"{swap.lost_in_worst_slice:,}", f"{swap.gap_ms}", _us(swap.quiet_us), _us(swap.p999_us), _us(swap.worst_us),
        )
        for swap in results.swaps
    ]  # fmt: skip
    head = (
        "server", "change", "queries/s", "to effect, s", "lost", "lost in the worst 10 ms", "longest gap, ms",
        "p99.9 quiet", "p99.9", "worst",
    )  # fmt: skip
    return _table(head, rows) + "\n\nA server that is not here reads its list only when it starts."


def _mark(samples: Sequence[Sample]) -> str:
    return " *" if any(sample.is_disturbed for sample in samples) else ""


def _spread(values: Sequence[float], form: str) -> str:
    middle = form.format(statistics.median(values))
    return f"{middle} ({form.format(min(values))}–{form.format(max(values))})" if len(values) > 1 else middle


def _us(value: float) -> str:
    return f"{value / 1000:.1f} ms" if value >= 1000 else f"{value:.0f} µs"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "Nothing of this was measured in this run."
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
