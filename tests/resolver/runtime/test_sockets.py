"""Sockets handed over or bound, and every way in which they cannot be had."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from resolver.runtime.sockets import Address, SocketError, Use, inherited, listen_all


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def _http(*texts: str) -> list[Address]:
    return [Address(Use.HTTP, text, "gateway.listen") for text in texts]


def test_sockets_are_inherited_by_use_and_number(listening: socket.socket) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        numbers = {Use.TCP: os.dup(listening.fileno()), Use.UDP: os.dup(udp.fileno())}
        value = ",".join(f"{use}:{number}" for use, number in numbers.items())
        adopted = inherited({"WEIR_SOCKETS": value}, Use.UDP, Use.TCP)
    assert {use: [sock.fileno() for sock in found] for use, found in adopted.items()} == {
        use: [number] for use, number in numbers.items()
    }
    for found in adopted.values():
        assert not found[0].getblocking()
        found[0].close()


@pytest.mark.parametrize("environ", [{}, {"WEIR_SOCKETS": ""}])
def test_without_the_variable_nothing_is_inherited(environ: dict[str, str]) -> None:
    assert inherited(environ, Use.UDP, Use.HTTP) == {Use.UDP: [], Use.HTTP: []}


@pytest.mark.parametrize("value", ["udp:3", "http", "http:", "http:x", "3", "http:-1", "http:987654"])
def test_what_is_no_socket_is_named(value: str) -> None:
    with pytest.raises(SocketError, match=f"WEIR_SOCKETS: '{value}'"):
        inherited({"WEIR_SOCKETS": value}, Use.HTTP)


@pytest.mark.parametrize(
    ("kind", "use", "words"),
    [
        (socket.SOCK_STREAM, Use.HTTP, "not a listening TCP socket"),
        (socket.SOCK_DGRAM, Use.TCP, "not a listening TCP socket"),
        (socket.SOCK_STREAM, Use.UDP, "not a UDP socket"),
    ],
)
def test_a_socket_of_another_kind_is_refused(kind: socket.SocketKind, use: Use, words: str) -> None:
    number = socket.socket(socket.AF_INET, kind).detach()
    with pytest.raises(SocketError, match=words):
        inherited({"WEIR_SOCKETS": f"{use}:{number}"}, use)


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0"])
def test_listening(address: str) -> None:
    [sock] = listen_all(_http(address))
    with sock:
        assert sock.getsockname()[0] in {"127.0.0.1", "::1"}
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)


def test_an_address_in_use_is_named_and_leaves_nothing_open(listening: socket.socket) -> None:
    taken = f"127.0.0.1:{listening.getsockname()[1]}"
    with pytest.raises(SocketError, match=rf"{taken} \(TCP\) is in use .* change gateway.listen"):
        listen_all(_http("127.0.0.1:0", taken))


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:99999", "not an address:80"]
)
def test_what_is_no_address_is_named(address: str) -> None:
    with pytest.raises(SocketError, match=address or "''"):
        listen_all(_http(address))
