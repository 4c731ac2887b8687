"""A whole benchmark: starts the servers, runs the scenarios interleaved, and collects the results."""

from __future__ import annotations

import contextlib
import platform
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from deploy.bench import changes, foreign, in_memory, processes
from deploy.bench.build import Programs, build
from deploy.bench.measure import Bench
from deploy.bench.peers import bind, dnsdist, dnsmasq, kresd, recursor, unbound, weir
from deploy.bench.peers.echo import echo
from deploy.bench.results import ECHO, WEIR, Results, ServerFacts, with_subscribers
from deploy.bench.rig import Rig, open_rig
from deploy.bench.server import Peer, Place, Running, running
from deploy.bench.swap import measure_change
from deploy.bench.workload import Scenario, Workload, make_workload

PEERS = (
    weir.PEER, dnsdist.PEER, recursor.PEER, unbound.PEER, unbound.PEER_RPZ, kresd.PEER, bind.PEER, dnsmasq.PEER,
)  # fmt: skip
DEFAULT_SERVERS = ("echo", "weir", "dnsdist", "recursor", "unbound", "kresd", "bind", "dnsmasq")
SCENARIOS = ("S1", "S1L", "S2", "S3", "S4", "S5", "S6", "L1")
UPSTREAM, UPSTREAM_PORT = "127.0.0.1", 5399
SUBSCRIBERS = 100_000
RATES = (0.25, 0.5, 0.75)
PACED_SCENARIOS = ("S1", "S3")
SETTLE_SECONDS = 0.2
"""Load that is not measured before each sample: a server that was suspended finds its memory and timers again."""
SMALL_CHANGES = 3
"""For one new list so many changes of each other kind."""
TOGETHER = 10
"""Small changes of S6 in one window of load."""


@dataclass(frozen=True)
class Plan:
    """What to measure and how long."""

    folder: Path
    servers: tuple[str, ...] = DEFAULT_SERVERS
    scenarios: tuple[str, ...] = SCENARIOS
    names: int = 1_000_000
    rounds: int = 3
    seconds: float = 1.5
    swaps: int = 10
    subscribers: int = SUBSCRIBERS
    delay_ms: int = 0
    loopback: bool = False
    steer: bool = False


def run(plan: Plan) -> Results:
    """Measure everything; a server that cannot be measured is in the results with the reason."""
    programs = build(plan.folder / "bin")
    _say(f"generating {plan.names:,} names")
    workload = make_workload(plan.folder, plan.names)
    with open_rig(loopback=plan.loopback, steer=plan.steer) as rig, upstream(rig, programs, plan.delay_ms):
        results = Results(conditions(rig), workload.names, plan.rounds, plan.seconds, plan.subscribers)
        session = _Session(plan, Bench(rig, programs), workload, results)
        with contextlib.ExitStack() as stack:
            session.start(stack)
            session.measure(stack)
        return results


def conditions(rig: Rig) -> list[str]:
    """The machine and the rig, for a reader elsewhere."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    try:
        cache = Path("/sys/devices/system/cpu/cpu0/cache/index3/size").read_text().strip()
    except OSError:
        cache = "of unknown size"
    versions = f"Linux {platform.release()}, Python {platform.python_version()}"
    return [f"{model}, last-level cache {cache}, {versions}", *rig.notes]


@dataclass
class _Session:
    """The state of a run: which servers are up. All but the one that is measured are suspended."""

    plan: Plan
    bench: Bench
    workload: Workload
    results: Results
    up: list[Running] = field(default_factory=list)

    def start(self, stack: contextlib.ExitStack) -> None:
        """Start every server, first without the list for its memory, and leave it suspended."""
        known = {peer.name: peer for peer in (echo(self.bench.programs.echo), *PEERS)}
        for name in self.plan.servers:
            self._start(stack, known[name])

    def _start(self, stack: contextlib.ExitStack, peer: Peer, *, subscribers: int = 0) -> None:
        if not peer.is_installed:
            self._missing(peer, "not installed: deploy/bootstrap --dev installs it")
            return
        _say(f"starting {peer.name}")
        version = peer.version()
        try:
            without, empty_seconds = 0, 0.0
            if peer.is_resolver and not subscribers:
                with running(peer, self._place(f"{peer.name}-empty", None), self.bench.rig) as empty:
                    without, empty_seconds = empty.pss, empty.start_seconds
            place = replace(self._place(peer.name, self._copied(peer.name)), subscribers=subscribers)
            server = stack.enter_context(running(peer, place, self.bench.rig))
        except (RuntimeError, OSError) as error:
            self._missing(peer, str(error), version)
            return
        processes.suspend(server.process.pid)
        self.up.append(server)
        self.results.servers.append(
            ServerFacts(
                peer.name, version, peer.form, server.start_seconds, server.pss, without, empty_seconds
            )
        )

    def _missing(self, peer: Peer, problem: str, version: str = "") -> None:
        _say(f"{peer.name}: {problem}")
        self.results.servers.append(ServerFacts(peer.name, version, peer.form, problem=problem))

    def _copied(self, name: str) -> Path:
        """A list of its own for each server: S6 changes it."""
        folder = self.plan.folder / name.replace(", ", "-").replace(" ", "-")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "list.txt").write_bytes(self.workload.listed.read_bytes())
        return folder / "list.txt"

    def _place(self, name: str, listed: Path | None) -> Place:
        return place_for(self.bench.rig, listed.parent if listed else self.plan.folder / name, listed)

    def _servers(self, *names: str) -> list[Running]:
        """Those that are up, of these names if any are given."""
        return [server for server in self.up if not names or server.peer.name in names]

    def _peers(self, key: str) -> list[Running]:
        """Whom a scenario measures."""
        if key == "S5":
            return self._servers(ECHO, WEIR)
        return [server for server in self.up if key == "S4" or server.peer.name != self.results.many]

    def measure(self, stack: contextlib.ExitStack) -> None:
        """Every scenario in its turn; in each round every server once."""
        for key in self.plan.scenarios:
            if key == "S6":
                self._change()
            elif key == "L1":
                _say("L1, in memory")
                self.results.in_memory = in_memory.measure(
                    self.plan.folder, self.workload, self.plan.rounds, self.plan.subscribers
                )
            else:
                self._measure(stack, self.workload.scenarios[key])

    def _measure(self, stack: contextlib.ExitStack, scenario: Scenario) -> None:
        key, count = scenario.key, self.plan.subscribers
        if key == "S4" and count and self._servers(WEIR):
            self._start(stack, replace(weir.PEER, name=with_subscribers(count)), subscribers=count)
        self._saturate(scenario)
        if key in PACED_SCENARIOS:
            self._pace(scenario)
        if key == "S1":
            self._cross_check(scenario)

    def _saturate(self, scenario: Scenario) -> None:
        self.results.scenarios[scenario.key] = scenario.title
        servers = self._peers(scenario.key)
        for server in servers:
            with processes.resumed(server.process.pid):
                self.bench.warm(server, scenario, self.plan.seconds / 2)
        for number in range(self.plan.rounds):
            _say(f"{scenario.key}, round {number + 1} of {self.plan.rounds}")
            for server in servers:
                with processes.resumed(server.process.pid):
                    self.bench.saturate(server, scenario, SETTLE_SECONDS)
                    sample = self.bench.saturate(server, scenario, self.plan.seconds)
                self.results.samples.setdefault((scenario.key, server.peer.name), []).append(sample)

    def _cross_check(self, scenario: Scenario) -> None:
        """The same questions from other people's generators."""
        _say(f"{scenario.key}, dnsperf and kxdpgun")
        for server in self._peers(scenario.key):
            name = server.peer.name
            rate = self.results.rate(scenario.key, name) or 1.0
            try:
                with processes.resumed(server.process.pid):
                    self.bench.saturate(server, scenario, SETTLE_SECONDS)
                    found = {
                        "dnsperf": foreign.dnsperf(self.bench, server, scenario, self.plan.seconds),
                        "kxdpgun": foreign.kxdpgun(self.bench, server, scenario, self.plan.seconds, rate),
                    }
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                self.results.problems.append(f"{scenario.key}, {name}, asked by dnsperf or kxdpgun: {error}")
                continue
            for tool, sample in found.items():
                if sample is not None:
                    key = f"{scenario.key} {tool}"
                    self.results.scenarios[key] = f"{scenario.title}, asked by {tool}"
                    self.results.samples.setdefault((key, name), []).append(sample)

    def _pace(self, scenario: Scenario) -> None:
        servers = self._peers(scenario.key)
        rates = {
            server.peer.name: self.results.rate(scenario.key, server.peer.name) or 1.0 for server in servers
        }
        slowest = min((rate for name, rate in rates.items() if name not in (ECHO, WEIR)), default=0.0)
        slowest = slowest or min(rates.values())
        _say(f"{scenario.key}, latency at fixed rates")
        for server in servers:
            wanted = {f"{share:.0%} of the slowest": share * slowest for share in RATES}
            wanted["50% of its own"] = rates[server.peer.name] / 2
            with processes.resumed(server.process.pid):
                self.bench.saturate(server, scenario, SETTLE_SECONDS)
                for label, rate in wanted.items():
                    sample = self.bench.paced(server, scenario, self.plan.seconds / 2, rate)
                    self.results.latencies[scenario.key, server.peer.name, label] = sample

    def _change(self) -> None:
        for server in self._peers("S6"):
            if server.peer.reload is None:
                continue
            _say(f"S6, {server.peer.name}")
            with processes.resumed(server.process.pid):
                try:
                    self._change_one(server)
                except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                    _say(f"{server.peer.name}: {error}")
                    self.results.problems.append(f"S6, {server.peer.name}: {error}")

    def _change_one(self, server: Running) -> None:
        scenario, rig, times = self.workload.scenarios["S4"], self.bench.rig, self.plan.swaps
        self.bench.warm(server, scenario, self.plan.seconds / 2)
        rate = self.bench.saturate(server, scenario, self.plan.seconds / 2).outcome.rate / 2
        is_ours = server.peer.name == WEIR
        kinds = [
            [
                [change]
                for change in changes.full_lists(rig, server, self.workload.listed, times if is_ours else 1)
            ]
        ]
        if is_ours:
            for small in (changes.entries, changes.subscriber_rules, changes.profile_rules):
                made = list(small(rig, server, times * SMALL_CHANGES))
                kinds.append([made[at : at + TOGETHER] for at in range(0, len(made), TOGETHER)])
        for windows in kinds:
            self.results.swaps.append(measure_change(self.bench, server, scenario, rate, windows))


def place_for(rig: Rig, folder: Path, listed: Path | None) -> Place:
    """A place on the rig's server side, with ports that are free."""
    port, control, _ = _free_ports()
    return Place(folder, rig.address, port, UPSTREAM, UPSTREAM_PORT, listed, control, sources=rig.sources)


@contextlib.contextmanager
def upstream(rig: Rig, programs: Programs, delay_ms: int) -> Iterator[None]:
    """The name server behind all servers under test, for as long as the context lasts."""
    # On the server's side, on the generator's CPU: what it costs is nobody's who is measured.
    inside = rig.server[:2] if rig.namespace else ()
    pinned = rig.client[-3:] if "taskset" in rig.client else ()
    command = [*inside, *pinned, str(programs.target), UPSTREAM, str(UPSTREAM_PORT), str(delay_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != b"ready\n":
                raise SystemExit(f"the benchmark's upstream did not start on {UPSTREAM}:{UPSTREAM_PORT}")
            yield
        finally:
            process.terminate()


def _free_ports() -> list[int]:
    """Three ports in a row that nobody listens on here now: DNS, control, Weir's gateway."""
    for _ in range(50):
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            ports = [int(first.getsockname()[1]) + step for step in range(3)]
            with contextlib.suppress(OSError, OverflowError):
                for port in ports[1:]:
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
                return ports
    raise SystemExit("no three free ports in a row on 127.0.0.1")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
