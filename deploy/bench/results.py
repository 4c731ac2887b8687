"""What a benchmark found out: frozen values between the measuring, the tables and the plot."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from deploy.bench.measure import Sample

WEIR, ECHO = "weir", "echo"


def with_subscribers(count: int) -> str:
    """The name of the Weir that has so many subscribers of their own."""
    return f"{WEIR}, {count:,} subscribers"


@dataclass(frozen=True)
class ServerFacts:
    """A server that was measured, or why it was not. Memory in bytes, start in seconds."""

    name: str
    version: str
    form: str
    start_seconds: float = 0.0
    memory: int = 0
    memory_without_list: int = 0
    empty_seconds: float = 0.0
    """From exec to the first answer, without a list."""
    problem: str = ""

    @property
    def list_memory(self) -> int:
        """What the list costs."""
        return max(self.memory - self.memory_without_list, 0)


@dataclass(frozen=True)
class Swap:
    """Changes of one kind under load, beside as long stretches without one.

    Times to effect in seconds; the p99.9 are medians over the stretches, in microseconds; the rest are sums and worsts.
    """

    server: str
    change: str
    seconds: float
    slowest: float
    rate: float
    lost: int
    lost_quiet: int
    wrong: int
    gap_ms: int
    lost_in_worst_slice: int
    quiet_us: float
    p999_us: float
    worst_us: float


@dataclass(frozen=True)
class InMemory:
    """Mean CPU per packet without sockets and system calls, in nanoseconds: one sample a round."""

    what: str
    nanoseconds: list[float]


@dataclass
class Results:
    """Everything. Samples are by scenario and server; latencies also by the label of their rate."""

    conditions: list[str]
    names: int
    rounds: int
    seconds: float
    subscribers: int = 0
    servers: list[ServerFacts] = field(default_factory=list)
    scenarios: dict[str, str] = field(default_factory=dict)
    samples: dict[tuple[str, str], list[Sample]] = field(default_factory=dict)
    latencies: dict[tuple[str, str, str], Sample] = field(default_factory=dict)
    swaps: list[Swap] = field(default_factory=list)
    in_memory: list[InMemory] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def cpu(self, scenario: str, server: str) -> float | None:
        """Median microseconds of the server's CPU per answer; None when it was not measured."""
        samples = self.samples.get((scenario, server))
        return statistics.median(sample.cpu_us for sample in samples) if samples else None

    def rate(self, scenario: str, server: str) -> float | None:
        """Median answers per second at saturation."""
        samples = self.samples.get((scenario, server))
        return statistics.median(sample.outcome.rate for sample in samples) if samples else None

    @property
    def many(self) -> str:
        """The name of the Weir with subscribers of their own."""
        return with_subscribers(self.subscribers)

    def facts(self, server: str) -> ServerFacts | None:
        """What is known of a server."""
        return next((facts for facts in self.servers if facts.name == server), None)
