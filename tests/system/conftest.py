"""The real appliance, started from outside on free ports, and foreign clients to talk to it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "deploy" / "demo" / "weir.yaml"
READY_SECONDS = 90.0


@dataclass(frozen=True)
class Dig:
    """What kdig printed, taken apart."""

    text: str

    @property
    def status(self) -> str:
        found = re.search(r"status: (\w+)", self.text)
        return found[1] if found else ""

    @property
    def ede(self) -> list[int]:
        return [int(code) for code in re.findall(r"EDE: (\d+)", self.text)]

    @property
    def answers(self) -> list[str]:
        section = self.text.partition(";; ANSWER SECTION:\n")[2].partition("\n\n")[0]
        return [
            " ".join(line.split()[3:]) for line in section.splitlines() if line and not line.startswith(";")
        ]


class Appliance:
    """A running ``weir serve`` with its configuration, ports and output."""

    def __init__(self, config: dict[str, Any], folder: Path) -> None:
        self.folder = folder
        self.config = config
        self.path = folder / "weir.yaml"
        self.data = folder / "var"
        self.dns = int(config["resolver"]["listen"][0].rpartition(":")[2])
        self.http = int(config["gateway"]["listen"][0].rpartition(":")[2])
        self.admin = int(config["admin"]["listen"].rpartition(":")[2])
        self.lines: list[str] = []
        self._ready = threading.Event()
        self.write_config()

    def write_config(self) -> None:
        self.path.write_text(yaml.safe_dump(self.config, sort_keys=False))

    def start(self, *arguments: str, wait: bool = True) -> None:
        self.process = subprocess.Popen(
            [str(Path(sys.executable).parent / "weir"), "serve", "-c", str(self.path), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if wait and not self._ready.wait(READY_SECONDS):
            raise AssertionError("not ready:\n" + "".join(self.lines))

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if line.strip() == "weir: ready":
                self._ready.set()
        self._ready.set()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self._reader.join(60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def dig(self, name: str, rtype: str = "A", *extra: str, source: str = "127.0.0.1") -> Dig:
        command = ["kdig", "@127.0.0.1", "-p", str(self.dns), "-b", source, "+edns", "+timeout=9", "+retry=0"]
        return Dig(
            subprocess.run(
                [*command, *extra, name, rtype], capture_output=True, text=True, timeout=150
            ).stdout
        )

    def curl(self, url: str, *extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["curl", "-sS", "-i", "-m", "30", *extra, url], capture_output=True, text=True, timeout=60
        )

    def page(self, host: str, *extra: str) -> subprocess.CompletedProcess[str]:
        return self.curl(f"http://127.0.0.1:{self.http}/", "-H", f"Host: {host}", *extra)

    @property
    def credentials(self) -> dict[str, str]:
        """The headers of whoever has rights on this box."""
        token = (self.data / "run" / "local-token").read_text().strip()
        return {"Authorization": f"Bearer {token}", "Weir-User": "tests"}

    def api(self, path: str, *, as_root: bool = False) -> tuple[int, str]:
        """Ask without a credential, or with that of whoever has rights on this box."""
        headers = self.credentials if as_root else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=150) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> tuple[int, str]:
        """Change something, as whoever has rights on this box."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.admin}{path}",
            data=json.dumps(body).encode(),
            headers={**self.credentials, "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=150) as answer:
            return answer.status, answer.read().decode()

    def weir(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "weir"), *arguments, "-c", str(self.path)]
        return subprocess.run(command, capture_output=True, text=True, timeout=150)

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        _, text = self.api("/metrics")
        return sum(
            float(line.rpartition(" ")[2]) for line in text.splitlines() if re.match(rf"{name}(\{{| )", line)
        )

    def children(self, fragment: str) -> list[int]:
        """Process ids of the appliance's children whose command line holds ``fragment``."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                parent = re.search(r"PPid:\t(\d+)", (entry / "status").read_text())
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if parent and int(parent[1]) == self.process.pid and fragment in command:
                    found.append(int(entry.name))
        return found

    def eventually(self, condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Wait for a condition with a deadline."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"{what} did not come about in {seconds} s; output:\n{self.output}")
            time.sleep(0.02)


def free_port() -> int:
    """A port that is free for UDP and TCP on loopback now."""
    for _ in range(50):
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = int(tcp.getsockname()[1])
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


def _question_end(packet: bytes) -> int:
    """Where the question of a message ends."""
    return packet.index(b"\0", 12) + 5


@dataclass
class FakeUpstream:
    """A loopback name server that answers every A question, or misbehaves as told."""

    port: int = 0
    address: str = "198.51.100.7"
    ttl: int = 300
    mode: str = "answer"
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.port = free_port()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._tcp = socket.create_server(("127.0.0.1", self.port))
        self._liar = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._liar.bind(("127.0.0.1", 0))
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._serve_udp, self._serve_tcp)
        ]
        for thread in self._threads:
            thread.start()

    def _respond(self, packet: bytes) -> bytes:
        query = dns.message.from_wire(packet)
        name = query.question[0].name
        self.seen.append(name.to_text().lower())
        answer = dns.message.make_response(query, recursion_available=True)
        if query.question[0].rdtype == 1:
            answer.answer.append(dns.rrset.from_text(name, self.ttl, "IN", "A", self.address))
        return answer.to_wire()

    def _serve_udp(self) -> None:
        while True:
            try:
                packet, peer = self._udp.recvfrom(4096)
            except OSError:
                return
            if packet == b"stop":
                return
            response = self._respond(packet)
            forged = response[:-4] + bytes([203, 0, 113, 66])
            if self.mode == "silent":
                continue
            if self.mode == "wrong-address":
                self._liar.sendto(forged, peer)
            elif self.mode == "wrong-id":
                self._udp.sendto(bytes([forged[0] ^ 1]) + forged[1:], peer)
            elif self.mode == "garbage":
                self._udp.sendto(response[: _question_end(packet)] + b"\xff" * 20, peer)
            elif self.mode == "truncated":
                self._udp.sendto(response[:2] + bytes([response[2] | 2]) + response[3:12] + packet[12:], peer)
                continue
            if self.mode != "only-lies":
                self._udp.sendto(response, peer)

    def _serve_tcp(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError, EOFError, dns.exception.DNSException):
                if self.mode == "silent":
                    continue
                connection.settimeout(2)
                length = int.from_bytes(connection.recv(2), "big")
                if not length:
                    continue
                response = self._respond(connection.recv(length))
                connection.sendall(len(response).to_bytes(2, "big") + response)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"stop", ("127.0.0.1", self.port))
        self._threads[0].join(5)
        self._tcp.shutdown(socket.SHUT_RDWR)
        self._threads[1].join(5)
        for sock in (self._udp, self._tcp, self._liar):
            sock.close()


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    """One well-behaved fake upstream; set ``mode`` to change that."""
    made = FakeUpstream()
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_upstream() -> Iterator[FakeUpstream]:
    """The same for the tests of one module."""
    made = FakeUpstream()
    yield made
    made.close()


@contextlib.contextmanager
def appliances(top: Path) -> Iterator[Callable[..., Appliance]]:
    """Builds appliances, each in a folder of its own; all are stopped at the end."""
    made: list[Appliance] = []

    def build(config: dict[str, Any]) -> Appliance:
        folder = top / f"box{len(made)}"
        folder.mkdir()
        appliance = Appliance(config, folder)
        made.append(appliance)
        return appliance

    yield build
    for appliance in made:
        if hasattr(appliance, "process"):
            appliance.stop()


@pytest.fixture
def make_appliance(tmp_path: Path) -> Iterator[Callable[..., Appliance]]:
    """Build appliances (not yet started) from a configuration; all are stopped at the end."""
    with appliances(tmp_path) as build:
        yield build


@pytest.fixture(scope="module")
def make_shared_appliance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Appliance]]:
    """The same for the tests of one module."""
    with appliances(tmp_path_factory.mktemp("shared")) as build:
        yield build


def demo_config() -> dict[str, Any]:
    """The demo's configuration on free ports, with its files where they are and nothing asked of the network."""
    config: dict[str, Any] = yaml.safe_load(DEMO.read_text())
    folder = DEMO.parent
    config["data_dir"] = "var"
    config["resolver"]["listen"] = [f"127.0.0.1:{free_port()}"]
    config["resolver"]["upstreams"] = [f"127.0.0.1:{free_port()}"]
    config["gateway"]["listen"] = [f"127.0.0.1:{free_port()}"]
    config["admin"]["listen"] = f"127.0.0.1:{free_port()}"
    for zone in config["resolver"]["zones"]:
        zone["file"] = str(folder / zone["file"])
    for entry in config["lists"]:
        entry["url"] = "file:" + str(folder / entry["url"].removeprefix("file:"))
    return config


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    """The demo, running, shared by the tests of one module that only ask."""
    folder = tmp_path_factory.mktemp("demo")
    appliance = Appliance(demo_config(), folder)
    try:
        appliance.start()
        yield appliance
    finally:
        code = appliance.stop()
    assert code == 0, appliance.output


@pytest.fixture(scope="module")
def own_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    """The demo, running, with lists of its own to change, shared by the tests of one module."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(DEMO.parent / "lists", folder / "lists")
    config = demo_config()
    for entry in config["lists"]:
        entry["url"] = f"file:{folder}/lists/{Path(entry['url']).name}"
    appliance = Appliance(config, folder)
    try:
        appliance.start()
        yield appliance
    finally:
        code = appliance.stop()
    assert code == 0, appliance.output


def small(folder: Path) -> Callable[..., dict[str, Any]]:
    """Makes the smallest useful configuration of DESIGN.md, with its one list in ``folder``."""

    def build(upstreams: list[str], names: str = "bets.example\n", workers: int = 1) -> dict[str, Any]:
        listed = folder / "domains.txt"
        listed.write_text(names)
        return {
            "data_dir": "var",
            "resolver": {
                "listen": [f"127.0.0.1:{free_port()}"],
                "workers": workers,
                "upstreams": upstreams,
                "cache": {"size": "64MiB"},
            },
            "gateway": {
                "answer": {"ipv4": "192.0.2.80", "ipv6": "2001:db8::80"},
                "listen": [f"127.0.0.1:{free_port()}"],
            },
            "admin": {"listen": f"127.0.0.1:{free_port()}"},
            "lists": [
                {
                    "id": "bets",
                    "url": f"file:{listed}",
                    "format": "domains",
                    "kind": "category",
                    "categories": ["gambling"],
                }
            ],
            "profiles": {"strict": {"block": ["gambling"]}, "open": {"block": []}},
            "default_profile": "strict",
            "subscribers": [{"id": "home-17", "profile": "open", "addresses": ["127.0.0.17/32"]}],
        }

    return build


@pytest.fixture
def small_config(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """The smallest useful configuration of DESIGN.md on free ports, with one list of the given names."""
    return small(tmp_path)


@pytest.fixture(scope="module")
def shared_small_config(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """The same for the tests of one module."""
    return small(tmp_path_factory.mktemp("small"))


@pytest.fixture
def json_of() -> Callable[[str], Any]:
    """Parse JSON text."""
    return json.loads


@pytest.fixture(autouse=True)
def _needs_foreign_clients() -> None:
    missing = [tool for tool in ("kdig", "curl") if shutil.which(tool) is None]
    if missing:
        reason = f"{', '.join(missing)} not installed: run deploy/bootstrap --dev"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(name="free_port", scope="session")
def free_port_fixture() -> Callable[[], int]:
    """``free_port``, for tests that need one more."""
    return free_port
