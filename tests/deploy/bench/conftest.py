"""A small result as if it had been measured: one echo, Weir, and a peer that is slower."""

from __future__ import annotations

import pytest

from deploy.bench.measure import Outcome, Sample
from deploy.bench.results import InMemory, Results, ServerFacts, Swap

LATENCY = {"mean": 80.0, "p50": 70.0, "p99": 900.0, "p99.9": 1500.0, "max": 4000.0}


def sample(rate: float, cpu: float, stolen: float = 0.0) -> Sample:
    outcome = Outcome(2.0, int(rate * 2), int(rate * 2), 0, 0, rate, 0.0, LATENCY, {"0": int(rate * 2)})
    return Sample(outcome, cpu, cpu * 2, stolen, 0.01)


@pytest.fixture
def results() -> Results:
    made = Results(["a machine"], 1_000_000, 3, 2.0, 100_000)
    made.scenarios = {"S1": "cached, 2,000 names", "S2": "cache-busting", "S3": "blocked", "S4": "mixed"}
    for key in ("S1", "S3"):
        made.samples[key, "echo"] = [sample(200_000, 4.0), sample(210_000, 3.8), sample(190_000, 4.2)]
        made.samples[key, "weir"] = [sample(180_000, 4.8)]
        made.samples[key, "slow<peer>"] = [sample(90_000, 9.0, stolen=0.05)]
    made.samples["S4", "weir"] = [sample(150_000, 6.0)]
    for name, rate in {"weir": 20_000, "fast": 90_000, "a": 30_000, "b": 10_000, "c": 15_000}.items():
        made.samples["S2", name] = [sample(rate, 20.0)]
    made.samples["S4", "weir, 100,000 subscribers"] = [sample(140_000, 6.9)]
    made.latencies["S1", "weir", "25% of the slowest"] = sample(22_500, 8.0)
    made.servers = [
        ServerFacts("weir", "this checkout", "compiled table", 2.0, 40_000_000, 26_000_000, 1.5),
        *(ServerFacts(name, "1.0", "RPZ", 9.0, 50_000_000, 10_000_000) for name in ("fast", "a", "b", "c")),
        ServerFacts("gone", "", "RPZ", problem="not installed"),
    ]
    made.swaps = [
        Swap("weir", "full list, 10 ×", 0.8, 1.1, 9e4, 0, 0, 0, 0, 0, 1000.0, 1800.0, 9000.0),
        Swap("weir", "one entry of a list, 30 ×", 0.2, 0.3, 9e4, 3, 0, 0, 10, 3, 1000.0, 1800.0, 9000.0),
        Swap("weir", "one subscriber, 30 ×", 0.02, 0.3, 9e4, 0, 0, 0, 0, 0, 1000.0, 1800.0, 9000.0),
    ]
    made.in_memory = [InMemory("cached: answered", [150.0, 140.0, 160.0])]
    return made
