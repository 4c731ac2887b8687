"""What is run when addresses cannot be had."""

from __future__ import annotations

import pytest

from admin.supervisor.fleet import Program
from admin.supervisor.listening import failures, possible
from resolver.runtime.sockets import Address, Use


def dns(*hosts: str) -> tuple[Address, ...]:
    return tuple(
        Address(use, f"{host}:53", "resolver.listen") for host in hosts for use in (Use.UDP, Use.TCP)
    )


def program(*hosts: str) -> Program:
    return Program(("resolver",), dns(*hosts), siblings=True)


@pytest.mark.parametrize(
    ("wanted", "running", "missing", "expected"),
    [
        (program("a", "b"), None, (), program("a", "b")),
        (program("b"), program("a"), (), program("b")),
        (program("b"), program("a"), dns("c"), program("b")),
        (program("a", "b"), None, dns("b"), program("a")),
        (program("b", "c"), program("a"), dns("b"), program("a", "c")),
        (program("a", "b"), program("a"), dns("b"), program("a")),
        (program("b"), program("a"), dns("b")[:1], program("a")),
        (program("b"), None, dns("b")[1:], None),
    ],
)
def test_what_is_run(
    wanted: Program, running: Program | None, missing: tuple[Address, ...], expected: Program | None
) -> None:
    assert possible(wanted, running, missing) == expected


def test_an_address_is_told_once() -> None:
    udp, tcp = dns("a")
    web = Address(Use.HTTP, "a:53", "gateway.listen")
    assert failures({udp: "a:53 (UDP) is in use", tcp: "a:53 (TCP) is in use", web: "web"}) == (
        "a:53 (UDP) is in use",
        "web",
    )
    assert failures({}) == ()
