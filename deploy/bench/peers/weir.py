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
LIST_ID = "bench"
LIST = """
  - {{id: {id}, url: "file:{listed}", format: domains, kind: category, categories: [games]}}"""
PROGRAM = Path(sys.executable).parent / "weir"


def write_configuration(place: Place, *, denied: str = "denied.example", own: str = "own.example") -> Path:
    """Write the file; ``denied`` is the one name that the profile itself blocks, ``own`` what the first subscriber does."""
    lists = LIST.format(**vars(place), id=LIST_ID) if place.listed else " []"
    values = {
        **vars(place),
        "lists": lists,
        "blocked": BLOCKED_ADDRESS,
        "gateway_port": place.control_port + 1,
    }
    path = place.folder / "weir.yaml"
    with path.open("w") as file:
        file.write(CONFIGURATION.format_map({**values, "denied": denied}))
        file.writelines(subscriber_lines(max(place.subscribers, 1), place.sources, own))
    return path


def _prepare(place: Place) -> list[str]:
    return [str(PROGRAM), "serve", "-c", str(write_configuration(place))]


def reload(_: Place, pid: int, __: tuple[str, ...]) -> None:
    """Tell it to read its configuration and lists again."""
    os.kill(pid, signal.SIGHUP)


PEER = Peer(
    "weir",
    str(PROGRAM),
    "compiled table",
    _prepare,
    lambda: "this checkout",
    reload,
    ready="weir: ready\n",
)
