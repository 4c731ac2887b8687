"""Lists by zone transfer on the running appliance, from foreign primaries: BIND and NSD on loopback ports."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

ZONE = "rpz.hotline.example"
KEY = base64.b64encode(b"a secret of thirty-two octets ok").decode()
OTHER_KEY = base64.b64encode(b"another secret of that same size").decode()
SOON = 2.0
"""Seconds from NOTIFY to enforcement."""
TRIES = 3
"""A busy machine only ever makes it slower, so the quickest of these shows what the appliance needs."""

NAMED = """\
options {{
  directory "{folder}"; pid-file none; session-keyfile none; lock-file none;
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; dnssec-validation no; notify-delay 0; notify-rate 100; startup-notify-rate 100;
}};
controls {{ }};
key weir {{ algorithm hmac-sha256; secret "{key}"; }};
zone "{zone}" {{
  type primary; file "{folder}/zone"; allow-update {{ key weir; }}; allow-transfer {{ key weir; }};
  notify explicit; also-notify {{ 127.0.0.1 port {notify} key weir; }};
}};
"""
NSD = """\
server:
  ip-address: 127.0.0.1@{port}
  username: ""
  zonesdir: "{folder}"
  database: ""
  zonelistfile: "{folder}/zones.list"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  pidfile: "{folder}/nsd.pid"
  verbosity: 2
remote-control:
  control-enable: no
key:
  name: weir
  algorithm: hmac-sha256
  secret: "{key}"
zone:
  name: {zone}
  zonefile: zone
  provide-xfr: 127.0.0.1 weir
  notify: 127.0.0.1@{notify} weir
  store-ixfr: yes
  create-ixfr: yes
"""


@dataclass
class Primary:
    """A name server in a folder, with the zone's names as the test wants them."""

    folder: Path
    port: int
    notify: int
    serial: int = 100
    names: dict[str, str] = field(default_factory=dict)
    """By owner, what is done about it: the target of its CNAME."""
    process: subprocess.Popen[bytes] | None = None

    command: ClassVar[tuple[str, ...]]
    template: ClassVar[str]

    def write(self) -> None:
        head = f"$TTL 60\n@ SOA ns.example. host.example. {self.serial} 3600 600 86400 60\n@ NS ns.example.\n"
        rules = "".join(f"{owner} CNAME {target}\n" for owner, target in self.names.items())
        (self.folder / "zone").write_text(head + rules)

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.write()
        words = {"folder": self.folder, "port": self.port, "notify": self.notify, "key": KEY, "zone": ZONE}
        (self.folder / "conf").write_text(self.template.format(**words))
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.command, "-c", str(self.folder / "conf")], stdout=log, stderr=log
            )
        end = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < end, self.log
            assert self.process.poll() is None, self.log

    def _answers(self) -> bool:
        with contextlib.suppress(OSError, dns.exception.DNSException):
            query = dns.message.make_query(ZONE, "SOA")
            return dns.query.udp(query, "127.0.0.1", timeout=0.2, port=self.port).rcode() == dns.rcode.NOERROR
        return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
            self.process = None

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


class Bind(Primary):
    """Changed by dynamic update (RFC 2136)."""

    command = ("named", "-g")
    template = NAMED

    def change(self, *, add: dict[str, str] | None = None, remove: tuple[str, ...] = ()) -> None:
        lines = [f"server 127.0.0.1 {self.port}", f"zone {ZONE}"]
        lines += [f"update add {owner}.{ZONE}. 60 CNAME {target}" for owner, target in (add or {}).items()]
        lines += [f"update delete {owner}.{ZONE}. CNAME" for owner in remove]
        text = "\n".join([*lines, "send", ""])
        subprocess.run(
            ["nsupdate", "-y", f"hmac-sha256:weir:{KEY}"], input=text.encode(), check=True, timeout=60
        )
        self.names = {owner: to for owner, to in self.names.items() if owner not in remove} | (add or {})
        self.serial += 1


class Nsd(Primary):
    """Changed by another zone file."""

    command = ("nsd", "-d")
    template = NSD

    def change(self, *, add: dict[str, str] | None = None, remove: tuple[str, ...] = ()) -> None:
        self.names = {owner: to for owner, to in self.names.items() if owner not in remove} | (add or {})
        self.serial += 1
        self.write()
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)


def _needs(*tools: str) -> None:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        reason = f"{', '.join(missing)} not installed: install Debian's bind9, bind9-dnsutils and nsd"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


class Box:
    """An appliance that follows one primary."""

    def __init__(self, appliance: Any, primary: Bind | Nsd) -> None:
        self.appliance, self.primary = appliance, primary

    def blocks(self, name: str) -> bool:
        return bool(self.appliance.dig(name).status == "NXDOMAIN")

    def wait_until(self, name: str, *, blocked: bool, seconds: float = 60.0) -> None:
        self.appliance.eventually(lambda: self.blocks(name) is blocked, f"{name} blocked: {blocked}", seconds)

    def sync(self) -> str:
        """Look for a new version now; what is said of it."""
        done = self.appliance.weir("lists", "sync", "hotline")
        return " ".join((done.stdout + done.stderr).split())


@pytest.fixture
def make_box(
    tmp_path: Path,
    make_appliance: Callable[..., Any],
    small_config: Callable[..., dict[str, Any]],
    upstream: Any,
    free_port: Callable[[], int],
) -> Iterator[Callable[..., Box]]:
    primaries: list[Primary] = []

    def build(kind: type[Bind | Nsd], key: str = KEY) -> Box:
        _needs(*(["named", "nsupdate"] if kind is Bind else ["nsd"]))
        notify = free_port()
        primary = kind(tmp_path / kind.__name__, free_port(), notify, names={"first.example": "."})
        primaries.append(primary)
        primary.start()
        (tmp_path / "tsig").write_text(key + "\n")
        config = small_config([f"127.0.0.1:{upstream.port}"])
        config["admin"]["notify"] = f"127.0.0.1:{notify}"
        config["lists"].append(
            {
                "id": "hotline",
                "format": "rpz",
                "kind": "security",
                "refresh": "1h",
                "transfer": {
                    "zone": ZONE,
                    "primaries": [f"127.0.0.1:{primary.port}"],
                    "tsig": {"name": "weir", "secret": str(tmp_path / "tsig")},
                },
            }
        )
        appliance = make_appliance(config)
        appliance.start()
        return Box(appliance, primary)

    yield build
    for primary in primaries:
        primary.stop()


@pytest.mark.parametrize("kind", [Bind, Nsd])
def test_a_change_is_enforced_soon_after_its_notify(
    make_box: Callable[..., Box], kind: type[Bind | Nsd]
) -> None:
    box = make_box(kind)
    box.wait_until("first.example", blocked=True)
    assert not box.blocks("second.example")
    added, removed = [], []
    for _ in range(TRIES):
        added.append(_seconds_until(box, "second.example", blocked=True, add={"second.example": "."}))
        box.appliance.eventually(lambda: box.appliance.metric("weir_notify_messages_total") > 0, "a count")
        assert box.blocks("first.example")
        removed.append(_seconds_until(box, "second.example", blocked=False, remove=("second.example",)))
        if max(min(added), min(removed)) < SOON:
            break
    print(f"{kind.__name__}: additions were enforced after {added} s, removals after {removed} s")
    assert max(min(added), min(removed)) < SOON, box.appliance.output


def _seconds_until(box: Box, name: str, *, blocked: bool, **change: Any) -> float:
    begun = time.monotonic()
    box.primary.change(**change)
    box.wait_until(name, blocked=blocked)
    return time.monotonic() - begun


def test_changes_come_as_changes(make_box: Callable[..., Box]) -> None:
    box = make_box(Bind)
    box.wait_until("first.example", blocked=True)
    assert "AXFR-style" not in box.primary.log
    assert box.primary.log.count("AXFR started: TSIG weir") == 1
    box.primary.change(add={"second.example": ".", "*.second.example": "*."}, remove=("first.example",))
    box.wait_until("second.example", blocked=True)
    assert not box.blocks("first.example")
    assert "IXFR started: TSIG weir" in box.primary.log
    assert box.primary.log.count("AXFR started") == 1


@pytest.mark.parametrize("kind", [Bind, Nsd])
def test_a_zone_that_is_replaced_as_a_whole_while_its_primary_was_dead(
    make_box: Callable[..., Box], kind: type[Bind | Nsd]
) -> None:
    box = make_box(kind)
    box.wait_until("first.example", blocked=True)
    box.primary.stop()
    assert "cannot be reached" in box.sync()
    assert box.blocks("first.example")  # the last good version serves
    for journal in box.primary.folder.glob("zone*.jnl"):
        journal.unlink()  # the steps between are lost: the primary answers with the whole zone
    for state in box.primary.folder.glob("*ixfr*"):
        state.unlink()
    box.primary.names, box.primary.serial = {f"new{number}.example": "." for number in range(20)}, 500
    box.primary.start()
    box.sync()
    box.wait_until("new19.example", blocked=True)
    assert not box.blocks("first.example")


def test_a_serial_that_goes_backwards_is_not_taken_and_said(make_box: Callable[..., Box]) -> None:
    box = make_box(Nsd)
    box.wait_until("first.example", blocked=True)
    box.primary.stop()
    box.primary.names, box.primary.serial = {"other.example": "."}, 50
    box.primary.start()
    assert "serial 50, which is older than 100 held here" in box.sync()
    assert box.blocks("first.example")
    assert not box.blocks("other.example")


@pytest.mark.parametrize("kind", [Bind, Nsd])
def test_a_wrong_key_gives_nothing_and_is_said(make_box: Callable[..., Box], kind: type[Bind | Nsd]) -> None:
    box = make_box(kind, OTHER_KEY)
    assert "BADSIG" in box.sync()
    assert not box.blocks("first.example")
    box.primary.change(add={"second.example": "."})  # its NOTIFY is signed with a key that is not ours
    box.appliance.eventually(
        lambda: "its signature is not good (BADSIG)" in box.appliance.output, "a refusal"
    )
    (box.appliance.folder.parent / "tsig").write_text(KEY)  # mended while Weir runs
    box.sync()
    box.wait_until("second.example", blocked=True)


def test_what_changed_while_weir_was_down_is_made_up_for(make_box: Callable[..., Box]) -> None:
    box = make_box(Bind)
    box.wait_until("first.example", blocked=True)
    box.appliance.stop()
    box.primary.change(add={"second.example": "."})
    box.appliance.start()
    box.wait_until("second.example", blocked=True)
    assert "IXFR started" in box.primary.log
