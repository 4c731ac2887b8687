"""A server under test: where it is put, how it is started, and how long it takes until its list serves."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message

from deploy.bench import processes
from deploy.bench.rig import Rig
from deploy.bench.workload import BLOCKED_ADDRESS, CANARY

START_SECONDS = 300.0
STOP_SECONDS = 15.0
PROBE_SECONDS = 0.005


@dataclass(frozen=True)
class Place:
    """What a server is given: a folder of its own, where to listen, whom to ask, what to block (None: nothing)."""

    folder: Path
    address: str
    port: int
    upstream: str
    upstream_port: int
    listed: Path | None
    control_port: int
    subscribers: int = 0
    sources: str = ""

    def names(self) -> Iterator[str]:
        """The listed names."""
        if self.listed is not None:
            with self.listed.open() as lines:
                for line in lines:
                    yield line.rstrip("\n")


@dataclass(frozen=True)
class Peer:
    """A kind of server: its program, how it blocks, how to write its files, how to make it read them again.

    ``reload`` is given the place, the process and the words that run a command on the server's side. ``ready`` is what
    it prints when all of it is up, where it answers sooner: it has not its full size before.
    """

    name: str
    program: str
    form: str
    prepare: Callable[[Place], list[str]]
    version: Callable[[], str]
    reload: Callable[[Place, int, tuple[str, ...]], None] | None = None
    is_resolver: bool = True
    ready: str = ""

    @property
    def is_installed(self) -> bool:
        """Whether its program is there."""
        return shutil.which(self.program) is not None


@dataclass
class Running:
    """A started server. ``start_seconds`` is from exec to the first right answer for a listed name."""

    peer: Peer
    place: Place
    process: subprocess.Popen[bytes]
    start_seconds: float = 0.0
    pss: int = 0


def printed_version(*command: str) -> Callable[[], str]:
    """The first thing like 1.2 or 1.2.3 that a command prints."""

    def ask() -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
        found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
        return found[0] if found else "?"

    return ask


@contextlib.contextmanager
def running(peer: Peer, place: Place, rig: Rig) -> Iterator[Running]:
    """Start a server and wait until it blocks what it shall, or answers when it has no list; stop it at the end."""
    place.folder.mkdir(parents=True, exist_ok=True)
    command = [*rig.server, *peer.prepare(place)]
    name = CANARY if place.listed is not None and peer.is_resolver else "ready.cached.example"
    wanted = BLOCKED_ADDRESS if name == CANARY else None
    with (place.folder / "log").open("ab") as log:
        printed, started = log.tell(), time.monotonic()
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=place.folder, start_new_session=True)
    try:
        server = Running(peer, place, process)
        server.start_seconds = wait_for(rig, place, name, wanted, process) - started
        _wait_until_up(place, peer.ready, printed, process)
        server.pss = processes.settled_memory(process.pid)
        yield server
    finally:
        _stop(process)


def wait_for(
    rig: Rig,
    place: Place,
    name: str,
    wanted: str | None,
    process: subprocess.Popen[bytes] | None = None,
    source: str = "",
) -> float:
    """Ask again and again until this answer comes (None: any); the moment, on the monotonic clock.

    ``source`` is an address of the client's side to ask from.
    """
    query = dns.message.make_query(name, "A").to_wire()
    end = time.monotonic() + START_SECONDS
    with rig.open_socket() as sock:
        sock.settimeout(0.2)
        if source:
            sock.bind((source, 0))
        while time.monotonic() < end:
            if _answers(sock, query, (place.address, place.port), wanted):
                return time.monotonic()
            if process is not None and process.poll() is not None:
                raise RuntimeError(f"it ended with status {process.returncode}: {_last_words(place)}")
            time.sleep(PROBE_SECONDS)
    raise RuntimeError(f"no right answer for {name} within {START_SECONDS:.0f} s: {_last_words(place)}")


def _wait_until_up(place: Place, words: str, printed: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until these words stand in the log behind its first ``printed`` bytes. RuntimeError if they never do."""
    end = time.monotonic() + START_SECONDS
    while words.encode() not in (place.folder / "log").read_bytes()[printed:]:
        if process.poll() is not None:
            raise RuntimeError(f"it ended with status {process.returncode}: {_last_words(place)}")
        if time.monotonic() > end:
            raise RuntimeError(
                f"it did not print {words!r} within {START_SECONDS:.0f} s: {_last_words(place)}"
            )
        time.sleep(PROBE_SECONDS)


def _answers(sock: socket.socket, query: bytes, server: tuple[str, int], wanted: str | None) -> bool:
    with contextlib.suppress(OSError, dns.exception.DNSException):
        sock.sendto(query, server)
        answer = dns.message.from_wire(sock.recv(4096))
        return wanted is None or any(wanted in str(item) for rrset in answer.answer for item in rrset)
    return False


def _last_words(place: Place) -> str:
    lines = (place.folder / "log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it printed nothing"


def _stop(process: subprocess.Popen[bytes]) -> None:
    processes.resume(process.pid)  # it cannot heed a signal while it is suspended
    members = processes.family(process.pid)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        for member in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)
        process.wait()
