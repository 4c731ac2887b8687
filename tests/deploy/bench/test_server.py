"""A server under test is measured when all of it is up, and one that never is has its reason told."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.bench import server as module
from deploy.bench.rig import open_rig
from deploy.bench.server import Peer, Place, running
from deploy.bench.session import place_for

ANSWERS = textwrap.dedent("""
    import socket, sys
    import dns.message
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((sys.argv[1], int(sys.argv[2])))
    def answer():
        query, client = sock.recvfrom(4096)
        sock.sendto(dns.message.make_response(dns.message.from_wire(query)).to_wire(), client)
    answer()
""")
"""What a server begins with: it answers one query."""
GROWS = ANSWERS + "grown = bytearray(b'x' * 64_000_000)\nprint('all of it', flush=True)\nanswer()\n"
ENDS = ANSWERS + "sys.exit('no memory left')\n"
WAITS = ANSWERS + "answer()\n"

Made = Callable[[str], Peer]


@pytest.fixture
def peer() -> Made:
    def made(code: str) -> Peer:
        def prepare(place: Place) -> list[str]:
            return [sys.executable, "-c", code, place.address, str(place.port)]

        return Peer(
            "test", sys.executable, "no list", prepare, lambda: "1", is_resolver=False, ready="all of it\n"
        )

    return made


def test_memory_is_read_when_all_of_it_is_up(tmp_path: Path, peer: Made) -> None:
    with open_rig(loopback=True) as rig:
        place = place_for(rig, tmp_path, None)
        for _ in range(2):  # the words of the first run are no sign of the second
            with running(peer(GROWS), place, rig) as server:
                assert server.pss > 64_000_000
    assert (tmp_path / "log").read_text() == "all of it\n" * 2


@pytest.mark.parametrize(
    ("code", "reason"), [(ENDS, "status 1: no memory left"), (WAITS, "did not print 'all of it")]
)
def test_one_that_never_is_up(
    tmp_path: Path, peer: Made, code: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "START_SECONDS", 6.0)
    with (
        open_rig(loopback=True) as rig,
        pytest.raises(RuntimeError, match=reason),
        running(peer(code), place_for(rig, tmp_path, None), rig),
    ):
        pytest.fail("it was taken for up")
