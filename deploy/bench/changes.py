"""What S6 changes: a whole list, one entry of it, one subscriber, one rule of a profile; and when it is seen to hold."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from admin.control.token import read_local_token
from deploy.bench.peers import weir
from deploy.bench.rig import Rig
from deploy.bench.server import Running, wait_for
from deploy.bench.workload import BLOCKED_ADDRESS, FREE_ADDRESS, changed_list

API_SECONDS = 30.0


@dataclass(frozen=True)
class Change:
    """``prepare`` writes files and is not timed; ``make`` changes and gives the moment at which the effect was seen."""

    kind: str
    prepare: Callable[[], object]
    make: Callable[[], float]


def full_lists(rig: Rig, server: Running, original: Path, times: int) -> Iterator[Change]:
    """The whole list anew, each time with another name more."""
    reload, place = server.peer.reload, server.place
    assert reload is not None
    assert place.listed is not None
    inside = rig.server[:2] if rig.namespace else ()
    for number in range(times):

        def prepare(number: int = number) -> None:
            assert place.listed is not None
            changed_list(original, place.listed, number)
            server.peer.prepare(place)

        def make(number: int = number) -> float:
            reload(place, server.process.pid, inside)
            return wait_for(rig, place, f"swap-{number}.bench-list.example", BLOCKED_ADDRESS)

        yield Change("full list", prepare, make)


def profile_rules(rig: Rig, server: Running, times: int) -> Iterator[Change]:
    """Another name denied by the profile that everybody has; the configuration is read again."""
    for number in range(times):
        name = f"denied-{number}.cached.example"

        def prepare(name: str = name) -> None:
            weir.write_configuration(server.place, denied=name)

        def make(name: str = name) -> float:
            weir.reload(server.place, server.process.pid, ())
            return wait_for(rig, server.place, name, BLOCKED_ADDRESS)

        yield Change("one rule of a profile", prepare, make)


def subscriber_rules(rig: Rig, server: Running, times: int) -> Iterator[Change]:
    """Another name denied to one subscriber; the configuration is read again."""
    for number in range(times):
        name = f"mine-{number}.cached.example"

        def prepare(name: str = name) -> None:
            weir.write_configuration(server.place, own=name)

        def make(name: str = name) -> float:
            weir.reload(server.place, server.process.pid, ())
            return wait_for(rig, server.place, name, BLOCKED_ADDRESS, source=server.place.sources)

        yield Change("one subscriber", prepare, make)


def entries(rig: Rig, server: Running, times: int) -> Iterator[Change]:
    """One entry added to the list, or taken back, through the API."""
    for number in range(times):
        name = f"entry-{number // 2}.cached.example"
        verb, wanted = ("take_back", FREE_ADDRESS) if number % 2 else ("add", BLOCKED_ADDRESS)

        def make(verb: str = verb, name: str = name, wanted: str = wanted) -> float:
            _post(rig, server, {verb: [name]})
            return wait_for(rig, server.place, name, wanted)

        yield Change("one entry of a list", lambda: None, make)


def _post(rig: Rig, server: Running, body: dict[str, list[str]]) -> None:
    """Ask Weir's API; RuntimeError with its words if it does not do it."""
    connection = http.client.HTTPConnection("127.0.0.1", server.place.control_port)
    connection.sock = rig.connect(("127.0.0.1", server.place.control_port), API_SECONDS)
    try:
        token = read_local_token(server.place.folder / "var" / "run")
        head = {"Content-Type": "application/json", "Authorization": f"Bearer {token}", "Weir-User": "bench"}
        connection.request("POST", f"/api/v1/lists/{weir.LIST_ID}/entries", json.dumps(body), head)
        answer = connection.getresponse()
        said = answer.read()
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise RuntimeError(
            f"the API refused a change of entries: {answer.status} {said.decode(errors='replace')}"
        )
