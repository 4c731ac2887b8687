"""What a soak calls wrong, from made-up readings; and a short soak of the real appliance."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.bench.measure import Outcome
from deploy.bench.soak import Reading, slope, verdict

ROOT = Path(__file__).parents[3]
CACHE_SIZE = 256 << 20
"""As configured for every benchmark (deploy/bench/peers/weir.py)."""
FINE = Outcome(10.0, 100, 100, 0, 0, 10.0, 0.0, {"p99.9": 1.0}, {"0": 100})


def readings(*, growth: float = 0.0, cache_growth: float = 0.0, descriptors: int = 0) -> list[Reading]:
    """Of a box with 100 MB beside a cache that has 1,000 MB."""

    def reading(second: int) -> Reading:
        cache = int(1e9 + cache_growth * second)
        pss = int(100e6 + growth * second) + cache
        return Reading(second, pss, pss, cache, 20 + descriptors * second // 100, 9, 0)

    return [reading(second) for second in range(200)]


@pytest.mark.parametrize(
    ("taken", "outcome", "words"),
    [
        (readings(), FINE, []),
        (readings(growth=20_000), FINE, []),  # 3 MB: noise
        (readings(growth=100_000), FINE, ["All other memory grew by 14.9 MB on 105 MB"]),
        (readings(cache_growth=100_000), FINE, []),  # 1.5 %
        (readings(cache_growth=1_000_000), FINE, ["The answer cache grew by 149"]),
        (readings(growth=-100_000), FINE, []),
        (readings(descriptors=2), FINE, []),
        (readings(descriptors=10), FINE, ["Open descriptors grew from "]),
        (readings(), Outcome(10.0, 100, 99, 1, 0, 9.9, 0.0, {}, {}), ["1 of 100 queries had no answer."]),
        (readings(), Outcome(10.0, 100, 100, 0, 2, 9.9, 0.0, {}, {}), ["2 of 100 answers were wrong."]),
        (readings()[:4], FINE, ["too short"]),
    ],
)
def test_what_is_wrong(taken: list[Reading], outcome: Outcome, words: list[str]) -> None:
    found = verdict(taken, outcome)
    assert len(found) == len(words), found
    for sentence, word in zip(found, words, strict=True):
        assert word in sentence


def test_one_outlier_is_no_slope() -> None:
    assert slope([(float(n), 1e9 if n == 50 else 100.0) for n in range(100)]) == 0.0


@pytest.mark.timeout(600)
def test_a_short_soak_of_the_appliance(tmp_path: Path) -> None:
    """Memory, descriptors and changes; how many answers are late where the machine is busy says nothing of them."""
    told = ["--seconds", "20", "--names", "20000", "--every", "4", "--rate", "500"]
    command = [sys.executable, "-m", "deploy.bench.soak", *told]
    done = subprocess.run(
        [*command, "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    wrong = done.stderr.splitlines()
    assert [line for line in wrong if "had no answer" not in line] == [], done.stdout
    assert done.returncode == (1 if wrong else 0)
    lines = (tmp_path / "soak.csv").read_text().splitlines()
    assert lines[0] == "second,pss,rss,cache,descriptors,threads,changes"
    assert len(lines) > 10
    assert all(int(line.split(",")[3]) == CACHE_SIZE for line in lines[1:]), "it is there from the start"
    assert int(lines[-1].split(",")[-1]) >= 2
