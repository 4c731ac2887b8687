"""Sockets handed over or bound, and every way in which they cannot be had."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from gateway.sockets import SocketError, bind, inherited


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def test_sockets_are_inherited_by_number(listening: socket.socket) -> None:
    first, second = os.dup(listening.fileno()), os.dup(listening.fileno())
    adopted = inherited({"WEIR_SOCKETS": f"http:{first},http:{second}"})
    assert [sock.fileno() for sock in adopted] == [first, second]
    assert {sock.getsockname() for sock in adopted} == {listening.getsockname()}
    assert not any(sock.getblocking() for sock in adopted)
    for sock in adopted:
        sock.close()


def test_without_the_variable_nothing_is_inherited() -> None:
    assert inherited({}) == inherited({"WEIR_SOCKETS": ""}) == []


@pytest.mark.parametrize("value", ["udp:3", "http", "http:", "http:x", "3", "http:-1", "http:987654"])
def test_what_is_no_socket_is_named(value: str) -> None:
    with pytest.raises(SocketError, match=f"WEIR_SOCKETS: '{value}'"):
        inherited({"WEIR_SOCKETS": value})


def test_a_socket_that_does_not_listen_is_refused() -> None:
    sock = socket.socket()
    number = sock.detach()
    with pytest.raises(SocketError, match="not a listening TCP socket"):
        inherited({"WEIR_SOCKETS": f"http:{number}"})


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0"])
def test_bind(address: str) -> None:
    [sock] = bind([address])
    with sock:
        assert sock.getsockname()[0] in {"127.0.0.1", "::1"}
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)


def test_an_address_in_use_is_named_and_leaves_nothing_open(listening: socket.socket) -> None:
    taken = f"127.0.0.1:{listening.getsockname()[1]}"
    with pytest.raises(
        SocketError, match=rf"cannot listen on {taken}: .*in use.*; free the address or change"
    ):
        bind(["127.0.0.1:0", taken])


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1", ":80", "127.0.0.1:http", "127.0.0.1:99999", "not an address:80"]
)
def test_what_is_no_address_is_named(address: str) -> None:
    with pytest.raises(SocketError, match=address or "''"):
        bind([address])
