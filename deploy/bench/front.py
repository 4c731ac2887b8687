"""Queries per second of the DNS front beside dnsdist and Unbound, in the same run on the same machine.

Every server gets one CPU, the same upstream, the same blocked names and the same questions; dnsperf gets the other
CPU. Runs are interleaved and medians are shown, with the server's own CPU time per query (user and system, from
/proc): that figure holds even where the generator is the limit. All traffic stays on loopback and is bounded in time.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.flags
import dns.message
import dns.rrset

ROOT = Path(__file__).parents[2]
CACHED_NAMES = 2_000
BLOCKED_NAMES = 100_000
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sample:
    """One run: answers per second, and microseconds of server CPU per answer."""

    rate: float
    cpu: float


@dataclass(frozen=True)
class Server:
    """A server to be measured: how to start it on a port, and what its version command prints."""

    name: str
    start: Callable[[Path, int, int], list[str]]
    version: str


def run(seconds: int = 5, rounds: int = 3) -> str:
    """Measure and return a Markdown table. A peer that is not installed is named as missing."""
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as name, _upstream() as upstream:
        folder = Path(name)
        questions = _write_questions(folder)
        results: dict[tuple[str, str], list[Sample]] = {}
        servers = _servers()
        for server in servers:
            _prepare(server, folder)
        for _ in range(rounds):
            for server in servers:
                with _running(server, folder / server.name, upstream) as (port, pid):
                    for scenario, file in questions.items():
                        _dnsperf(file, port, 1)  # warm: fills the cache, not counted
                        sample = _measure(file, port, pid, seconds)
                        results.setdefault((server.name, scenario), []).append(sample)
        return _table(servers, list(questions), results, seconds, rounds)


def _servers() -> list[Server]:
    found = [Server("weir", _weir, "this checkout")]
    for name, start, version in (("dnsdist", _dnsdist, "--version"), ("unbound", _unbound, "-V")):
        if shutil.which(name):
            printed = subprocess.run([name, version], capture_output=True, text=True, check=False).stdout
            found.append(Server(name, start, (re.search(r"\d+\.\d+\.\d+", printed) or ["?"])[0]))
        else:
            print(f"{name} is not installed (deploy/bootstrap --dev installs it): left out", file=sys.stderr)
    return found


def _prepare(server: Server, folder: Path) -> None:
    (folder / server.name).mkdir()


def _blocked(number: int) -> str:
    return f"site{number}.blocked-{number % 97}.test"


def _write_questions(folder: Path) -> dict[str, Path]:
    cached, blocked = folder / "cached.txt", folder / "blocked.txt"
    cached.write_text("".join(f"www{number}.cached.test A\n" for number in range(CACHED_NAMES)))
    step = BLOCKED_NAMES // 5_000
    blocked.write_text("".join(f"{_blocked(number)} A\n" for number in range(0, BLOCKED_NAMES, step)))
    (folder / "list.txt").write_text("".join(f"{_blocked(number)}\n" for number in range(BLOCKED_NAMES)))
    return {"cached": cached, "blocked": blocked}


def _weir(folder: Path, port: int, upstream: int) -> list[str]:
    (folder / "weir.yaml").write_text(
        f"""data_dir: var
resolver: {{listen: ["127.0.0.1:{port}"], workers: 1, upstreams: ["127.0.0.1:{upstream}"]}}
gateway: {{answer: {{ipv4: 192.0.2.80, ipv6: "2001:db8::80"}}, listen: ["127.0.0.1:{_free_port()}"]}}
admin: {{listen: "127.0.0.1:{_free_port()}"}}
lists: [{{id: bench, url: "file:{folder.parent / "list.txt"}", format: domains, kind: category, categories: [games]}}]
profiles: {{strict: {{block: [games]}}}}
default_profile: strict
"""
    )
    return [str(Path(sys.executable).parent / "weir"), "serve", "-c", str(folder / "weir.yaml")]


def _dnsdist(folder: Path, port: int, upstream: int) -> list[str]:
    (folder / "dnsdist.conf").write_text(
        f"""setLocal("127.0.0.1:{port}")
newServer({{address="127.0.0.1:{upstream}", checkInterval=60, mustResolve=false}})
getPool(""):setCache(newPacketCache(100000))
local blocked = newSuffixMatchNode()
for line in io.lines("{folder.parent / "list.txt"}") do blocked:add(newDNSName(line .. ".")) end
addAction(SuffixMatchNodeRule(blocked), SpoofAction("192.0.2.80"))
"""
    )
    return ["dnsdist", "--supervised", "--disable-syslog", "-C", str(folder / "dnsdist.conf")]


def _unbound(folder: Path, port: int, upstream: int) -> list[str]:
    zones = "".join(
        f'local-zone: "{name}." redirect\nlocal-data: "{name}. 30 A 192.0.2.80"\n'
        for name in (folder.parent / "list.txt").read_text().split()
    )
    (folder / "unbound.conf").write_text(
        f"""server:
    interface: 127.0.0.1@{port}
    num-threads: 1
    do-daemonize: no
    use-syslog: no
    verbosity: 0
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    do-not-query-localhost: no
    module-config: "iterator"
    minimal-responses: yes
{zones}
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@{upstream}
"""
    )
    return ["unbound", "-d", "-c", str(folder / "unbound.conf")]


@contextlib.contextmanager
def _running(server: Server, folder: Path, upstream: int) -> Iterator[tuple[int, int]]:
    port = _free_port()
    with (folder / "log").open("ab") as log:
        command = ["taskset", "-c", "0", *server.start(folder, port, upstream)]
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        _wait_until_it_answers(port)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_it_answers(port: int) -> None:
    query = dns.message.make_query(_blocked(0), "A").to_wire()
    end = time.monotonic() + 120
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.5)
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                sock.sendto(query, ("127.0.0.1", port))
                if dns.message.from_wire(sock.recv(4096)).answer:
                    return
            time.sleep(0.1)
    raise SystemExit("a server did not come up within 120 s")


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its descendants."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
                used[int(entry.name)] = (int(fields[11]) + int(fields[12])) / TICKS
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(used.get(member, 0.0) for member in family)


def _measure(file: Path, port: int, pid: int, seconds: int) -> Sample:
    before = _cpu_seconds(pid)
    answers, elapsed = _dnsperf(file, port, seconds)
    return Sample(answers / elapsed, (_cpu_seconds(pid) - before) / max(answers, 1) * 1e6)


def _dnsperf(file: Path, port: int, seconds: int) -> tuple[int, float]:
    command = ["taskset", "-c", "1", "dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(file)]
    printed = subprocess.run(
        [*command, "-l", str(seconds), "-c", "64", "-q", "500", "-t", "1"],
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=True,
    ).stdout
    completed = re.search(r"Queries completed:\s+(\d+)", printed)
    elapsed = re.search(r"Run time \(s\):\s+([\d.]+)", printed)
    if completed is None or elapsed is None:
        raise SystemExit(f"dnsperf printed no result:\n{printed}")
    return int(completed[1]), float(elapsed[1])


@contextlib.contextmanager
def _upstream() -> Iterator[int]:
    """A name server that gives every question the same address for an hour."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    port = sock.getsockname()[1]

    def serve() -> None:
        while (received := sock.recvfrom(4096))[0] != b"stop":
            query = dns.message.from_wire(received[0])
            answer = dns.message.make_response(query, recursion_available=True)
            if query.question[0].rdtype == 1:
                answer.answer.append(
                    dns.rrset.from_text(query.question[0].name, 3600, "IN", "A", "198.51.100.7")
                )
            sock.sendto(answer.to_wire(), received[1])

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
        stop.sendto(b"stop", ("127.0.0.1", port))
    thread.join(5)
    sock.close()


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _table(
    servers: list[Server],
    scenarios: list[str],
    results: dict[tuple[str, str], list[Sample]],
    seconds: int,
    rounds: int,
) -> str:
    lines = [
        f"UDP front, one CPU for the server, {BLOCKED_NAMES:,} listed names; medians of {rounds} interleaved runs of "
        f"{seconds} s (smallest to largest); CPU is user + system of the server's processes.",
        "",
        "| server | version | questions | answers/s | CPU µs/answer | CPU, Weir ÷ this |",
        "|---|---|---|---|---|---|",
    ]
    for scenario in scenarios:
        ours = statistics.median(sample.cpu for sample in results["weir", scenario])
        for server in servers:
            samples = results[server.name, scenario]
            rates = sorted(sample.rate for sample in samples)
            cpu = statistics.median(sample.cpu for sample in samples)
            lines.append(
                f"| {server.name} | {server.version} | {scenario} | {statistics.median(rates):,.0f} "
                f"({rates[0]:,.0f} to {rates[-1]:,.0f}) | {cpu:.1f} | {ours / cpu:.1f} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    print(run())
