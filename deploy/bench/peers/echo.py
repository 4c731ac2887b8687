"""The bare echo: what the kernel and two system calls a batch cost, and so the floor for everybody."""

from __future__ import annotations

from pathlib import Path

from deploy.bench.server import Peer, Place


def echo(program: Path) -> Peer:
    """The echo, compiled at this path."""

    def prepare(place: Place) -> list[str]:
        return [str(program), place.address, str(place.port)]

    return Peer("echo", str(program), "no list", prepare, lambda: "this checkout", is_resolver=False)
