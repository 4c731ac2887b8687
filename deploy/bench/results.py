"""What a benchmark found out: frozen values between the measuring, the tables and the plot."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from deploy.bench.measure import Sample


@dataclass(frozen=True)
class ServerFacts:
    """A server that was measured, or why it was not. Memory in bytes, start in seconds."""

    name: str
    version: str
    form: str
    start_seconds: float = 0.0
    memory: int = 0
    memory_without_list: int = 0
    problem: str = ""

    @property
    def list_memory(self) -> int:
        """What the list costs."""
        return max(self.memory - self.memory_without_list, 0)


@dataclass(frozen=True)
class Swap:
    """One change of the list under load, and the same load without a change for comparison."""

    server: str
    change: str
    seconds: float
    rate: float
    lost: int
    wrong: int
    gap_ms: int
    lost_in_worst_slice: int
    quiet_us: float
    p999_us: float
    worst_us: float


@dataclass
class Results:
    """Everything. Samples are by scenario and server; latencies also by the label of their rate."""

    conditions: list[str]
    names: int
    rounds: int
    seconds: float
    servers: list[ServerFacts] = field(default_factory=list)
    scenarios: dict[str, str] = field(default_factory=dict)
    samples: dict[tuple[str, str], list[Sample]] = field(default_factory=dict)
    latencies: dict[tuple[str, str, str], Sample] = field(default_factory=dict)
    swaps: list[Swap] = field(default_factory=list)

    def cpu(self, scenario: str, server: str) -> float | None:
        """Median microseconds of the server's CPU per answer; None when it was not measured."""
        samples = self.samples.get((scenario, server))
        return statistics.median(sample.cpu_us for sample in samples) if samples else None

    def rate(self, scenario: str, server: str) -> float | None:
        """Median answers per second at saturation."""
        samples = self.samples.get((scenario, server))
        return statistics.median(sample.outcome.rate for sample in samples) if samples else None

    def facts(self, server: str) -> ServerFacts | None:
        """What is known of a server."""
        return next((facts for facts in self.servers if facts.name == server), None)
