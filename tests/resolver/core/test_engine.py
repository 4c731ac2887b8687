"""The serving thread on real sockets: addresses, hand-over, overload, new states, the end."""

from __future__ import annotations

import mmap
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest
from pyroute2 import NetNS, netns

from blocklists.snapshot import native as snapshot
from resolver.core import native
from resolver.core.settings import StateSettings
from resolver.runtime.sockets import Address, SocketError, Use, listen

WAIT = 5.0
IP_MTU_DISCOVER, IPV6_MTU_DISCOVER = 10, 23  # linux/in.h, linux/in6.h; Python names neither
NEVER_FRAGMENT, FRAGMENT_BY_INTERFACE = 3, 5  # IP_PMTUDISC_PROBE, IP_PMTUDISC_OMIT
NARROW = 1000
HEADERS = 28  # of IPv4 and UDP


KEY = bytes(range(32))
SEARCHED, SAFE, HAS_REWRITES = b"\6search\4test\0", b"\4safe\4test\0", 8
GATEWAY = {"gateway_ipv4": bytes([192, 0, 2, 80]), "gateway_ipv6": bytes(16)}


@pytest.fixture
def state(tmp_path: Path) -> native.State:
    """No lists, one policy with one name of safe search, loopback is served."""
    record = bytes(snapshot.CLASS_RECORD_BYTES)
    snapshot.Builder(bytes(snapshot.KEY_BYTES)).write(str(tmp_path / "lists"), [0], record * 2, b"", 0)
    room = {"clients": 8, "policies": 8, "set_bytes": 4096, "name_bytes": 4096}
    writer = native.TablesWriter.create(
        tmp_path / "tables", key=KEY, plan=bytes(32), boot=bytes(16), created=1, **room
    )
    rewrites = bytes([len(SEARCHED)]) + SEARCHED + bytes([len(SAFE)]) + SAFE
    writer.default(writer.policy(0, 0, 0, HAS_REWRITES, -1, writer.rewrites(rewrites)))
    writer.served(bytes([127, 0, 0, 0]), 8)
    writer.served(bytes(15) + b"\1", 128)
    writer.close()
    return native.State(tmp_path / "lists", tmp_path / "tables", StateSettings(**GATEWAY))


class Rig:
    """An engine over one socket, and clients."""

    def __init__(
        self, state: native.State, host: str, cache: native.Cache | None = None, **options: Any
    ) -> None:
        text = f"[{host}]:0" if ":" in host else f"{host}:0"
        self.sock = listen(Address(Use.UDP, text, "resolver.listen"))
        self.port = self.sock.getsockname()[1]
        self.clients: list[socket.socket] = []
        self.words = memoryview(bytearray(8 * len(native.STATS_NAMES))).cast("Q")
        settings: dict[str, Any] = {"places": 100, "backlog": 100, "max_age_ms": 10_000, "key": 5}
        core = native.Core(stats=native.Stats(self.words))
        self.engine = native.Engine(core, [self.sock.fileno()], **{**settings, **options})
        self.engine.start(state, cache)

    def client(self, to: str) -> socket.socket:
        family = socket.AF_INET6 if ":" in to else socket.AF_INET
        client = socket.socket(family, socket.SOCK_DGRAM)
        client.settimeout(WAIT)
        client.connect((to, self.port))
        self.clients.append(client)
        return client

    def taken(self, count: int) -> list[tuple[int, bytes, bytes, int]]:
        found: list[tuple[int, bytes, bytes, int]] = []
        while len(found) < count:
            assert select.select([self.engine], [], [], WAIT)[0]
            self.engine.heard()
            found += self.engine.take(1000)
        return found

    def counted(self) -> dict[str, int]:
        return dict(zip(native.STATS_NAMES, self.words, strict=True))

    def close(self) -> None:
        self.engine.stop()
        for sock in (self.sock, *self.clients):
            sock.close()


@pytest.fixture
def make_rig(state: native.State) -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []

    def make(host: str = "127.0.0.1", **options: Any) -> Rig:
        try:
            rigs.append(Rig(state, host, **options))
        except SocketError:
            pytest.skip(f"this machine cannot serve {host}")
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


def _ask(name: str, message_id: int = 1, rdtype: str = "A") -> bytes:
    return dns.message.make_query(name, rdtype, id=message_id, use_edns=0).to_wire()


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.77"),
        ("::1", "::1"),
        ("::", "::1"),
    ],
)
def test_the_core_answers_from_the_address_that_was_asked(
    make_rig: Callable[..., Rig], host: str, asked: str
) -> None:
    # A connected client hears nothing from any other address.
    client = make_rig(host).client(asked)
    client.send(_ask("localhost", 7))
    answer = dns.message.from_wire(client.recv(4096))
    assert (answer.id, answer.answer[0][0].address) == (7, "127.0.0.1")


def test_what_is_handed_over_comes_back_to_whoever_asked(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig("0.0.0.0")
    client = rig.client("127.0.0.9")
    query = _ask("unknown.example")
    client.send(query)
    ((token, packet, address, _),) = rig.taken(1)
    assert (packet, len(address)) == (query, 4)
    assert rig.engine.in_hand == 1
    assert rig.engine.reply(token, b"the answer")
    rig.engine.flush()
    assert client.recv(100) == b"the answer"
    assert rig.engine.reply(token, b"again")
    assert not rig.engine.reply(token, bytes(65_536))
    rig.engine.stop()
    assert rig.counted()["late_replies"] == 1


def _discovery(sock: socket.socket) -> int:
    if sock.family == socket.AF_INET:
        return sock.getsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER)
    return sock.getsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::"])
def test_answers_are_never_fragmented(make_rig: Callable[..., Rig], host: str) -> None:
    assert _discovery(make_rig(host).sock) == NEVER_FRAGMENT


@pytest.fixture
def inside_narrow() -> Iterator[ThreadPoolExecutor]:
    """A thread in a network whose only interface carries NARROW octets."""
    if os.geteuid() != 0:
        pytest.skip("namespaces need root")
    name = f"weir-test-{os.getpid()}"
    try:
        netns.create(name)
    except OSError:
        pytest.skip("this machine does not allow network namespaces")
    try:
        with NetNS(name) as network:
            network.link("set", index=1, mtu=NARROW, state="up")
        with ThreadPoolExecutor(1, initializer=netns.setns, initargs=(name,)) as thread:
            yield thread
    finally:
        netns.remove(name)


def test_only_an_interface_too_narrow_for_an_answer_gets_fragments(
    inside_narrow: ThreadPoolExecutor, state: native.State
) -> None:
    rig = inside_narrow.submit(Rig, state, "127.0.0.1").result()
    try:
        client = inside_narrow.submit(rig.client, "127.0.0.1").result()
        for size, discovery in (
            (NARROW - HEADERS, NEVER_FRAGMENT),
            (NARROW, FRAGMENT_BY_INTERFACE),
            (NARROW - HEADERS, FRAGMENT_BY_INTERFACE),
        ):
            client.send(_ask("unknown.example"))
            ((token, _, _, _),) = rig.taken(1)
            assert rig.engine.reply(token, bytes(size))
            rig.engine.flush()
            assert len(client.recv(4096)) == size
            assert _discovery(rig.sock) == discovery
        rig.engine.stop()
        assert rig.counted()["udp_errors"] == 0
    finally:
        rig.close()


def test_a_full_backlog_sheds_with_an_explanation(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(places=8, backlog=8)
    client = rig.client("127.0.0.1")
    for number in range(20):
        client.send(_ask(f"n{number}.example", number))
    failed = [dns.message.from_wire(client.recv(4096)) for _ in range(16)]
    assert {answer.rcode() for answer in failed} == {dns.rcode.SERVFAIL}
    assert {option.code for answer in failed for option in answer.options} == {dns.edns.EDECode.NOT_READY}
    for token, packet, _, _ in rig.taken(4):  # one neighbourhood gets half, then no more than its share
        rig.engine.reply(token, packet[:2])
    rig.engine.flush()
    assert len({client.recv(100) for _ in range(4)}) == 4
    rig.engine.stop()
    counted = rig.counted()
    assert (counted["shed"], counted["servfail"]) == (16, 16)


@pytest.mark.parametrize("want_dnssec", [False, True])
def test_what_safe_search_leads_to_is_asked_again_when_it_is_popular(
    make_rig: Callable[..., Rig], want_dnssec: bool
) -> None:
    memory = mmap.mmap(-1, 1 << 16)
    native.cache_format(memory, KEY, bytes(16))
    cache, now = native.Cache(memory, bytes(16), 0), time.monotonic_ns() // 1_000_000
    kept = b"\0\0\x81\x80\0\1\0\0\0\0\0\0" + SEARCHED + b"\0\1\0\1"
    flags = native.KEY_DO if want_dnssec else 0
    cache.put(SEARCHED + SAFE, 1, 1, flags, now, kept, (), (), (), now - 185_000, 200)
    rig = make_rig(cache=cache)
    client = rig.client("127.0.0.1")
    for _ in range(3):
        client.send(dns.message.make_query("search.test", "A", want_dnssec=want_dnssec, use_edns=0).to_wire())
        assert dns.message.from_wire(client.recv(4096)).rcode() == dns.rcode.NOERROR
    ((token, packet, _, _),) = rig.taken(1)
    asked = dns.message.from_wire(packet)
    assert (token, asked.question[0].to_text()) == (0, "safe.test. IN A")
    assert bool(asked.ednsflags & dns.flags.DO) == want_dnssec


def test_what_has_arrived_is_answered_before_the_end(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(places=1000, backlog=1000)
    client = rig.client("127.0.0.1")
    for number in range(100):
        client.send(_ask("localhost" if number % 2 else f"n{number}.example", number))
    rig.engine.finish()
    for token, packet, _, _ in rig.taken(50):
        assert not rig.engine.is_idle
        rig.engine.reply(token, packet)
    rig.engine.flush()
    while not rig.engine.is_idle:
        assert select.select([rig.engine], [], [], WAIT)[0]
        rig.engine.heard()
        assert rig.engine.take(10) == []
    rig.engine.stop()
    rig.engine.stop()
    assert {int.from_bytes(client.recv(4096)[:2], "big") for _ in range(100)} == set(range(100))


def test_a_passed_state_is_released(make_rig: Callable[..., Rig], state: native.State) -> None:
    rig = make_rig()
    client = rig.client("127.0.0.1")
    for number in range(50):
        rig.engine.use(state)
        client.send(_ask("localhost", number))
        assert client.recv(4096)[:2] == number.to_bytes(2, "big")
        assert rig.engine.states_held() <= 2
    assert rig.engine.states_held() == 1


def test_garbage_and_vanished_clients_end_nothing(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        for packet in (
            b"",
            b"\0",
            b"\xff" * 4096,
            b"\0" * 60_000,
            _ask("localhost") * 40,
            _ask("localhost")[:-3],
        ):
            gone.sendto(packet, ("127.0.0.1", rig.port))
    client = rig.client("127.0.0.1")
    client.send(_ask("localhost", 9))
    assert client.recv(4096)[:2] == b"\0\x09"


def test_what_cannot_be_served_is_refused() -> None:
    words = memoryview(bytearray(8 * len(native.STATS_NAMES))).cast("Q")
    core = native.Core(stats=native.Stats(words))
    settings: dict[str, Any] = {"places": 10, "backlog": 10, "max_age_ms": 1, "key": 1}
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, pytest.raises(OSError, match="Invalid"):
        native.Engine(core, [tcp.fileno()], **settings)
    with pytest.raises(native.CoreError, match="wildcard"):
        native.Engine(core, [0] * 65, **settings)
    with pytest.raises(ValueError, match="counters"):
        native.Engine(native.Core(), [0], **settings)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, pytest.raises(MemoryError):
        native.Engine(core, [udp.fileno()], **{**settings, "places": 0})
