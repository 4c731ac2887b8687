"""Two response policy zones in Weir and in BIND: the same zone files, the same upstream, the same questions.

What differs stands in DIFFERENCES with its reason; everything else must be the same: the rcode, the answer's records but
for their TTLs, silence, and the TC bit.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("named") is None, reason="no BIND here"),
]

HEAD = "$TTL 30\n@ SOA localhost. root.localhost. 1 3600 600 86400 30\n@ NS localhost.\n"
FIRST = """
nx.test CNAME .
*.nx.test CNAME .
nodata.test CNAME *.
pass.test CNAME rpz-passthru.
old.test CNAME old.test.
*.wild.test CNAME .
good.wild.test CNAME rpz-passthru.
deep.er.wild.test CNAME *.
drop.test CNAME rpz-drop.
tcp.test CNAME rpz-tcp-only.
local.test A 192.0.2.66
local.test A 192.0.2.67
local.test AAAA 2001:db8::66
local.test TXT "walled" "garden"
local.test MX 10 mail.local.test.
alias.test CNAME garden.test.
*.walled.test CNAME *.garden.test.
onto-nx.test CNAME nx.test.
target.test CNAME .
32.66.113.0.203.rpz-ip CNAME .
24.0.113.0.203.rpz-ip CNAME *.
32.5.113.0.203.rpz-ip CNAME rpz-passthru.
32.77.113.0.203.rpz-ip A 192.0.2.77
32.1.20.0.127.rpz-client-ip CNAME rpz-drop.
32.2.20.0.127.rpz-client-ip CNAME rpz-passthru.
32.3.20.0.127.rpz-client-ip CNAME garden.test.
24.0.20.0.127.rpz-client-ip CNAME *.
"""
SECOND = """
pass.test CNAME .
good.wild.test CNAME .
both.test CNAME *.
passed-target.test CNAME rpz-passthru.
second.test CNAME .
tcp.test CNAME .
leads.test CNAME rpz-passthru.
leads-ip.test CNAME rpz-passthru.
24.0.51.198.rpz-ip CNAME .
32.9.100.51.198.rpz-ip CNAME .
32.4.20.0.127.rpz-client-ip CNAME .
32.1.21.0.127.rpz-client-ip CNAME rpz-drop.
32.2.21.0.127.rpz-client-ip CNAME rpz-passthru.
"""
UPSTREAM = {
    "hop.test": ("CNAME", "target.test"),
    "leads.test": ("CNAME", "target.test"),
    "passed.test": ("CNAME", "passed-target.test"),
    "badip.test": ("A", "203.0.113.66"),
    "leads-ip.test": ("A", "203.0.113.66"),
    "netip.test": ("A", "203.0.113.9"),
    "passip.test": ("A", "203.0.113.5"),
    "ownip.test": ("A", "203.0.113.77"),
    "passed-target.test": ("A", "198.51.100.9"),
    "secondip.test": ("A", "198.51.100.9"),
}
"""What the upstream knows; any other name has the address 198.51.100.7."""

A_NAMES = (
    "free.test", "nx.test", "sub.nx.test", "nodata.test", "pass.test", "old.test", "wild.test", "a.wild.test",
    "good.wild.test", "x.good.wild.test", "deep.er.wild.test", "x.er.wild.test", "er.wild.test", "drop.test", "tcp.test",
    "local.test", "sub.local.test", "alias.test", "a.b.walled.test", "onto-nx.test", "hop.test", "leads.test", "passed.test",
    "badip.test", "netip.test", "passip.test", "ownip.test", "secondip.test", "both.test", "second.test",
)  # fmt: skip
CASES = [
    *((name, "A", "127.0.0.1") for name in A_NAMES),
    *(("local.test", rtype, "127.0.0.1") for rtype in ("AAAA", "TXT", "MX", "SRV")),
    ("NX.Test", "MX", "127.0.0.1"),
    ("hop.test", "AAAA", "127.0.0.1"),
    *(
        (name, "A", f"127.0.20.{last}")
        for last in (1, 2, 3, 4, 5)
        for name in ("free.test", "nx.test", "second.test")
    ),
    ("badip.test", "A", "127.0.20.2"),
    *((name, "A", f"127.0.21.{last}") for last in (1, 2) for name in ("free.test", "nx.test", "badip.test")),
    ("leads-ip.test", "A", "127.0.0.1"),
    (".".join(["y" * 58] * 4) + ".walled.test", "A", "127.0.0.1"),
]

WILDCARD = (
    "In the DNS a deeper name ends a wildcard (RFC 4592 section 3.3.1), so adding one rule unblocks names that it does not "
    "name. In Weir, as in PowerDNS, the nearest trigger at or above a name speaks."
)
CHAIN = "BIND gives the aliases up to the rewritten target; Weir gives the blocked answer of the name that was asked."
STAGE = (
    "BIND puts the zones' order before the kind of trigger, and waits for the upstream's answer where an earlier zone has "
    "triggers on addresses. In Weir the earliest stage wins, as in PowerDNS: what is decided needs no upstream."
)
DIFFERENCES: dict[tuple[str, str, str], str] = {
    ("x.good.wild.test", "A", "127.0.0.1"): WILDCARD,
    ("x.er.wild.test", "A", "127.0.0.1"): WILDCARD,
    ("er.wild.test", "A", "127.0.0.1"): WILDCARD,
    ("hop.test", "A", "127.0.0.1"): CHAIN,
    ("hop.test", "AAAA", "127.0.0.1"): CHAIN,
    ("nx.test", "A", "127.0.21.1"): STAGE,
    ("badip.test", "A", "127.0.21.1"): STAGE,
    ("nx.test", "A", "127.0.21.2"): STAGE,
    ("badip.test", "A", "127.0.21.2"): STAGE,
    ("leads-ip.test", "A", "127.0.0.1"): STAGE,
}
"""(name, type, client) → why Weir answers otherwise on purpose."""


class Upstream:
    """A loopback name server for the names above."""

    def __init__(self) -> None:
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self.port = int(self._sock.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            packet, peer = self._sock.recvfrom(4096)
            if packet == b"stop":
                return
            self._sock.sendto(answer_of(dns.message.from_wire(packet)), peer)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"stop", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._sock.close()


def answer_of(query: dns.message.Message) -> bytes:
    question = query.question[0]
    answer = dns.message.make_response(query, recursion_available=True)
    name = question.name
    kind, value = UPSTREAM.get(name.to_text().lower().rstrip("."), ("A", "198.51.100.7"))
    while kind == "CNAME":
        answer.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", f"{value}."))
        name = dns.name.from_text(value)
        kind, value = UPSTREAM.get(value, ("A", "198.51.100.7"))
    if question.rdtype == dns.rdatatype.A:
        answer.answer.append(dns.rrset.from_text(name, 60, "IN", "A", value))
    return answer.to_wire()


BIND = """
options {{
    directory "{folder}"; pid-file none; session-keyfile none;
    listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion yes; allow-query {{ any; }}; allow-recursion {{ any; }};
    dnssec-validation no; empty-zones-enable no; minimal-responses yes;
    forward only; forwarders {{ 127.0.0.1 port {upstream}; }};
    response-policy {{ zone "first.rpz"; zone "second.rpz"; }} qname-wait-recurse no;
}};
controls {{ }};
logging {{ category default {{ null; }}; }};
zone "first.rpz" {{ type primary; file "{folder}/first.zone"; }};
zone "second.rpz" {{ type primary; file "{folder}/second.zone"; }};
"""

Seen = tuple[str, tuple[str, ...]]


def seen(port: int, case: tuple[str, str, str], *, tcp: bool = False) -> Seen:
    """What a client sees: rcode (or silence, or TC) and records without TTLs."""
    name, rtype, client = case
    query = dns.message.make_query(name, rtype)
    ask = dns.query.tcp if tcp else dns.query.udp
    try:
        answer = ask(query, "127.0.0.1", timeout=0.7, port=port, source=client)
    except dns.exception.Timeout:
        return "silence", ()
    if answer.flags & dns.flags.TC:
        return "TC", ()
    records = {
        f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} {rdata}".lower()
        for rrset in answer.answer
        for rdata in rrset
    }
    return dns.rcode.to_text(answer.rcode()), tuple(sorted(records))


@pytest.fixture(scope="module")
def upstream_of_both() -> Iterator[Upstream]:
    made = Upstream()
    yield made
    made.close()


@pytest.fixture(scope="module")
def zones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both zones."""
    folder = tmp_path_factory.mktemp("zones")
    for name, text in (("first", FIRST), ("second", SECOND)):
        (folder / f"{name}.zone").write_text(HEAD + text)
    return folder


@pytest.fixture(scope="module")
def bind(zones: Path, upstream_of_both: Upstream, free_port: Callable[[], int]) -> Iterator[int]:
    """The port of a BIND with both zones."""
    port = free_port()
    configuration = zones / "named.conf"
    configuration.write_text(BIND.format(folder=zones, port=port, upstream=upstream_of_both.port))
    process = subprocess.Popen(
        ["named", "-f", "-n", "1", "-c", str(configuration)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(60):
            if seen(port, ("ready.test", "A", "127.0.0.1"))[0] == "NOERROR":
                break
        else:
            raise AssertionError("named does not answer")
        yield port
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def weir(
    zones: Path,
    upstream_of_both: Upstream,
    shared_small_config: Callable[..., Any],
    make_shared_appliance: Callable[..., Any],
) -> Any:
    """An appliance with both zones."""
    config = shared_small_config([f"127.0.0.1:{upstream_of_both.port}"])
    config["lists"] += [
        {
            "id": name,
            "url": f"file:{zones / name}.zone",
            "format": "rpz",
            "kind": "security",
            "log_policy": policy,
        }
        for name, policy in (("first", "names"), ("second", "counts"))
    ]
    config["resolver"]["allow_from"] = ["127.0.0.0/8"]
    appliance = make_shared_appliance(config)
    appliance.start()
    return appliance


def test_weir_answers_as_bind_does(weir: Any, bind: int) -> None:
    found = {}
    for case in CASES:
        ours, theirs = seen(weir.dns, case), seen(bind, case)
        if ours != theirs:
            found[case] = (ours, theirs)
    assert set(found) == set(DIFFERENCES), "\n".join(
        f"{case}: weir {ours}, bind {theirs}" for case, (ours, theirs) in found.items()
    )


def test_over_tcp_weir_answers_as_bind_does(weir: Any, bind: int) -> None:
    for name in ("tcp.test", "free.test", "nx.test"):
        case = (name, "A", "127.0.0.1")
        assert seen(weir.dns, case, tcp=True) == seen(bind, case, tcp=True), case


def test_hits_are_told_with_names_only_where_the_list_logs_them(weir: Any) -> None:
    for _ in range(12):
        seen(weir.dns, ("nx.test", "A", "127.0.0.1"))
        seen(weir.dns, ("second.test", "A", "127.0.0.1"))
    first, second = weir.weir("lists", "hits", "first"), weir.weir("lists", "hits", "second")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "nxdomain" in first.stdout
    assert "nx.test" in first.stdout
    assert "nxdomain" in second.stdout
    assert "second.test" not in second.stdout
    assert "127.0.0.1" not in first.stdout
    assert weir.weir("lists", "hits", "none-such").returncode == 2
    assert weir.metric("weir_list_hits_total") >= 24
    checked = weir.weir("check", "pass.test")
    assert "PASSTHRU" in checked.stdout
    assert "silent" in checked.stdout
