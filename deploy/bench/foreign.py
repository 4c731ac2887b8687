"""dnsperf against a server, so that not every figure rests on this benchmark's own generator."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from deploy.bench.measure import GRACE_SECONDS, Bench, Outcome, Sample, sampled
from deploy.bench.server import Running
from deploy.bench.workload import Scenario

IS_INSTALLED = shutil.which("dnsperf") is not None
CLIENTS, WINDOW = 16, 192
"""Sockets and queries in flight, as in the own generator."""


def saturate(bench: Bench, server: Running, scenario: Scenario, seconds: float) -> Sample:
    """As many of the scenario's queries as dnsperf gets answered."""
    questions = _questions(scenario, server.place.folder)
    place = server.place
    command = [
        *bench.rig.client, "dnsperf", "-s", place.address, "-p", str(place.port), "-d", str(questions), "-T", "1",
        "-c", str(CLIENTS), "-q", str(WINDOW), "-l", str(max(round(seconds), 1)), "-t", "1",
    ]  # fmt: skip
    return sampled(server, lambda: _run(command, seconds))


def _questions(scenario: Scenario, folder: Path) -> Path:
    """The scenario's names and types without the answers that the own generator expects."""
    path = folder / "dnsperf.questions"
    with scenario.questions.open() as lines, path.open("w") as out:
        out.writelines(" ".join(line.split()[:2]) + "\n" for line in lines)
    return path


def _run(command: list[str], seconds: float) -> Outcome:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds + GRACE_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"dnsperf failed: {done.stderr.strip()}")
    return parse(done.stdout)


def parse(text: str) -> Outcome:
    """What dnsperf prints at its end. It tells no percentiles, and judges no answer but by its response code."""

    def number(label: str) -> float:
        found = re.search(rf"{label}:\s+([\d.]+)", text)
        if found is None:
            raise RuntimeError(f"dnsperf printed no `{label}`")
        return float(found[1])

    fine = re.search(r"NOERROR (\d+)", text)
    return Outcome(
        number(r"Run time \(s\)"), int(number("Queries sent")), int(number("Queries completed")),
        int(number("Queries lost")), 0, number("Queries per second"), 0.0,
        {"mean": number(r"Average Latency \(s\)") * 1e6},
        {"0": int(fine[1]) if fine else 0},
    )  # fmt: skip
