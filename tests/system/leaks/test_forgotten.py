"""What people ask for is forgotten: thousands of questions from as many addresses, over UDP, TCP and HTTP, and neither a
name nor an address in any file that the appliance keeps, in what it says or in its public log.

That the search finds is shown on the same box with a list whose hits the operator keeps by name.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

ADDRESSES, EACH, BURST = 100, 100, 25


def question(number: int, name: str) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", number & 0xFFFF, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\x01\0\x01"


def sources() -> Iterator[str]:
    """Addresses of loopback that nothing else here has."""
    for number in range(ADDRESSES):
        yield f"127.213.{number // 10 + 17}.{number % 10 + 211}"


def ask(port: int, source: str, names: list[str]) -> int:
    """These names over UDP from one address; how many answers came."""
    answered = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((source, 0))
        sock.connect(("127.0.0.1", port))
        sock.settimeout(5)
        for start in range(0, len(names), BURST):
            for number, name in enumerate(names[start : start + BURST]):
                sock.send(question(number, name))
            with contextlib.suppress(TimeoutError):
                for _ in names[start : start + BURST]:
                    sock.recv(4096)
                    answered += 1
    return answered


def ask_over_tcp(port: int, source: str, name: str) -> None:
    with socket.create_connection(("127.0.0.1", port), 5, source_address=(source, 0)) as sock:
        packet = question(1, name)
        sock.sendall(struct.pack("!H", len(packet)) + packet)
        assert sock.recv(4096)


def visit(port: int, source: str, host: str) -> None:
    """The stop page of a blocked name."""
    with socket.create_connection(("127.0.0.1", port), 5, source_address=(source, 0)) as sock:
        sock.sendall(f"GET /?{host} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        while sock.recv(65_536):
            pass


def live(box: Any, word: str) -> None:
    """A day of many people in short, with a worker that dies in it."""
    port, page = (
        int(box.config["resolver"]["listen"][0].rpartition(":")[2]),
        box.config["gateway"]["listen"][0],
    )
    answered = 0
    for place, source in enumerate(sources()):
        zones = ("bets.example", "free.test")
        names = [f"{word}-{place}-{number}.{zones[number % 2]}" for number in range(EACH)]
        answered += ask(port, source, names)
        if place % 10 == 0:
            ask_over_tcp(port, source, names[0])
            visit(int(page.rpartition(":")[2]), source, names[0])
    assert answered > ADDRESSES * EACH * 0.99
    before = box.children("resolver.worker")
    for process in before:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGABRT)
    box.eventually(lambda: not set(box.children("resolver.worker")) & set(before), "another worker")
    box.eventually(lambda: bool(box.dig(f"{word}-again.bets.example").answers), "its answers")


def kept(folder: Path) -> dict[str, bytes]:
    """Every file of the appliance."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with contextlib.suppress(OSError):
                found[str(path)] = path.read_bytes()
    return found


def sightings(box: Any, word: str) -> dict[str, list[str]]:
    """Where the word or an address was found: while the box runs, and once it has stopped."""
    said = {path: box.api(path)[1].encode() for path in ("/metrics", "/readyz", "/api/v1/audit", "/log/")}
    files = kept(box.data)
    assert box.stop() == 0, box.output
    files |= {f"{path} (at the end)": data for path, data in kept(box.data).items()}
    found = {}
    for where, content in (files | said | {"journal": box.output.encode()}).items():
        folded = content.lower()
        kinds = ["name"] if word.encode() in folded else []
        if any(source.encode() in content for source in sources()):
            kinds.append("address")
        if kinds:
            found[where] = kinds
    assert len(files) > 30
    return found


@pytest.fixture
def begin(
    upstream: Any, make_appliance: Callable[..., Any], small_config: Callable[..., dict[str, Any]]
) -> Callable[..., Any]:
    def start(**keys: Any) -> Any:
        config = small_config([f"127.0.0.1:{upstream.port}"], workers=2)
        config["lists"][0] |= keys
        appliance = make_appliance(config)
        appliance.start()
        return appliance

    return start


def test_what_people_ask_for_is_in_no_file(begin: Callable[..., Any]) -> None:
    word, box = f"zq{secrets.token_hex(6)}", begin()
    live(box, word)
    assert sightings(box, word) == {}


def test_where_the_operator_keeps_names_of_hits_they_are_found(begin: Callable[..., Any]) -> None:
    """The same life and the same search; who asked is kept nowhere even so."""
    word, box = f"zq{secrets.token_hex(6)}", begin(log_policy="names")
    live(box, word)
    found = sightings(box, word)
    assert any(kinds == ["name"] for kinds in found.values())
    assert not any("address" in kinds for kinds in found.values())
