"""Who walks through a secret list is counted, and nothing else is known of it: not who, not what, not which list (O2)."""

from __future__ import annotations

import json
import signal
import socket
import struct
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import dns.message
import pytest

pytestmark = pytest.mark.system

WALKER, VISITOR, INFECTED = "127.213.77.91", "127.213.77.92", "127.213.77.93"
CLIENTS = "weir_secret_scanning_clients"
EVENTS = "/api/v1/audit?kind=list.scanned"


@pytest.fixture(params=["core", "python"], scope="module")
def box(
    request: pytest.FixtureRequest,
    make_shared_appliance: Callable[..., Any],
    shared_small_config: Callable[..., Any],
    shared_upstream: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    """A box with a secret list and a security list of 40 names each; every decision is the core's, or Python's."""
    config = shared_small_config([f"127.0.0.1:{shared_upstream.port}"])
    folder = tmp_path_factory.mktemp("lists")
    for kind, keys in (("illegal", {"confidentiality": "secret"}), ("security", {})):
        (folder / kind).write_text("".join(f"{kind}-{number}.example\n" for number in range(40)))
        entry = {
            "id": f"the-{kind}-list",
            "url": f"file:{folder / kind}",
            "format": "domains",
            "kind": kind,
        }
        config["lists"].append({**entry, **keys})
    made = make_shared_appliance(config)
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "python":
            patch.setenv("WEIR_CORE", "off")
        made.start()
    return made


def queries(kind: str, numbers: Iterable[int]) -> list[bytes]:
    return [dns.message.make_query(f"{kind}-{number}.example", "A").to_wire() for number in numbers]


def ask_udp(box: Any, source: str, packets: Iterable[bytes]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((source, 0))
        sock.connect(("127.0.0.1", box.dns))
        sock.settimeout(30)
        for packet in packets:
            sock.send(packet)
            assert sock.recv(65_535)[:2] == packet[:2]


def ask_tcp(box: Any, source: str, packets: Iterable[bytes]) -> None:
    with (
        socket.create_connection(("127.0.0.1", box.dns), timeout=30, source_address=(source, 0)) as sock,
        sock.makefile("rb") as answers,
    ):
        for packet in packets:
            sock.sendall(struct.pack("!H", len(packet)) + packet)
            assert answers.read(struct.unpack("!H", answers.read(2))[0])[:2] == packet[:2]


def files_with(folder: Path, address: str) -> list[str]:
    """Files that hold an address, as people or as programs write it."""
    packed = ip_address(address).packed
    forms = (address.encode(), packed, packed[::-1])
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            found += [path.name for form in forms if form in data]
    return found


def test_only_the_number_of_those_who_walk_is_known(box: Any) -> None:
    ask_udp(box, VISITOR, queries("illegal", [7]) * 1_000)
    ask_udp(box, INFECTED, queries("security", range(40)))
    ask_udp(box, WALKER, queries("illegal", range(15)))
    ask_tcp(box, WALKER, queries("illegal", range(15, 30)))
    box.eventually(lambda: bool(box.metric(CLIENTS)), "the alarm")
    assert box.metric(CLIENTS) == 1
    assert box.metric("weir_secret_scanning_displaced") == 0
    status, ready = box.api("/readyz")
    assert (status, [line[:15] for line in json.loads(ready)["warnings"]]) == (200, ["1 clients walk "])
    box.eventually(lambda: len(json.loads(box.api(EVENTS, as_root=True)[1])["items"]) == 1, "the event")
    event = json.loads(box.api(EVENTS, as_root=True)[1])["items"][0]
    assert (event["subject"], event["detail"]["clients"]) == ("", 1)
    assert box.output.count("clients walk through secret lists") == 1
    for address in (WALKER, VISITOR, INFECTED):
        assert files_with(box.data, address) == []
        assert address not in box.output + json.dumps(event) + ready + box.api("/metrics")[1]
    assert files_with(box.folder, "127.0.0.17")  # the search can find


def test_switched_off_by_a_reload(box: Any) -> None:
    ask_udp(box, WALKER, queries("illegal", range(30)))
    box.eventually(lambda: box.metric(CLIENTS) == 1, "the alarm")
    box.config["telemetry"] = {"secret_scan_threshold": "off"}
    box.write_config()
    box.process.send_signal(signal.SIGHUP)
    box.eventually(lambda: box.metric(CLIENTS) == 0, "the end of the alarm")
