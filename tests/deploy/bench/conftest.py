"""A small result as if it had been measured: one echo, Weir, and a peer that is slower."""

from __future__ import annotations

import pytest

from deploy.bench.measure import Outcome, Sample
from deploy.bench.results import Results, ServerFacts, Swap

LATENCY = {"mean": 80.0, "p50": 70.0, "p99": 900.0, "p99.9": 1500.0, "max": 4000.0}


def sample(rate: float, cpu: float, stolen: float = 0.0) -> Sample:
    outcome = Outcome(2.0, int(rate * 2), int(rate * 2), 0, 0, rate, 0.0, LATENCY, {"0": int(rate * 2)})
    return Sample(outcome, cpu, cpu * 2, stolen, 0.01)


@pytest.fixture
def results() -> Results:
    made = Results(["a machine"], 1_000_000, 3, 2.0)
    made.scenarios = {"S1": "cached, 2,000 names", "S3": "blocked", "S4": "mixed"}
    for key in ("S1", "S3"):
        made.samples[key, "echo"] = [sample(200_000, 4.0), sample(210_000, 3.8), sample(190_000, 4.2)]
        made.samples[key, "weir"] = [sample(180_000, 4.8)]
        made.samples[key, "slow<peer>"] = [sample(90_000, 9.0, stolen=0.05)]
    made.samples["S4", "weir"] = [sample(150_000, 6.0)]
    made.samples["S4", "weir, 100,000 subscribers"] = [sample(140_000, 6.9)]
    made.latencies["S1", "weir", "25% of the slowest"] = sample(22_500, 8.0)
    made.servers = [
        ServerFacts("weir", "this checkout", "compiled table", 2.0, 40_000_000, 26_000_000),
        ServerFacts("gone", "", "RPZ", problem="not installed"),
    ]
    made.swaps = [
        Swap("weir", "full list, 10 ×", 0.8, 9e4, 0, 0, 0, 0, 1000.0, 1800.0, 9000.0),
        Swap("weir", "one rule, 10 ×", 0.2, 9e4, 3, 0, 10, 3, 1000.0, 1800.0, 9000.0),
    ]
    return made
