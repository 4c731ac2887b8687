"""UDP and TCP on real sockets, with a forwarder that answers when told to."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable

import dns.flags
import dns.message
import dns.rcode
import pytest
import structlog

from resolver.answer.decision import Services
from resolver.answer.generation import Generation
from resolver.answer.pipeline import Pipeline
from resolver.exchange.model import FailureKind, Question, Resolution
from resolver.listeners.server import Server
from resolver.listeners.tcp import MAX_PIPELINED, TcpConnections, TcpLimits
from resolver.listeners.udp import UdpListener
from resolver.runtime.sockets import Address, SocketError, Use, listen
from resolver.tables.view import View

LIMITS = TcpLimits(idle=5.0, per_client=3, total=4)


class Gate:
    """A forwarder that fails every question, once the gate is open."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.asked: list[Question] = []
        self.answering: dict[int, asyncio.Task[None]] = {}

    def ask(self, question: Question, done: Callable[[Resolution], None]) -> int:
        self.asked.append(question)
        number = len(self.asked)
        self.answering[number] = asyncio.ensure_future(self._answer(done))
        return number

    def withdraw(self, waiter: int) -> None:
        self.answering[waiter].cancel()

    async def _answer(self, done: Callable[[Resolution], None]) -> None:
        await self.open.wait()
        done(Resolution(None, FailureKind.UNREACHABLE))


class Front:
    """A server with one UDP and one TCP socket on loopback."""

    def __init__(
        self, view: View, limits: TcpLimits, host: str = "127.0.0.1", max_waiting: int = 1000
    ) -> None:
        self.counted: Counter[str] = Counter()
        self.gauges: dict[str, int] = {}
        self.gate = Gate()
        count = self._count
        pipeline = Pipeline(Generation(view), Services(lambda _: None, lambda _: 0, count))
        self.server = Server(pipeline, self.gate, clock=lambda: 0.0, max_waiting=max_waiting, count=count)
        self.connections = TcpConnections(self.server, limits, count=count, gauge=self.gauges.__setitem__)
        text = f"[{host}]:0" if ":" in host else f"{host}:0"
        self.sockets = {use: listen(Address(use, text, "resolver.listen")) for use in (Use.UDP, Use.TCP)}
        self.udp = UdpListener(self.sockets[Use.UDP], self.server, count)
        self.udp_port = self.sockets[Use.UDP].getsockname()[1]
        self.tcp_port = self.sockets[Use.TCP].getsockname()[1]

    def _count(self, name: str) -> None:
        self.counted[name] += 1

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self.listening = await loop.create_server(self.connections.connection, sock=self.sockets[Use.TCP])

    async def stop(self) -> None:
        self.udp.close()
        self.listening.close()
        self.connections.close()
        await self.server.drain(1.0)
        self.sockets[Use.UDP].close()
        await asyncio.sleep(0)


@pytest.fixture
async def front(make_view: Callable[..., View]) -> AsyncIterator[Callable[..., asyncio.Future[Front]]]:
    async with contextlib.AsyncExitStack() as stack:

        async def build(limits: TcpLimits = LIMITS, **options: object) -> Front:
            made = Front(make_view(), limits, **options)  # type: ignore[arg-type]
            await made.start()
            stack.push_async_callback(made.stop)
            return made

        yield build  # type: ignore[misc]


def _query(name: str = "allowed.demo.test", message_id: int = 1) -> bytes:
    return dns.message.make_query(name, "A", id=message_id).to_wire()


def _framed(packet: bytes) -> bytes:
    return struct.pack("!H", len(packet)) + packet


async def _read(reader: asyncio.StreamReader) -> dns.message.Message:
    (length,) = struct.unpack("!H", await asyncio.wait_for(reader.readexactly(2), 30))
    return dns.message.from_wire(await asyncio.wait_for(reader.readexactly(length), 30))


async def _udp(port: int, packet: bytes, host: str = "127.0.0.1") -> tuple[bytes, str]:
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        await loop.sock_sendto(sock, packet, (host, port))
        data, peer = await asyncio.wait_for(loop.sock_recvfrom(sock, 4096), 30)
        return data, peer[0]


async def test_udp_answers(front: Callable[..., asyncio.Future[Front]]) -> None:
    made = await front()
    data, _ = await _udp(made.udp_port, _query())
    assert dns.message.from_wire(data).answer[0][0].address == "192.0.2.10"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.77"])
async def test_a_wildcard_socket_answers_from_the_address_that_was_asked(
    front: Callable[..., asyncio.Future[Front]], address: str
) -> None:
    made = await front(host="0.0.0.0")
    assert (await _udp(made.udp_port, _query(), address))[1] == address


async def test_ipv6(front: Callable[..., asyncio.Future[Front]]) -> None:
    try:
        made = await front(host="::1")
    except SocketError:
        pytest.skip("this machine has no IPv6 loopback")
    assert (await _udp(made.udp_port, _query(), "::1"))[1] == "::1"


async def test_udp_serves_on_after_garbage_and_vanished_clients(
    front: Callable[..., asyncio.Future[Front]],
) -> None:
    made = await front()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        for packet in (b"", b"\0", b"\xff" * 4096, _query() * 40, _query()[:-3]):
            gone.sendto(packet, ("127.0.0.1", made.udp_port))
    assert (await _udp(made.udp_port, _query()))[0]


async def test_pipelined_tcp_answers_in_the_order_of_readiness(
    front: Callable[..., asyncio.Future[Front]],
) -> None:
    made = await front()
    reader, writer = await asyncio.open_connection("127.0.0.1", made.tcp_port)
    writer.write(_framed(_query("slow.test", 1)) + _framed(_query("allowed.demo.test", 2)))
    assert (await _read(reader)).id == 2
    made.gate.open.set()
    late = await _read(reader)
    assert (late.id, late.rcode()) == (1, dns.rcode.SERVFAIL)
    writer.close()


async def test_a_query_may_come_byte_by_byte_and_the_end_of_input_is_not_the_end(
    front: Callable[..., asyncio.Future[Front]],
) -> None:
    made = await front()
    reader, writer = await asyncio.open_connection("127.0.0.1", made.tcp_port)
    for byte in _framed(_query("slow.test", 9)):
        writer.write(bytes([byte]))
        await writer.drain()
    writer.write_eof()
    while not made.gate.asked:
        await asyncio.sleep(0)
    made.gate.open.set()
    assert (await _read(reader)).id == 9
    assert await asyncio.wait_for(reader.read(), 30) == b""
    writer.close()


async def test_more_queries_than_may_be_open_are_all_answered(
    front: Callable[..., asyncio.Future[Front]],
) -> None:
    made = await front()
    reader, writer = await asyncio.open_connection("127.0.0.1", made.tcp_port)
    count = MAX_PIPELINED * 2 + 7
    writer.write(b"".join(_framed(_query(f"n{number}.test", number)) for number in range(count)))
    while len(made.gate.asked) < MAX_PIPELINED:
        await asyncio.sleep(0)
    assert len(made.gate.asked) == MAX_PIPELINED
    made.gate.open.set()
    assert {(await _read(reader)).id for _ in range(count)} == set(range(count))
    writer.close()


async def test_an_idle_connection_is_closed_even_if_it_drips(
    front: Callable[..., asyncio.Future[Front]],
) -> None:
    made = await front(TcpLimits(idle=0.2, per_client=3, total=4))
    reader, writer = await asyncio.open_connection("127.0.0.1", made.tcp_port)
    started = asyncio.get_running_loop().time()
    writer.write(b"\0")
    assert await asyncio.wait_for(reader.read(), 30) == b""
    assert asyncio.get_running_loop().time() - started < 2
    writer.close()


async def test_one_client_cannot_take_all_places(front: Callable[..., asyncio.Future[Front]]) -> None:
    made = await front()
    held = [await asyncio.open_connection("127.0.0.1", made.tcp_port) for _ in range(LIMITS.per_client)]
    for reader, writer in held:
        writer.write(_framed(_query()))
        await _read(reader)
    reader, writer = await asyncio.open_connection("127.0.0.1", made.tcp_port)
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), 30) == b""
    assert made.counted["tcp_refused"] == 1
    assert made.gauges["tcp_connections"] == LIMITS.per_client
    for _, open_writer in [*held, (reader, writer)]:
        open_writer.close()


async def test_the_idlest_connection_gives_way(front: Callable[..., asyncio.Future[Front]]) -> None:
    made = await front(TcpLimits(idle=5.0, per_client=10, total=2))
    streams = []
    for _ in range(3):
        reader, writer = await asyncio.open_connection("127.0.0.1", made.tcp_port)
        writer.write(_framed(_query()))
        await _read(reader)
        streams.append((reader, writer))
    assert await asyncio.wait_for(streams[0][0].read(), 30) == b""
    streams[2][1].write(_framed(_query()))
    await _read(streams[2][0])
    assert made.counted["tcp_evicted"] == 1
    for _, writer in streams:
        writer.close()


async def test_overload_is_answered_at_once(front: Callable[..., asyncio.Future[Front]]) -> None:
    made = await front(max_waiting=1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
        first.sendto(_query("one.test"), ("127.0.0.1", made.udp_port))
        while not made.gate.asked:
            await asyncio.sleep(0)
        answer = dns.message.from_wire((await _udp(made.udp_port, _query("two.test")))[0])
    assert answer.rcode() == dns.rcode.SERVFAIL
    assert made.counted["shed"] == 1


async def test_a_fault_of_ours_costs_one_answer_not_the_connection(
    front: Callable[..., asyncio.Future[Front]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await front()

    def fails(_: Question, __: Callable[[Resolution], None]) -> int:
        raise RecursionError("too deep")

    monkeypatch.setattr(made.gate, "ask", fails)
    reader, writer = await asyncio.open_connection("127.0.0.1", made.tcp_port)
    with structlog.testing.capture_logs() as logs:
        writer.write(_framed(_query("broken.test", 1)) + _framed(_query("allowed.demo.test", 2)))
        assert (await _read(reader)).id == 2
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 30) == b""
    assert made.counted["faults"] == 1
    assert "broken" not in str(logs)
    writer.close()


async def test_clients_that_never_read_cannot_hold_more_than_their_places(
    front: Callable[..., asyncio.Future[Front]],
) -> None:
    made = await front(TcpLimits(idle=0.3, per_client=100, total=2))
    loop = asyncio.get_running_loop()
    silent = []
    for _ in range(6):
        sock = socket.create_connection(("127.0.0.1", made.tcp_port))
        sock.setblocking(False)
        silent.append(sock)
        with contextlib.suppress(BlockingIOError):
            for _ in range(3_000):
                sock.send(_framed(_query()))
        await asyncio.sleep(0)
    end = loop.time() + 30
    while made.gauges["tcp_connections"] and loop.time() < end:
        await asyncio.sleep(0.01)
    transports = [t for t in getattr(loop, "_transports", {}).values() if not t.is_closing()]
    assert made.gauges["tcp_connections"] == 0
    assert len(transports) <= 1
    for sock in silent:
        sock.close()


async def test_what_has_arrived_is_answered_before_the_end(
    front: Callable[..., asyncio.Future[Front]],
) -> None:
    made = await front()
    count = 300
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        for number in range(count):
            sock.sendto(_query(message_id=number), ("127.0.0.1", made.udp_port))
        made.udp.close()
        sock.settimeout(2)
        assert {sock.recv(4096)[:2] for _ in range(count)} == {struct.pack("!H", n) for n in range(count)}
