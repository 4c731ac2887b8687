"""Results as Markdown: the bars first, then every table."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from deploy.bench.bars import MB, Bar, bars, shown_us
from deploy.bench.measure import Sample
from deploy.bench.results import ECHO, Results


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
    if results.in_memory:
        parts.append("## In memory (L1)\n\n" + _in_memory(results))
    problems = [*(f"- {text}" for text in results.problems)]
    problems += [f"- {facts.name}: {facts.problem}" for facts in results.servers if facts.problem]
    if problems:
        parts.append("## Not measured\n\n" + "\n".join(problems))
    return "\n\n".join(parts) + "\n"


def _conditions(results: Results) -> Iterator[str]:
    yield from results.conditions
    yield f"{results.names:,} listed names; medians of {results.rounds} interleaved rounds of {results.seconds:g} s"
    yield (
        "CPU: user and system time of all of the server's processes and threads per answer, from the kernel's nanosecond "
        "clocks; with it what of the network's work ran in their time. In brackets smallest to largest"
    )
    yield "Every server is suspended while another is measured"
    disturbed = sum(sample.is_disturbed for samples in results.samples.values() for sample in samples)
    if disturbed:
        yield f"{disturbed} runs lost more than 1 % to other machines (steal); their rows are marked *"


def _bars_table(found: Sequence[Bar]) -> str:
    rows = [
        (bar.what, bar.bar, bar.measured, f"{bar.ratio:.2f}", "met" if bar.is_met else "**missed**")
        for bar in found
    ]
    return _table(("what", "bar", "Weir", "÷ bar", ""), rows)


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
            _spread([sample.cpu_us for sample in samples], "{:.2f}"),
            f"{cpu / floor:.2f}" if floor else "–",
            f"{statistics.median(sample.machine_us for sample in samples):.1f}",
            f"{statistics.median(sample.idle for sample in samples):.0%}",
            f"{statistics.median(sample.outcome.spare for sample in samples):.0%}", f"{lost:.2%}", f"{wrong:,}",
        ))  # fmt: skip
    head = (
        "scenario",
        "server",
        "answers/s",
        "CPU µs",
        "÷ echo",
        "machine µs",
        "CPU idle",
        "generator spare",
        "lost",
        "wrong",
    )
    note = (
        "`machine µs` is all CPUs busy, the generator's too (it never sleeps), and whatever else the machine does. Where "
        "`CPU idle` is more than a few percent the server was not the limit, and its rate is a lower bound. `generator "
        "spare` is the part of its time in which the generator waited for answers; the others do not tell. kxdpgun sends at "
        "90 % of the rate found before, from AF_XDP."
    )
    return f"{_table(head, rows)}\n\n{note}"


def _latency(results: Results) -> str:
    rows = [
        (
            key, server + _mark([sample]), label, f"{sample.outcome.sent / sample.outcome.seconds:,.0f}",
            *(shown_us(sample.outcome.latency[name]) for name in ("p50", "p99", "p99.9")), f"{sample.outcome.lost:,}",
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
    note = "Weir has the whole of its answer cache from the start, 256 MiB here; most others get theirs as they are asked."
    return f"{_table(head, rows)}\n\n{note}"


def _swaps(results: Results) -> str:
    rows = [
        (
            swap.server, swap.change, f"{swap.rate:,.0f}", f"{swap.seconds:.3f}", f"{swap.slowest:.3f}",
            f"{swap.lost:,}", f"{swap.lost_quiet:,}", f"{swap.lost_in_worst_slice:,}", f"{swap.gap_ms}",
            shown_us(swap.quiet_us), shown_us(swap.p999_us), shown_us(swap.worst_us),
        )
        for swap in results.swaps
    ]  # fmt: skip
    head = (
        "server", "change", "queries/s", "to effect, s", "the slowest, s", "lost", "lost when quiet",
        "lost in the worst 10 ms", "longest gap, ms", "p99.9 quiet", "p99.9", "worst",
    )  # fmt: skip
    note = (
        "The load lasts until the change has taken effect and half a second more; after each comes as long a stretch (of 5 s "
        "at most) without one. The p99.9 are the medians of both. A server that is not here reads its list only when it "
        "starts."
    )
    return f"{_table(head, rows)}\n\n{note}"


def _in_memory(results: Results) -> str:
    rows = [(case.what, _spread(case.nanoseconds, "{:.0f}")) for case in results.in_memory]
    return _table(("the data plane alone, in batches of 64", "ns per packet"), rows)


def _mark(samples: Sequence[Sample]) -> str:
    return " *" if any(sample.is_disturbed for sample in samples) else ""


def _spread(values: Sequence[float], form: str) -> str:
    middle = form.format(statistics.median(values))
    return f"{middle} ({form.format(min(values))}–{form.format(max(values))})" if len(values) > 1 else middle


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "Nothing of this was measured in this run."
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
