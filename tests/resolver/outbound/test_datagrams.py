"""UDP sockets: ports, errors, ends."""

from __future__ import annotations

import asyncio
import errno
import random
import socket
from typing import Any

import pytest

from resolver.exchange.endpoint import Endpoint, parse_endpoint
from resolver.exchange.events import AttemptFailed, DatagramReceived, SendDatagram, Trouble
from resolver.outbound.datagrams import Datagrams, trouble_of


class FixedPort:
    """Dice that always name one port."""

    def __init__(self, port: int) -> None:
        self._value = (port - 1_024 + 0.5) / (65_536 - 1_024)

    def getrandbits(self, bits: int, /) -> int:
        return 0

    def random(self) -> float:
        return self._value


@pytest.fixture
def reports() -> list[Any]:
    return []


async def test_a_port_that_is_taken_is_passed_over(reports: list[Any], upstream: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 0))
        datagrams = Datagrams(FixedPort(taken.getsockname()[1]), reports.append)
        assert datagrams.send(SendDatagram(1, parse_endpoint(upstream.address), b"x" * 20)) is None
        upstream.on_datagram = lambda query: []
        await upstream.came.wait()
        assert upstream.sources[0][1] != taken.getsockname()[1]
        datagrams.close_all()


async def test_the_port_is_the_one_that_the_dice_name(reports: list[Any], upstream: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("0.0.0.0", 0))
        port = probe.getsockname()[1]
    datagrams = Datagrams(FixedPort(port), reports.append)
    upstream.on_datagram = lambda query: []
    datagrams.send(SendDatagram(1, parse_endpoint(upstream.address), b"x"))
    await upstream.came.wait()
    assert upstream.sources[0][1] == port
    datagrams.close_all()


async def test_a_burst_is_read_and_a_close_in_between_is_heeded(upstream: Any) -> None:
    seen: list[Any] = []
    done = asyncio.Event()

    def report(event: Any) -> None:
        seen.append(event)
        if len(seen) == 18:
            datagrams.close(1)
            done.set()

    datagrams = Datagrams(random.Random(5), report)
    upstream.on_datagram = lambda query: [bytes((number,)) for number in range(40)]
    datagrams.send(SendDatagram(1, parse_endpoint(upstream.address), b"x"))
    async with asyncio.timeout(30):
        await done.wait()
    for _ in range(3):
        await asyncio.sleep(0)
    assert [event.data[0] for event in seen] == list(range(18))
    assert isinstance(seen[0], DatagramReceived)
    assert seen[0].source == parse_endpoint(upstream.address)
    assert len(datagrams) == 0
    datagrams.close(1)


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        (errno.EMFILE, Trouble.NO_SOCKET),
        (errno.ENFILE, Trouble.NO_SOCKET),
        (errno.ENOBUFS, Trouble.NO_SOCKET),
        (errno.EAGAIN, Trouble.NO_SOCKET),
        (errno.ECONNREFUSED, Trouble.REFUSED),
        (errno.ENETUNREACH, Trouble.REFUSED),
        (errno.EPERM, Trouble.REFUSED),
    ],
)
async def test_errors_are_reported_not_raised(
    reports: list[Any], monkeypatch: pytest.MonkeyPatch, code: int, trouble: Trouble
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(code, "refused by the test")

    assert trouble_of(OSError(code, "")) is trouble
    monkeypatch.setattr("resolver.outbound.sockets.socket.socket", refuse)
    datagrams = Datagrams(FixedPort(5_000), reports.append)
    failure = datagrams.send(SendDatagram(7, Endpoint("127.0.0.1", 53), b"x"))
    assert failure == AttemptFailed(7, trouble)
    assert len(datagrams) == 0
