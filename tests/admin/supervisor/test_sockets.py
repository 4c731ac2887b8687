"""Listening sockets: who may have an address, what is said when not, and that a child's queue outlives it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from admin.supervisor.sockets import SocketPool, probe
from resolver.runtime.sockets import Address, SocketError, Use, environment, listen, parse


def free_port() -> int:
    """A port that is free for UDP and TCP at this moment."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            try:
                udp.bind(tcp.getsockname())
            except OSError:
                continue
            return int(tcp.getsockname()[1])


def addresses(text: str) -> list[Address]:
    return [Address(use, text, "resolver.listen") for use in (Use.UDP, Use.TCP)]


@pytest.fixture
def pool() -> Iterator[SocketPool]:
    held = SocketPool()
    yield held
    held.close()


@pytest.fixture
def where() -> str:
    return f"127.0.0.1:{free_port()}"


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("127.0.0.1:53", (socket.AF_INET, ("127.0.0.1", 53))),
        ("[::1]:5300", (socket.AF_INET6, ("::1", 5300))),
        ("0.0.0.0:53", (socket.AF_INET, ("0.0.0.0", 53))),
    ],
)
def test_addresses(text: str, parsed: object) -> None:
    assert parse(text) == parsed


@pytest.mark.parametrize("text", ["", "127.0.0.1", "127.0.0.1:", "127.0.0.1:dns", ":", "[::1]"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        parse(text)


@pytest.mark.parametrize("use", [Use.UDP, Use.TCP])
def test_a_port_in_use_is_one_clear_error(use: Use, where: str) -> None:
    kind = socket.SOCK_DGRAM if use is Use.UDP else socket.SOCK_STREAM
    with socket.socket(type=kind) as other:
        other.bind(parse(where)[1])
        if use is Use.TCP:
            other.listen()
        with pytest.raises(SocketError) as caught:
            probe(addresses(where))
    assert str(caught.value) == (
        f"{where} ({use.upper()}) is in use by another program: stop it or change resolver.listen"
    )


def test_another_weir_on_the_port_is_in_use_too(where: str, pool: SocketPool) -> None:
    pool.ensure("resolver-0", addresses(where))
    with pytest.raises(SocketError, match="in use by another program"):
        probe(addresses(where))


def test_port_53_hints_at_the_usual_holder() -> None:
    from resolver.runtime.sockets import _explain

    text = _explain(
        Address(Use.UDP, "127.0.0.53:53", "resolver.listen"), OSError(98, "Address already in use")
    )
    assert text.endswith("change resolver.listen (systemd-resolved holds port 53 on many machines)")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("192.0.2.1:5300", "is no address of this machine: add it to an interface or change"),
        ("nowhere", "'nowhere' is not of the form host:port"),
        ("127.0.0.1:99999", "cannot be bound"),
    ],
)
def test_what_cannot_be_bound_says_why(text: str, words: str) -> None:
    with pytest.raises(SocketError, match=words):
        listen(Address(Use.UDP, text, "resolver.listen"))


def test_one_address_for_two_duties_is_refused() -> None:
    twice = [
        Address(Use.HTTP, "127.0.0.1:8080", "gateway.listen"),
        Address(Use.HTTP, "127.0.0.1:8080", "admin.listen"),
    ]
    with pytest.raises(SocketError, match=r"stands in gateway.listen and in admin.listen"):
        probe(twice)


def test_slots_share_an_address(where: str, pool: SocketPool) -> None:
    for slot in range(3):
        pool.ensure(f"resolver-{slot}", addresses(where))
    lent = [pool.lent(f"resolver-{slot}", addresses(where)) for slot in range(3)]
    numbers = {sock.fileno() for sockets in lent for _, sock in sockets}
    assert len(numbers) == 6
    assert environment(lent[0]) == f"udp:{lent[0][0][1].fileno()},tcp:{lent[0][1][1].fileno()}"


def test_a_second_ensure_keeps_the_sockets(where: str, pool: SocketPool) -> None:
    pool.ensure("resolver-0", addresses(where))
    before = pool.lent("resolver-0", addresses(where))
    pool.ensure("resolver-0", addresses(where))
    assert pool.lent("resolver-0", addresses(where)) == before


def test_all_or_nothing(where: str, pool: SocketPool) -> None:
    with pytest.raises(SocketError):
        pool.ensure("resolver-0", [*addresses(where), Address(Use.UDP, "192.0.2.1:53", "resolver.listen")])
    assert list(pool) == []
    probe(addresses(where))


def test_what_is_no_longer_wanted_is_closed(where: str, pool: SocketPool) -> None:
    pool.ensure("resolver-0", addresses(where))
    assert pool.holds_port(addresses(where)[0])
    pool.keep_only("resolver-0", addresses(where)[:1])
    assert pool.holds_port(addresses(where)[0])
    assert not pool.holds_port(addresses(where)[1])
    probe(addresses(where)[1:])


def test_datagrams_wait_while_nobody_reads(where: str, pool: SocketPool) -> None:
    pool.ensure("resolver-0", addresses(where))
    (_, held), _ = pool.lent("resolver-0", addresses(where))
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.sendto(b"query", parse(where)[1])
    with socket.socket(fileno=socket.dup(held.fileno())) as child:
        assert child.recv(10) == b"query"


def test_a_withdrawn_socket_keeps_its_queue_and_gets_nothing_new(where: str, pool: SocketPool) -> None:
    pool.ensure("resolver-1", addresses(where)[:1])
    ((_, held),) = pool.lent("resolver-1", addresses(where)[:1])
    with (
        socket.socket(fileno=socket.dup(held.fileno())) as child,
        socket.socket(type=socket.SOCK_DGRAM) as client,
    ):
        client.sendto(b"before", parse(where)[1])
        pool.ensure("resolver-0", addresses(where)[:1])
        pool.withdraw("resolver-1")
        ((_, other),) = pool.lent("resolver-0", addresses(where)[:1])
        for _ in range(50):
            with socket.socket(type=socket.SOCK_DGRAM) as another:
                another.sendto(b"after", parse(where)[1])
        assert [other.recv(10) for _ in range(50)] == [b"after"] * 50
        assert child.recvfrom(10) == (b"before", ("127.0.0.1", client.getsockname()[1]))
        child.sendto(b"answer", ("127.0.0.1", other.getsockname()[1]))
        with pytest.raises(BlockingIOError):
            child.recv(10)


@pytest.mark.parametrize(("host", "level", "option"), [("0.0.0.0", socket.IPPROTO_IP, 8), ("[::]", 41, 49)])
def test_wildcards_learn_the_destination(host: str, level: int, option: int) -> None:
    with listen(Address(Use.UDP, f"{host}:{free_port()}", "resolver.listen")) as sock:
        assert sock.getsockopt(level, option) == 1


def test_ipv6_leaves_ipv4_alone() -> None:
    port = free_port()
    with (
        listen(Address(Use.UDP, f"[::]:{port}", "resolver.listen")) as six,
        listen(Address(Use.UDP, f"0.0.0.0:{port}", "resolver.listen")),
    ):
        assert six.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
