"""Nobody can tell a secret list's answer from a security list's: not by a byte of it, and hardly by its time (O1)."""

from __future__ import annotations

import contextlib
import random
import socket
import statistics
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import dns.edns
import dns.message
import dns.name
import dns.rdatatype
import pytest

pytestmark = pytest.mark.system

SECRET, SECURITY, FREE = "secret-name.example", "threat-name.example", "nobody-else.example"
assert len(SECRET) == len(SECURITY) == len(FREE)
TYPES = ("A", "AAAA", "HTTPS", "SVCB", "TXT", "MX", "NS", "SOA", "ANY", "DS", "CNAME", "PTR")
ROUNDS = 3_000
MOST_APART = 0.25
"""Of the time of an answer; a wide bar, because other programs run on this machine."""


@pytest.fixture(scope="module")
def box(
    make_shared_appliance: Callable[..., Any],
    shared_small_config: Callable[..., Any],
    shared_upstream: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    """A box with one name on a secret list, and one on a security list."""
    config = shared_small_config([f"127.0.0.1:{shared_upstream.port}"])
    folder = tmp_path_factory.mktemp("lists")
    for kind, name, keys in (("illegal", SECRET, {"confidentiality": "secret"}), ("security", SECURITY, {})):
        (folder / kind).write_text(f"{name}\n")
        entry = {"id": kind, "url": f"file:{folder / kind}", "format": "domains", "kind": kind, **keys}
        config["lists"].append(entry)
    made = make_shared_appliance(config)
    made.start()
    return made


def asked(name: str, rtype: str, options: dict[str, Any]) -> bytes:
    message = dns.message.make_query(dns.name.from_text(name), rtype, id=4_711, **options)
    return message.to_wire()


def masked(answer: bytes, name: str) -> bytes:
    """An answer without the name that was asked for."""
    host = name.split(".")[-2].encode()
    return answer.replace(host, b"#" * len(host))


@contextlib.contextmanager
def udp(port: int) -> Iterator[Callable[[bytes], bytes]]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(30)

        def ask(query: bytes) -> bytes:
            sock.send(query)
            return sock.recv(65_535)

        yield ask


@contextlib.contextmanager
def tcp(port: int) -> Iterator[Callable[[bytes], bytes]]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock, sock.makefile("rb") as answers:

        def ask(query: bytes) -> bytes:
            sock.sendall(struct.pack("!H", len(query)) + query)
            return answers.read(struct.unpack("!H", answers.read(2))[0])

        yield ask


OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "EDNS": {"use_edns": 0, "payload": 1_232},
    "DNSSEC": {"use_edns": 0, "want_dnssec": True},
    "cookie": {
        "use_edns": 0,
        "options": [dns.edns.GenericOption(dns.edns.OptionType.COOKIE, bytes(range(8)))],
    },
}


@pytest.mark.parametrize("transport", [udp, tcp], ids=["UDP", "TCP"])
def test_answers_are_the_same_to_the_byte(box: Any, transport: Any) -> None:
    with transport(box.dns) as ask:
        for options in OPTIONS.values():
            for rtype in TYPES:
                for prefix in ("", "www.", "a.b.c."):
                    answers = {}
                    for name in (SECRET, SECURITY):
                        answer = ask(asked(prefix + name, rtype, options))
                        # A server cookie (RFC 9018) carries the time and is keyed: another on every answer.
                        answers[name] = masked(answer[:-24] if "options" in options else answer, name)
                    assert answers[SECRET] == answers[SECURITY], (options, rtype, prefix)
        answer = dns.message.from_wire(ask(asked(SECRET, "A", OPTIONS["EDNS"])))
        assert [str(item) for item in answer.answer[0]] == ["192.0.2.80"]
        assert any(isinstance(option, dns.edns.EDEOption) and option.code == 15 for option in answer.options)
        free = ask(asked(FREE, "A", {}))
        assert masked(free, FREE) != masked(ask(asked(SECRET, "A", {})), SECRET)  # the comparison can fail


def test_the_page_of_neither_names_a_list(box: Any) -> None:
    for name in (SECRET, SECURITY):
        page = box.page(name).stdout
        assert " 403 " in page.splitlines()[0]
        assert "secret-name" not in page


def test_the_time_of_an_answer_tells_nothing(box: Any) -> None:
    numbers, taken = random.Random(1), {SECRET: [0.0] * 0, SECURITY: [0.0] * 0}
    queries = {name: asked(name, "A", OPTIONS["EDNS"]) for name in taken}
    with udp(box.dns) as ask:
        for _ in range(ROUNDS):
            for name in numbers.sample((SECRET, SECURITY), 2):
                began = time.perf_counter()
                ask(queries[name])
                taken[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    apart = abs(medians[SECRET] - medians[SECURITY]) / min(medians.values())
    print({name: f"{median * 1e6:.1f} µs" for name, median in medians.items()}, f"{apart:.1%} apart")
    assert apart < MOST_APART
