"""The sockets for NOTIFY: who is heard over UDP and TCP, how often, and where."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import dns.asyncquery
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest

from admin.config import Config, load
from admin.control import notify_listener
from admin.control.clocks import Clocks
from admin.control.notify_listener import NotifyListener

ZONE = "rpz.hotline.example"
CONFIG = """\
data_dir: var
admin: {{listen: "127.0.0.1:8000"{notify}}}
lists:
  - {{id: hotline, format: rpz, kind: security, transfer: {{zone: {zone}, primaries: ["{primary}"]}}}}
profiles: {{strict: {{block: []}}}}
default_profile: strict
"""


def notify(zone: str = ZONE) -> dns.message.Message:
    message = dns.message.make_query(zone, "SOA")
    message.flags = dns.flags.AA
    message.set_opcode(dns.opcode.NOTIFY)
    return message


@dataclass
class Heard:
    listener: NotifyListener
    folder: Path
    calls: list[Collection[str]]
    now: float = 100.0
    port: int = 0
    primary: str = "127.0.0.1"
    extra: list[int] = field(default_factory=list)

    def config(self, port: int | None) -> Config:
        path = self.folder / "weir.yaml"
        where = "" if port is None else f', notify: "127.0.0.1:{port}"'
        path.write_text(CONFIG.format(notify=where, zone=ZONE, primary=self.primary))
        return load(path)

    async def follow(self, port: int | None) -> None:
        await self.listener.follow(self.config(port))

    async def udp(self, message: dns.message.Message) -> dns.message.Message:
        return await dns.asyncquery.udp(message, "127.0.0.1", port=self.port, timeout=30)

    async def tcp(self, message: dns.message.Message) -> dns.message.Message:
        return await dns.asyncquery.tcp(message, "127.0.0.1", port=self.port, timeout=30)


@pytest.fixture
def free_port() -> Callable[[], int]:
    def find() -> int:
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = int(tcp.getsockname()[1])
            udp.bind(("127.0.0.1", port))
            return port

    return find


@pytest.fixture
async def heard(tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[Heard]:
    calls: list[Collection[str]] = []
    made: list[Heard] = []
    listener = NotifyListener(Clocks(lambda: made[0].now, lambda: made[0].now), calls.append)
    made.append(Heard(listener, tmp_path, calls, port=free_port()))
    await made[0].follow(made[0].port)
    yield made[0]
    await listener.close()


async def test_over_udp_and_tcp(heard: Heard) -> None:
    for ask in (heard.udp, heard.tcp):
        reply = await ask(notify())
        assert (reply.rcode(), bool(reply.flags & dns.flags.AA)) == (dns.rcode.NOERROR, True)
    assert heard.calls == [("hotline",), ("hotline",)]
    assert heard.listener.counts == {"taken": 2, "refused": 0, "dropped": 0}


async def test_the_wrong_zone(heard: Heard) -> None:
    assert (await heard.udp(notify("rpz.other.example"))).rcode() == dns.rcode.NOTAUTH
    assert heard.calls == []
    assert heard.listener.counts == {"taken": 0, "refused": 1, "dropped": 0}


async def test_strangers_are_refused_and_their_connections_closed(heard: Heard) -> None:
    heard.primary = "192.0.2.53"
    await heard.follow(heard.port)
    assert (await heard.udp(notify())).rcode() == dns.rcode.REFUSED
    with pytest.raises((EOFError, OSError)):
        await heard.tcp(notify())
    assert heard.calls == []


async def test_a_flood_is_dropped(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = notify().to_wire()
    replies = [heard.listener.answer(wire, "127.0.0.1") for _ in range(150)]
    assert sum(reply is not None for reply in replies) == notify_listener.BELIEVED
    strangers = [heard.listener.answer(wire, "192.0.2.99") for _ in range(50)]
    assert sum(reply is not None for reply in strangers) == notify_listener.STRANGERS
    heard.now += 1.0
    assert heard.listener.answer(wire, "127.0.0.1") is not None
    assert heard.listener.counts == {"taken": 101, "refused": 10, "dropped": 90}


async def test_a_connection_that_says_nothing_is_closed(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify_listener, "MESSAGE_SECONDS", 0.01)
    reader, writer = await asyncio.open_connection("127.0.0.1", heard.port)
    with pytest.raises((EOFError, OSError)):
        await reader.readexactly(1)
    writer.close()


async def test_only_so_many_connections(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify_listener, "CONNECTIONS", 1)
    first_reader, first = await asyncio.open_connection("127.0.0.1", heard.port)
    second_reader, second = await asyncio.open_connection("127.0.0.1", heard.port)
    with pytest.raises((EOFError, OSError)):
        await second_reader.readexactly(1)
    wire = notify().to_wire()
    first.write(len(wire).to_bytes(2, "big") + wire)
    assert await first_reader.readexactly(2)
    first.close()
    second.close()


async def test_it_follows_the_configuration(heard: Heard, free_port: Callable[[], int]) -> None:
    before = heard.port
    heard.port = free_port()
    await asyncio.gather(heard.follow(heard.port), heard.follow(heard.port))
    assert (await heard.udp(notify())).rcode() == dns.rcode.NOERROR
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", before))  # given up
    await heard.follow(None)
    assert heard.listener.address is None
    assert heard.listener.counts is None
    assert heard.listener.answer(notify().to_wire(), "127.0.0.1") is None


async def test_an_address_that_cannot_be_had_is_tried_again(
    heard: Heard, free_port: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    taken = free_port()
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", taken))
        sock.listen()
        await heard.follow(taken)
        assert heard.listener.address is None
        assert "NOTIFY is not heard" in capsys.readouterr().out
    heard.port = taken
    await heard.follow(taken)
    assert (await heard.tcp(notify())).rcode() == dns.rcode.NOERROR
