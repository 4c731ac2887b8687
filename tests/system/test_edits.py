"""Single entries edited on the running appliance: every worker obeys at once, and so does whoever comes after a crash."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import statistics
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.system

GATEWAY = bytes([192, 0, 2, 80])
EDITS = 40
CLIENTS = 16
"""Sockets with ports of their own: the kernel spreads them over the workers."""
SOON = 0.05
"""Seconds from an edit to its effect on all workers (DESIGN.md section 6)."""


class Clients:
    """Asks the same name from many ports."""

    def __init__(self, port: int) -> None:
        self._sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(CLIENTS)]
        for sock in self._sockets:
            sock.connect(("127.0.0.1", port))
            sock.settimeout(20)

    def ask(self, name: str) -> list[bool]:
        """For each client: is the name blocked?"""
        wire = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
        query = struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + wire + struct.pack(">2H", 1, 1)
        for sock in self._sockets:
            sock.send(query)
        answers = [sock.recv(4096) for sock in self._sockets]
        assert all(answer[3] & 15 == 0 for answer in answers), answers[0]
        return [answer.endswith(GATEWAY) for answer in answers]

    def close(self) -> None:
        for sock in self._sockets:
            sock.close()


class Api:
    """One kept connection to the admin API."""

    def __init__(self, box: Any) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", box.admin, timeout=150)
        self._headers = {**box.credentials, "Content-Type": "application/json"}

    def edit(self, **body: list[str]) -> dict[str, Any]:
        self._connection.request("POST", "/api/v1/lists/bets/entries", json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        said: dict[str, Any] = json.loads(answer.read())
        assert answer.status == 200, said
        return said

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="module")
def box(
    make_shared_appliance: Callable[..., Any], shared_small_config: Callable[..., Any], shared_upstream: Any
) -> Any:
    """Two workers; each test edits names of its own."""
    upstreams = [f"127.0.0.1:{shared_upstream.port}"]
    config = shared_small_config(upstreams, names="bets.example\nold.example\n", workers=2)
    appliance = make_shared_appliance(config)
    appliance.start()
    return appliance


@pytest.fixture
def clients(box: Any) -> Iterator[Clients]:
    made = Clients(box.dns)
    yield made
    made.close()


def test_every_worker_obeys_at_once(box: Any, clients: Clients) -> None:
    api = Api(box)
    took = []
    for number in range(EDITS):
        name = f"n{number}.example"
        assert not any(clients.ask(name))  # and from now on its answer is in every cache
        for change, blocked in (("add", True), ("remove", False)):
            begun = time.perf_counter()
            assert api.edit(**{change: [name]})["in_force"] == 1
            answers = clients.ask(name)
            took.append(time.perf_counter() - begun)
            assert answers == [blocked] * CLIENTS, f"{change} {name}: some worker did not obey"
    api.close()
    took.sort()
    print(
        f"edit to effect on all workers: median {statistics.median(took) * 1000:.1f} ms, worst {took[-1] * 1000:.1f} ms"
    )
    # A busy machine only ever makes an edit slower, so the quickest tenth shows what the appliance needs.
    assert took[len(took) // 10] <= SOON


def later_generation(box: Any) -> int | None:
    """What control has published; None while there is no control."""
    try:
        generation: int | None = json.loads(box.api("/readyz")[1])["generation"]
    except OSError:
        return None
    return generation


def test_edits_outlive_processes(box: Any, clients: Clients) -> None:
    assert (
        box.weir("lists", "edit", "bets", "--add", "new.example", "--remove", "old.example").returncode == 0
    )
    assert all(clients.ask("www.new.example"))
    assert not any(clients.ask("old.example"))
    generation = json.loads(box.api("/readyz")[1])["generation"]
    (control,) = box.children("admin.control")
    os.kill(control, signal.SIGKILL)
    assert all(clients.ask("new.example"))
    box.eventually(lambda: (later_generation(box) or 0) > generation, "a new control with a new generation")
    assert all(clients.ask("new.example"))
    assert not any(clients.ask("old.example"))
    checked = box.weir("check", "new.example")
    assert checked.returncode == 1, checked.stdout + checked.stderr


def test_what_is_refused_is_said(box: Any) -> None:
    refused = box.weir("lists", "edit", "bets", "--add", "fine.example", "--add", "co.uk")
    assert refused.returncode == 1
    assert "public suffix" in refused.stderr
    unknown = box.weir("lists", "edit", "nobody", "--add", "fine.example")
    assert unknown.returncode == 1
    assert "no list" in unknown.stderr
    assert box.weir("check", "fine.example").returncode == 0
