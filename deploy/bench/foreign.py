"""dnsperf and kxdpgun against a server, so that not every figure rests on this benchmark's own generator."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from deploy.bench.measure import GRACE_SECONDS, Bench, Outcome, Sample, sampled
from deploy.bench.server import Running
from deploy.bench.workload import Scenario

CLIENTS, WINDOW = 16, 192
"""Sockets and queries in flight, as in the own generator."""
SHARE = 0.9
"""kxdpgun cannot wait for answers: it sends at this part of the rate that the own generator found."""


def dnsperf(bench: Bench, server: Running, scenario: Scenario, seconds: float) -> Sample | None:
    """As many of the scenario's queries as dnsperf gets answered; None where it is not installed."""
    if shutil.which("dnsperf") is None:
        return None
    questions = _questions(scenario, server.place.folder)
    place = server.place
    command = [
        *bench.rig.client, "dnsperf", "-s", place.address, "-p", str(place.port), "-d", str(questions), "-T", "1",
        "-c", str(CLIENTS), "-q", str(WINDOW), "-l", str(max(round(seconds), 1)), "-t", "1",
    ]  # fmt: skip
    return sampled(server, lambda: parse_dnsperf(_run(command, seconds)))


def kxdpgun(bench: Bench, server: Running, scenario: Scenario, seconds: float, rate: float) -> Sample | None:
    """The scenario's queries from AF_XDP at a fixed rate; None without it or without a device of our own."""
    if shutil.which("kxdpgun") is None or not bench.rig.interface:
        return None
    questions = _questions(scenario, server.place.folder)
    place = server.place
    command = [
        *bench.rig.client, "kxdpgun", "-t", str(max(round(seconds), 1)), "-Q", str(int(rate * SHARE)), "-p",
        str(place.port), "-i", str(questions), "-I", bench.rig.interface, place.address,
    ]  # fmt: skip
    return sampled(server, lambda: parse_kxdpgun(_run(command, seconds)))


def _questions(scenario: Scenario, folder: Path) -> Path:
    """The scenario's names and types without the answers that the own generator expects."""
    path = folder / "dnsperf.questions"
    with scenario.questions.open() as lines, path.open("w") as out:
        out.writelines(" ".join(line.split()[:2]) + "\n" for line in lines)
    return path


def _run(command: list[str], seconds: float) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds + GRACE_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"it ended with status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def parse_dnsperf(text: str) -> Outcome:
    """What dnsperf prints at its end. It tells no percentiles, and judges no answer but by its response code."""
    return Outcome(
        _number(text, r"Run time \(s\)"), int(_number(text, "Queries sent")), int(_number(text, "Queries completed")),
        int(_number(text, "Queries lost")), 0, _number(text, "Queries per second"), 0.0,
        {"mean": _number(text, r"Average Latency \(s\)") * 1e6}, _fine(text),
    )  # fmt: skip


def parse_kxdpgun(text: str) -> Outcome:
    """What kxdpgun prints at its end. It tells no latency."""
    seconds = _number(text, "duration")
    sent, answered = int(_number(text, "total queries")), int(_number(text, "total replies"))
    return Outcome(
        seconds, sent, answered, max(sent - answered, 0), 0, answered / seconds, 0.0, {}, _fine(text)
    )


def _number(text: str, label: str) -> float:
    found = re.search(rf"{label}:\s+([\d.]+)", text)
    if found is None:
        raise RuntimeError(f"it printed no `{label}`")
    return float(found[1])


def _fine(text: str) -> dict[str, int]:
    """How many answers had response code 0."""
    found = re.search(r"NOERROR:?\s+(\d+)", text)
    return {"0": int(found[1]) if found else 0}
