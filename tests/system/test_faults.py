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


def test_the_smallest_useful_configuration_filters(box: Any) -> None:
    assert box.dig("bets.example").answers == ["A 192.0.2.80"]
    assert box.dig("bets.example", "AAAA").answers == ["AAAA 2001:db8::80"]
    assert box.dig("www.bets.example", "A", "+tcp").ede[0] == 17
    assert box.dig("bets.example", source=OPEN).answers == ["A 198.51.100.7"]
    assert box.dig("free.test").answers == ["A 198.51.100.7"]


LIES = [
    ("wrong-address", "address"),
    ("wrong-id", "id"),
    ("garbage", "malformed"),
    ("truncated", ""),
]


@pytest.mark.parametrize(("mode", "reason"), LIES)
def test_an_upstream_that_lies_is_seen_through_and_counted(
    box: Any, upstream: Any, mode: str, reason: str
) -> None:
    upstream.mode = mode
    for number in range(3):
        assert box.dig(f"{mode}-{number}.test").answers == ["A 198.51.100.7"]
    if reason:
        assert box.metric(f"weir_resolver_discarded_{reason}_total") >= 1
        box.eventually(lambda: "replies from upstreams were discarded" in box.output, "the message")
    else:  # no lie, only too long for UDP
        assert box.metric("weir_resolver_upstream_tcp_total") >= 3


def test_a_dead_upstream_means_servfail_with_a_reason_in_bounded_time(box: Any, upstream: Any) -> None:
    upstream.mode = "silent"
    dig = box.dig("dead.test", "A", "+timeout=15")
    assert (dig.status, dig.ede) == ("SERVFAIL", [22]), dig.text
    assert box.dig("bets.example").answers == ["A 192.0.2.80"]
    assert box.metric("weir_resolver_upstream_timeouts_total") >= 1

    def told() -> bool:
        box.dig(f"dead-{time.monotonic_ns()}.test", "A", "+timeout=1")
        return "no upstream is left" in box.output

    box.eventually(told, "the message")
    upstream.mode = "answer"
    box.eventually(lambda: box.dig("back.test").answers == ["A 198.51.100.7"], "an answer")
    box.eventually(lambda: "an upstream answers again" in box.output, "the good news")


def test_a_stale_answer_is_better_than_none_and_says_so(box: Any, upstream: Any) -> None:
    upstream.ttl = 1
    assert box.dig("aging.test").answers == ["A 198.51.100.7"]
    upstream.mode = "silent"
    box.eventually(lambda: box.dig("aging.test").ede == [3], "a stale answer")
    assert box.dig("aging.test").answers == ["A 198.51.100.7"]


def test_nobody_listening_upstream_is_felt_at_once(make_appliance: Any, small_config: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    box = make_appliance(small_config([f"127.0.0.1:{port}"]))
    box.start()
    dig = box.dig("free.test")
    assert dig.status == "SERVFAIL"
    assert dig.ede[0] in (22, 23)
    assert box.metric("weir_resolver_upstream_timeouts_total") == 0


@pytest.mark.parametrize("fragment", ["resolver.worker", "gateway", "admin.control"])
def test_a_killed_child_is_replaced_and_the_rest_serves(box: Any, fragment: str) -> None:
    (victim,) = box.children(fragment)
    os.kill(victim, signal.SIGKILL)
    if fragment != "resolver.worker":
        assert box.dig("bets.example").answers == ["A 192.0.2.80"]
    box.eventually(lambda: box.children(fragment) not in ([], [victim]), "a new child")
    box.eventually(lambda: box.api("/readyz")[0] == 200 if _reachable(box) else False, "readiness")
    assert box.dig("bets.example").answers == ["A 192.0.2.80"]
    assert box.page("bets.example").stdout.startswith("HTTP/1.1 403")
    assert "again" in box.output or "restart" in box.output


def _reachable(box: Any) -> bool:
    try:
        box.api("/healthz")
    except OSError:
        return False
    return True


def test_queries_asked_while_a_worker_is_replaced_are_answered_by_its_successor(box: Any) -> None:
    (victim,) = box.children("resolver.worker")
    os.kill(victim, signal.SIGKILL)
    assert box.dig("bets.example", "A", "+timeout=10").answers == ["A 192.0.2.80"]


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


def test_a_second_appliance_on_the_same_folder_is_refused(box: Any) -> None:
    again = subprocess.run(
        [str(Path(os.sys.executable).parent / "weir"), "serve", "-c", str(box.path)],  # type: ignore[attr-defined]
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert again.returncode != 0
    assert "Traceback" not in again.stderr
    assert box.dig("bets.example").answers == ["A 192.0.2.80"]


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


def test_a_reload_asked_for_too_early_ends_nothing(make_appliance: Any, small_config: Any) -> None:
    box = make_appliance(small_config(["127.0.0.1:9"]))
    box.start(wait=False)
    box.eventually(lambda: bool(box.children("admin.control")), "the first child")
    box.process.send_signal(signal.SIGHUP)
    box.eventually(lambda: "weir: ready" in box.output, "readiness")
    assert box.dig("bets.example").answers == ["A 192.0.2.80"]


def test_a_reload_changes_the_policy(box: Any) -> None:
    box.config["profiles"]["strict"]["block"] = []
    box.write_config()
    box.process.send_signal(signal.SIGHUP)
    box.eventually(lambda: box.dig("bets.example").answers == ["A 198.51.100.7"], "the new policy")


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


def test_a_reload_takes_a_changed_list(box: Any) -> None:
    _bets(box).write_text("bets.example\nnew-bets.example\n")
    box.process.send_signal(signal.SIGHUP)
    box.eventually(lambda: box.dig("new-bets.example").answers == ["A 192.0.2.80"], "the new entry")


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


MESSAGES = {
    "html": "web page",
    "shrunk": "shrank by",
    "grown": "grew by",
    "garbage": "lines gives an entry",
    "half": "not in the format",
    "empty": "lines gives an entry",
    "binary": "binary",
    "gone": "no such file",
    "folder": "no list there",
}
"""A word of what the operator is told."""

BROKEN = {
    "html": "<!DOCTYPE html><html><body>Not found</body></html>\n" * 30,
    "shrunk": "bets.example\n",
    "grown": "".join(f"n{number}.example\n" for number in range(5_000)),
    "garbage": "".join(f"!! {number} %%\n" for number in range(300)),
    "half": "".join(f"bets{number}.example\nb@d {number}\n" for number in range(300)),
    "empty": "",
    "binary": "\x00\x01\x02" * 500,
}


@pytest.mark.parametrize("fault", [*BROKEN, "gone", "folder"])
def test_a_broken_list_is_held_and_the_last_good_one_serves(
    make_appliance: Any, small_config: Any, upstream: Any, fault: str
) -> None:
    names = "".join(f"bets{number}.example\n" for number in range(400))
    box = make_appliance(small_config([f"127.0.0.1:{upstream.port}"], "bets.example\n" + names))
    box.start()
    path = _bets(box)
    if fault in BROKEN:
        path.write_text(BROKEN[fault])
    else:
        path.unlink()
        if fault == "folder":
            path.mkdir()
    box.process.send_signal(signal.SIGHUP)

    def told() -> str:
        return str(box.output.partition("weir: ready")[2])

    box.eventually(lambda: "list=bets" in told(), "the complaint")
    assert MESSAGES[fault] in told()
    assert box.dig("bets7.example").answers == ["A 192.0.2.80"]
    status = box.weir("lists", "status")
    assert status.returncode == 1
    assert MESSAGES[fault] in status.stdout
    assert box.metric("weir_list_failing") == 1
    # The same after a restart: the stored good version is what serves.
    box.stop()
    again = make_appliance(box.config)
    again.data.symlink_to(box.data)
    again.start()
    assert again.dig("bets7.example").answers == ["A 192.0.2.80"]


IN_FLIGHT = 40


class Askers:
    """Threads that keep many queries in flight, for blocked and for cached names, and count what is lost."""

    def __init__(self, ports: list[int], threads: int = 2) -> None:
        self.ports = ports
        self.asked = self.lost = 0
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        while not self._done.is_set():
            for port in list(self.ports):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                    sock.settimeout(4)
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
                askers.ports.remove(second)
                time.sleep(0.5)  # what is under way to the address that goes must not be counted
            box.write_config()
            box.process.send_signal(signal.SIGHUP)
            box.eventually(lambda g=generation: box.metric("weir_generation") > g, "the new generation")
            box.eventually(lambda w=workers: len(box.children("resolver.worker")) == w, f"{workers} workers")
            box.eventually(lambda: box.api("/readyz")[0] == 200, "readiness")
            if extra and second not in askers.ports:
                askers.ports.append(second)
    finally:
        askers.stop()
    assert askers.asked > 5_000
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
