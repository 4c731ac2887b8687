"""A supervisor in a process of its own with small children: a data plane that echoes, a control that publishes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
DEADLINE = 25.0
"""Seconds that a condition may take on a busy machine."""

DATA_PLANE = '''
"""Answers every datagram with its process id and generation; tells its manager and its counter page like a worker."""
import os, select, signal, socket, sys
from pathlib import Path
from resolver.runtime.counters import CounterPage
from resolver.runtime.notify import notify
from resolver.tables.store import current_generation

options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
state, run = Path(options["--state"]), Path(options["--run"])
slot = options.get("--slot")
page = CounterPage(run / ("gateway.counters" if slot is None else f"worker-{slot}.counters"), ("generation",))
stopping = []
signal.signal(signal.SIGTERM, lambda *_: stopping.append(1))
shares = [item.split(":") for item in os.environ["WEIR_SOCKETS"].split(",")]
sockets = [socket.socket(fileno=int(number)) for use, number in shares if use == "udp"]
if (run / f"broken-{slot}").exists():
    sys.exit(3)
while True:
    generation = current_generation(state)
    page.set(0, generation)
    notify("READY=1", "STATUS=echoing")
    last = bool(stopping)
    for sock in select.select(sockets, [], [], 0 if last else 0.02)[0]:
        for _ in range(100):
            try:
                data, peer = sock.recvfrom(100)
            except BlockingIOError:
                break
            sock.sendto(f"{os.getpid()} {slot} {generation}".encode(), peer)
    if last:
        sys.exit(0)
'''

CONTROL = '''
"""Publishes the layouts of a file one by one: the first at its start, the next at every SIGHUP."""
import json, signal, sys
from pathlib import Path
from resolver.runtime.notify import notify
from resolver.tables.model import Assignments, GatewaySettings, ResolverSettings, Tables
from resolver.tables.store import current_generation, publish
from resolver.tables.writing import ClientsWriter

wanted = json.loads(Path(sys.argv[2]).read_text())
state = Path(wanted["state"])
signals = {signal.SIGHUP, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
for layout in wanted["layouts"]:
    if layout is None:
        print("control cannot publish", flush=True)
        sys.exit(1)
    generation = (current_generation(state) or 0) + 1
    listen, gateway = tuple(layout["listen"]), tuple(layout.get("gateway", ()))
    (state / "snapshot-0.weir").touch()
    if not (state / "clients-0.weir").exists():
        nobody = ClientsWriter.create(
            state / "clients-0.weir", Assignments(()), plan=bytes(32), key=bytes(32), now=0.0)
        nobody.close()
    publish(state, Tables(
        generation, 0.0, "snapshot-0.weir", "clients-0.weir",
        resolver=ResolverSettings(listen=listen, workers=layout["workers"]), gateway=GatewaySettings(listen=gateway),
    ))
    notify("READY=1")
    while (got := signal.sigtimedwait(signals, 0.3)) is None:
        notify("WATCHDOG=1")
    if got.si_signo == signal.SIGTERM:
        break
'''

DRIVER = """
import asyncio, json, sys
from pathlib import Path
from admin.services.place import Place
from admin.services.parts import Part
from admin.supervisor.plan import Plan, Programs
from admin.supervisor.supervisor import Supervisor, say
import admin.supervisor.children, admin.supervisor.fleet, admin.supervisor.supervisor

folder = Path(sys.argv[1])
wanted = json.loads(Path(sys.argv[2]).read_text())
admin.supervisor.children.WATCHDOG = admin.supervisor.fleet.WATCHDOG = wanted["watchdog"]
admin.supervisor.supervisor.GATEWAY_WAITS = wanted["gateway_waits"]
place = Place(folder)
place.create()
folders = ("--state", str(place.state), "--run", str(place.run))
echo = (sys.executable, str(folder / "data_plane.py"), *folders)
control = (sys.executable, str(folder / "control.py"), "-c", sys.argv[2])
parts = frozenset(Part(part) for part in wanted["parts"])
plan = Plan(place, Programs(control, echo, echo), parts, wanted["slot"])

async def main():
    return await Supervisor(plan, on_ready=lambda: print("weir: ready", flush=True), say=say).run()

sys.exit(asyncio.run(main()))
"""


def wait_for(condition: Callable[[], Any], what: str = "the condition") -> Any:
    """The first true value of ``condition``; fails after the deadline."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.01)
    pytest.fail(f"waited {DEADLINE:g} s in vain for {what}")


class Running:
    """A supervisor that runs; ``say`` is what it has printed on standard error."""

    def __init__(self, folder: Path, wanted: Path) -> None:
        self.folder = folder
        self._output, self._errors = wanted.with_suffix(".stdout"), wanted.with_suffix(".stderr")
        environ = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
        with self._output.open("wb") as output, self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(folder / "driver.py"), str(folder), str(wanted)],
                stdout=output,
                stderr=errors,
                env=environ,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def said(self) -> str:
        return self._errors.read_text()

    def wait_ready(self) -> None:
        wait_for(
            lambda: "weir: ready\n" in self.output or self.process.poll() is not None, f"ready: {self.said}"
        )
        assert self.process.poll() is None, self.said

    def wait_said(self, text: str) -> None:
        wait_for(lambda: text in self.said, f"{text!r} in {self.said!r}")

    def states(self, scope: str = "all") -> dict[str, dict[str, Any]]:
        path = self.folder / "run" / f"children-{scope}.json"
        processes = json.loads(path.read_text())["processes"] if path.exists() else []
        return {state["name"]: state for state in processes}

    @property
    def listen_failures(self) -> list[str]:
        path = self.folder / "run" / "children-all.json"
        return list(json.loads(path.read_text())["listen_failures"])

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)


@pytest.fixture
def wait() -> Callable[..., Any]:
    return wait_for


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts a supervisor whose control publishes ``layouts`` (None: it fails)."""
    started: list[Running] = []

    def run(
        layouts: list[dict[str, Any] | None],
        parts: tuple[str, ...] = ("admin", "gateway", "resolver"),
        slot: int | None = None,
        watchdog: float = 20.0,
        gateway_waits: float = 2.0,
    ) -> Running:
        for name, text in (("data_plane", DATA_PLANE), ("control", CONTROL), ("driver", DRIVER)):
            (tmp_path / f"{name}.py").write_text(text)
        wanted = {
            "layouts": layouts,
            "parts": parts,
            "slot": slot,
            "state": str(tmp_path / "state"),
            "watchdog": watchdog,
            "gateway_waits": gateway_waits,
        }
        path = tmp_path / f"wanted-{len(started)}.json"
        path.write_text(json.dumps(wanted))
        started.append(Running(tmp_path, path))
        return started[-1]

    yield run
    for running in started:
        running.process.kill()
        running.process.wait()


@pytest.fixture
def ask() -> Iterator[Callable[[str], tuple[int, str, int] | None]]:
    """Sends a datagram from a fresh port: (process id, slot, generation) of whoever answers, None if nobody does."""

    def query(where: str, timeout: float = 2.0) -> tuple[int, str, int] | None:
        host, _, port = where.rpartition(":")
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.settimeout(timeout)
            sock.connect((host, int(port)))
            try:
                sock.send(b"?")
                process, slot, generation = sock.recv(100).decode().split()
            except OSError:
                return None
        return int(process), slot, int(generation)

    return query


@pytest.fixture
def address() -> Callable[[], str]:
    """A loopback address with a port that is free for UDP and TCP at this moment."""

    def choose() -> str:
        while True:
            with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
                tcp.bind(("127.0.0.1", 0))
                try:
                    udp.bind(tcp.getsockname())
                except OSError:
                    continue
                return f"127.0.0.1:{tcp.getsockname()[1]}"

    return choose
