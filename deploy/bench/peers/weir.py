"""Weir itself, from this checkout: the list as it is, one worker; with thousands of subscribers when asked."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from deploy.bench.server import Peer, Place
from deploy.bench.subscribers import subscriber_lines
from deploy.bench.workload import BLOCKED_ADDRESS

CONFIGURATION = """
data_dir: var
resolver:
  listen: ["{address}:{port}"]
  workers: 1
  upstreams: ["{upstream}:{upstream_port}"]
  cache: {{size: 256MiB}}
  allow_from: ["0.0.0.0/0"]
gateway:
  answer: {{ipv4: {blocked}, ipv6: "2001:db8::80"}}
  listen: ["127.0.0.1:{gateway_port}"]
admin:
  listen: "127.0.0.1:{control_port}"
lists:{lists}
profiles:
  strict: {{block: [games], deny: [{denied}]}}
  open: {{block: []}}
default_profile: strict
"""
LIST = """
  - {{id: bench, url: "file:{listed}", format: domains, kind: category, categories: [games]}}"""
PROGRAM = Path(sys.executable).parent / "weir"


def write_configuration(place: Place, denied: str = "denied.example") -> Path:
    """Write the file; ``denied`` is the one name that the profile itself blocks."""
    lists = LIST.format_map(vars(place)) if place.listed else " []"
    values = {
        **vars(place),
        "lists": lists,
        "blocked": BLOCKED_ADDRESS,
        "gateway_port": place.control_port + 1,
    }
    path = place.folder / "weir.yaml"
    with path.open("w") as file:
        file.write(CONFIGURATION.format_map({**values, "denied": denied}))
        if place.subscribers:
            file.writelines(subscriber_lines(place.subscribers, place.sources))
    return path


def _prepare(place: Place) -> list[str]:
    return [str(PROGRAM), "serve", "-c", str(write_configuration(place))]


def _reload(_: Place, pid: int, __: tuple[str, ...]) -> None:
    os.kill(pid, signal.SIGHUP)


PEER = Peer("weir", str(PROGRAM), "compiled table", _prepare, lambda: "this checkout", _reload)
