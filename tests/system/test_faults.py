"""What goes wrong in real networks: each fault has a clear message, a metric, and the last good state serves on."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.system

OPEN, STRICT = "127.0.0.17", "127.0.0.1"


def _bets(box: Any) -> Path:
    return Path(box.config["lists"][0]["url"].removeprefix("file:"))


@pytest.fixture
def box(make_appliance: Callable[..., Any], small_config: Callable[..., Any], upstream: Any) -> Any:
    """The smallest useful configuration, running."""
    made = make_appliance(small_config([f"127.0.0.1:{upstream.port}"]))
    made.start()
    return made


@pytest.fixture(scope="module")
def steady(
    make_shared_appliance: Callable[..., Any], shared_small_config: Callable[..., Any], shared_upstream: Any
) -> Any:
    """The same for tests after which all of it still runs with the same configuration."""
    made = make_shared_appliance(shared_small_config([f"127.0.0.1:{shared_upstream.port}"]))
    made.start()
    return made


def test_the_smallest_useful_configuration_filters(steady: Any) -> None:
    assert steady.dig("bets.example").answers == ["A 192.0.2.80"]
    assert steady.dig("bets.example", "AAAA").answers == ["AAAA 2001:db8::80"]
    assert steady.dig("www.bets.example", "A", "+tcp").ede[0] == 17
    assert steady.dig("bets.example", source=OPEN).answers == ["A 198.51.100.7"]
    assert steady.dig("free.test").answers == ["A 198.51.100.7"]


@pytest.mark.parametrize("fragment", ["resolver.worker", "gateway", "admin.control"])
def test_a_killed_child_is_replaced_and_the_rest_serves(steady: Any, fragment: str) -> None:
    (victim,) = steady.children(fragment)
    os.kill(victim, signal.SIGKILL)
    if fragment != "resolver.worker":
        assert steady.dig("bets.example").answers == ["A 192.0.2.80"]
    steady.eventually(lambda: steady.children(fragment) not in ([], [victim]), "a new child")
    steady.eventually(lambda: steady.api("/readyz")[0] == 200 if _reachable(steady) else False, "readiness")
    assert steady.dig("bets.example").answers == ["A 192.0.2.80"]
    assert steady.page("bets.example").stdout.startswith("HTTP/1.1 403")
    assert "again" in steady.output or "restart" in steady.output


def _reachable(box: Any) -> bool:
    try:
        box.api("/healthz")
    except OSError:
        return False
    return True


def test_queries_asked_while_a_worker_is_replaced_are_answered_by_its_successor(steady: Any) -> None:
    (victim,) = steady.children("resolver.worker")
    os.kill(victim, signal.SIGKILL)
    assert steady.dig("bets.example", "A", "+timeout=10").answers == ["A 192.0.2.80"]


def test_killing_the_supervisor_leaves_nobody_behind(box: Any) -> None:
    children = box.children("")
    box.process.kill()
    box.process.wait(5)
    box.eventually(
        lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), "the end of all children"
    )


@pytest.mark.parametrize("which", ["dns", "http", "admin"])
def test_a_port_in_use_is_one_clear_message(make_appliance: Any, small_config: Any, which: str) -> None:
    box = make_appliance(small_config(["127.0.0.1:9"]))
    port = getattr(box, which)
    kind = socket.SOCK_DGRAM if which == "dns" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as taken:
        if kind is socket.SOCK_DGRAM:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", port))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        box.start(wait=False)
        assert box.process.wait(20) != 0
    box.stop()
    assert f"127.0.0.1:{port}" in box.output
    assert "in use" in box.output
    assert "Traceback" not in box.output


def test_a_second_appliance_on_the_same_folder_is_refused(steady: Any) -> None:
    again = subprocess.run(
        [str(Path(os.sys.executable).parent / "weir"), "serve", "-c", str(steady.path)],  # type: ignore[attr-defined]
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert again.returncode != 0
    assert "Traceback" not in again.stderr
    assert steady.dig("bets.example").answers == ["A 192.0.2.80"]


def test_a_bad_configuration_does_not_start_and_says_where(make_appliance: Any, small_config: Any) -> None:
    config = small_config(["127.0.0.1:9"])
    config["resolver"]["worker"] = 3
    config["profiles"]["strict"]["block"] = ["gamblng"]
    box = make_appliance(config)
    box.start(wait=False)
    assert box.process.wait(20) == 2
    box.stop()
    assert "weir.yaml:" in box.output
    assert "workers" in box.output
    assert "gambling" in box.output


def test_a_bad_file_never_replaces_a_good_one(box: Any) -> None:
    generation = box.metric("weir_generation")
    box.path.write_text("resolver: {listen: [nowhere]}\nnonsense: 1\n")
    box.process.send_signal(signal.SIGHUP)
    box.eventually(lambda: "nonsense" in box.output, "the complaint")
    assert "weir.yaml:2" in box.output
    _, text = box.api("/metrics")
    assert 'weir_config_reloads_total{result="rejected"} 1.0' in text
    assert box.metric("weir_generation") == generation
    assert box.dig("bets.example").answers == ["A 192.0.2.80"]
    # The next good one does, and so does a changed list.
    box.config["profiles"]["strict"]["block"] = []
    box.write_config()
    box.process.send_signal(signal.SIGHUP)
    box.eventually(lambda: box.dig("bets.example").answers == ["A 198.51.100.7"], "the new policy")
    box.config["profiles"]["strict"]["block"] = ["gambling"]
    box.write_config()
    _bets(box).write_text("bets.example\nnew-bets.example\n")
    box.process.send_signal(signal.SIGHUP)
    box.eventually(lambda: box.dig("new-bets.example").answers == ["A 192.0.2.80"], "the new entry")
    assert box.dig("bets.example").answers == ["A 192.0.2.80"]


def test_a_reload_asked_for_too_early_ends_nothing(make_appliance: Any, small_config: Any) -> None:
    box = make_appliance(small_config(["127.0.0.1:9"]))
    box.start(wait=False)
    box.eventually(lambda: bool(box.children("admin.control")), "the first child")
    box.process.send_signal(signal.SIGHUP)
    box.eventually(lambda: "weir: ready" in box.output, "readiness")
    assert box.dig("bets.example").answers == ["A 192.0.2.80"]


def test_a_changed_subscriber_is_obeyed_without_a_new_generation(box: Any) -> None:
    generation = box.metric("weir_generation")
    subscriber = {"id": "home-99", "profile": "open", "addresses": ["127.0.0.99"]}
    for profile, answers in (
        ("open", ["A 198.51.100.7"]),
        ("strict", ["A 192.0.2.80"]),
        ("open", ["A 198.51.100.7"]),
    ):
        box.config["subscribers"] = [
            *box.config.get("subscribers", [])[:1],
            {**subscriber, "profile": profile},
        ]
        box.write_config()
        box.process.send_signal(signal.SIGHUP)
        box.eventually(
            lambda answers=answers: box.dig("bets.example", source="127.0.0.99").answers == answers, profile
        )
        assert box.dig("bets.example").answers == ["A 192.0.2.80"]
    assert box.metric("weir_generation") == generation


def _lists_mapped(process: int) -> set[str]:
    """The compiled lists that a process has in memory, those of removed files marked by the kernel."""
    lines = Path(f"/proc/{process}/maps").read_text().splitlines()
    return {line.split(maxsplit=5)[5] for line in lines if line.endswith(".weir") or "(deleted)" in line}


def test_lists_that_are_no_longer_in_force_leave_the_memory(box: Any) -> None:
    [worker] = box.children("resolver.worker")
    for number in range(3):
        first = _lists_mapped(worker)
        # Read otherwise, so that the new entry is compiled and not put beside what is compiled already.
        box.config["lists"][0]["scope"] = ("domain", "wildcard")[number % 2]
        box.write_config()
        with _bets(box).open("a") as file:
            file.write(f"new-{number}.example\n")
        box.process.send_signal(signal.SIGHUP)
        box.eventually(
            lambda number=number: box.dig(f"www.new-{number}.example").answers == ["A 192.0.2.80"],
            "the new entry",
        )
        box.eventually(lambda first=first: not first & _lists_mapped(worker), "the end of the old lists")


IN_FLIGHT = 40


class Askers:
    """Threads that keep many queries in flight, for blocked and for cached names, and count what is lost."""

    def __init__(self, ports: list[int], threads: int = 2) -> None:
        self.ports = ports
        self.asked = self.lost = 0
        self._done = threading.Event()
        self._rounds = [0] * threads
        self._threads = [threading.Thread(target=self._ask, args=(place,)) for place in range(threads)]
        for thread in self._threads:
            thread.start()

    def leave(self, port: int) -> None:
        """Ask there no more; returns when nothing is under way there."""
        self.ports.remove(port)
        before = list(self._rounds)
        while any(now == then for now, then in zip(self._rounds, before, strict=True)):
            time.sleep(0.01)

    def _ask(self, place: int) -> None:
        while not self._done.is_set():
            for port in list(self.ports):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                    sock.settimeout(30)
                    for number in range(IN_FLIGHT):
                        name = b"\4bets\7example\0" if number % 2 else b"\4free\4test\0"
                        head = number.to_bytes(2, "big") + b"\1\0\0\1\0\0\0\0\0\0"
                        sock.sendto(head + name + b"\0\1\0\1", ("127.0.0.1", port))
                    seen = set()
                    with contextlib.suppress(TimeoutError):
                        while len(seen) < IN_FLIGHT:
                            seen.add(sock.recv(600)[:2])
                self.asked += IN_FLIGHT
                self.lost += IN_FLIGHT - len(seen)
            self._rounds[place] += 1

    def stop(self) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()


def test_no_query_is_lost_while_workers_and_ports_change(
    make_appliance: Any, small_config: Any, upstream: Any, free_port: Callable[[], int]
) -> None:
    box = make_appliance(small_config([f"127.0.0.1:{upstream.port}"], workers=2))
    box.start()
    assert box.dig("free.test").answers == ["A 198.51.100.7"]
    second = free_port()
    askers = Askers([box.dns])
    try:
        for workers, extra in ((2, True), (1, True), (3, True), (3, False)):
            generation = box.metric("weir_generation")
            box.config["resolver"]["workers"] = workers
            box.config["resolver"]["listen"] = [
                f"127.0.0.1:{port}" for port in (box.dns, second)[: 1 + extra]
            ]
            box.config["gateway"]["provider"] = f"step {workers} {extra}"
            if not extra:
                askers.leave(second)
            box.write_config()
            box.process.send_signal(signal.SIGHUP)
            box.eventually(lambda g=generation: box.metric("weir_generation") > g, "the new generation")
            box.eventually(lambda w=workers: len(box.children("resolver.worker")) == w, f"{workers} workers")
            box.eventually(lambda: box.api("/readyz")[0] == 200, "readiness")
            if extra and second not in askers.ports:
                askers.ports.append(second)
    finally:
        askers.stop()
    assert askers.asked > 1_000
    assert not askers.lost, f"lost {askers.lost} of {askers.asked}"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_keeps_the_last_good_state(make_appliance: Any, small_config: Any, upstream: Any) -> None:
    box = make_appliance(small_config([f"127.0.0.1:{upstream.port}"]))
    box.data.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(box.data)], check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine lets nobody mount")
    try:
        box.start()
        with (box.data / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(bytes(4096))
        _bets(box).write_text(
            "bets.example\nnew-bets.example\n" + "".join(f"x{n}.example\n" for n in range(2))
        )
        box.config["lists"][0]["title"] = "Bets and games"  # a reload that changes nothing publishes nothing
        box.write_config()
        box.process.send_signal(signal.SIGHUP)
        box.eventually(lambda: "nothing was published" in box.output, "the complaint")
        box.eventually(lambda: box.metric("weir_publish_failures_total") >= 1, "the failure's count")
        assert box.dig("bets.example").answers == ["A 192.0.2.80"]
        assert box.page("bets.example").stdout.startswith("HTTP/1.1 403")
        for fragment in ("resolver.worker", "gateway"):
            os.kill(box.children(fragment)[0], signal.SIGKILL)
        assert box.dig("bets.example", "A", "+timeout=15").answers == ["A 192.0.2.80"]
        box.eventually(lambda: box.page("bets.example").stdout.startswith("HTTP/1.1 403"), "the stop page")
        (box.data / "filler").unlink()
        box.process.send_signal(signal.SIGHUP)
        box.eventually(lambda: box.dig("new-bets.example").answers == ["A 192.0.2.80"], "recovery")
    finally:
        box.stop()
        subprocess.run(["umount", "-l", str(box.data)], check=False)
