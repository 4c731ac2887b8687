"""On a real network: privileged ports, IPv4 and IPv6, several addresses, subscribers by prefix, crafted packets.

Two network namespaces joined by a cable stand for the appliance's box and a subscriber's.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
]

BOX, HOME = f"weir-box-{os.getpid()}", f"weir-home-{os.getpid()}"
BOX_ADDRESSES = ("192.0.2.53", "192.0.2.54", "2001:db8::53")
HOME_ADDRESSES = ("192.0.2.10", "192.0.2.200", "192.0.2.201", "2001:db8::10", "2001:db8:0:1::10")


def _inside(namespace: str, *command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    entering = ["nsenter", f"--net=/var/run/netns/{namespace}", *command]
    return subprocess.run(entering, capture_output=True, text=True, timeout=150, check=False, **options)


@pytest.fixture(scope="module")
def cable() -> Iterator[None]:
    """The two namespaces, with addresses."""
    pyroute2 = pytest.importorskip("pyroute2")
    with contextlib.ExitStack() as stack:
        for name in (BOX, HOME):
            try:
                pyroute2.netns.create(name)
            except OSError as error:
                pytest.skip(f"this machine makes no network namespaces: {error}")
            stack.callback(pyroute2.netns.remove, name)
        box, home = (stack.enter_context(pyroute2.NetNS(name)) for name in (BOX, HOME))
        box.link("add", ifname="eth0", kind="veth", peer={"ifname": "eth0", "net_ns_fd": HOME})
        for space, addresses in ((box, BOX_ADDRESSES), (home, HOME_ADDRESSES)):
            for link in ("lo", "eth0"):
                space.link("set", index=space.link_lookup(ifname=link)[0], state="up")
            for address in addresses:
                space.addr(
                    "add",
                    index=space.link_lookup(ifname="eth0")[0],
                    address=address,
                    prefixlen=56 if ":" in address else 24,
                    flags=0x02,  # IFA_F_NODAD: usable at once
                )
        yield


@pytest.fixture(scope="module")
def box(cable: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The appliance in its namespace, on the wildcard addresses and port 53."""
    folder = tmp_path_factory.mktemp("box")
    (folder / "names.txt").write_text("bets.example\n")
    (folder / "zone").write_text(
        "@ 60 IN SOA localhost. root.localhost. 1 1 1 1 1\n@ 60 IN NS localhost.\nfree 60 IN A 198.51.100.1\n"
        + "".join(f'big 60 IN TXT "{number:03} {"x" * 200}"\n' for number in range(20))
    )
    config = {
        "data_dir": "var",
        "resolver": {
            "listen": ["0.0.0.0:53", "[::]:53"],
            "workers": 2,
            "upstreams": ["192.0.2.99"],
            "allow_from": ["192.0.2.0/25", "2001:db8::/64"],
            "zones": [{"name": "zone.test", "file": "zone"}],
        },
        "gateway": {"answer": {"ipv4": "192.0.2.54", "ipv6": "2001:db8::53"}, "listen": ["192.0.2.54:80"]},
        "admin": {"listen": "127.0.0.1:8000"},
        "lists": [
            {
                "id": "bets",
                "url": "file:names.txt",
                "format": "domains",
                "kind": "category",
                "categories": ["gambling"],
            }
        ],
        "profiles": {"strict": {"block": ["gambling"]}, "open": {"block": []}},
        "default_profile": "open",
        "subscribers": [
            {"id": "home", "profile": "strict", "addresses": ["192.0.2.200/32", "2001:db8:0:1::/64"]}
        ],
    }
    (folder / "weir.yaml").write_text(yaml.safe_dump(config))
    command = [str(Path(sys.executable).parent / "weir"), "serve", "-c", str(folder / "weir.yaml")]
    process = subprocess.Popen(
        ["nsenter", f"--net=/var/run/netns/{BOX}", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: list[str] = []
    ready = threading.Event()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if line == "weir: ready\n":
                ready.set()
        ready.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert ready.wait(30), "".join(lines)
    assert process.poll() is None, "".join(lines)
    yield folder
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0, "".join(lines)
    reader.join(5)
    if process.stdout is not None:
        process.stdout.close()
    assert "Traceback" not in "".join(lines)


def _dig(server: str, source: str, name: str, *extra: str) -> str:
    return _inside(
        HOME, "kdig", f"@{server}", "-b", source, "+edns", "+timeout=3", "+retry=0", *extra, name
    ).stdout


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize("server", BOX_ADDRESSES)
def test_every_address_answers_for_itself(box: Path, server: str, transport: str) -> None:
    source = "2001:db8::10" if ":" in server else "192.0.2.10"
    text = _dig(server, source, "free.zone.test", transport)
    assert "198.51.100.1" in text
    assert f"From {server}@53" in text


@pytest.mark.parametrize(
    ("server", "source", "expected"),
    [
        ("192.0.2.53", "192.0.2.200", "EDE: 17"),
        ("2001:db8::53", "2001:db8:0:1::10", "EDE: 17"),
        ("192.0.2.53", "192.0.2.10", "EDE: 22"),
        ("2001:db8::53", "2001:db8::10", "EDE: 22"),
    ],
)
def test_a_subscriber_is_known_by_prefix(box: Path, server: str, source: str, expected: str) -> None:
    assert re.search(expected.replace("22", "2[23]"), _dig(server, source, "bets.example", "+timeout=8"))


def test_whoever_is_not_served_is_refused_and_told_so(box: Path) -> None:
    text = _dig("192.0.2.53", "192.0.2.201", "free.zone.test")
    assert "REFUSED" in text
    assert "EDE: 18" in text


def test_a_large_answer_is_cut_for_udp_and_whole_after_the_retry(box: Path) -> None:
    cut = _dig("2001:db8::53", "2001:db8::10", "big.zone.test", "-t", "TXT", "+ignore", "+bufsize=4096")
    assert " tc " in cut
    whole = _dig("2001:db8::53", "2001:db8::10", "big.zone.test", "-t", "TXT", "+bufsize=4096")
    assert whole.count("xxxx") >= 20


def test_the_stop_page_answers_at_the_address_that_dns_gave(box: Path) -> None:
    page = _inside(
        HOME,
        "curl",
        "-si",
        "-m",
        "5",
        "--interface",
        "192.0.2.200",
        "-H",
        "Host: bets.example",
        "http://192.0.2.54/",
    )
    assert page.stdout.startswith("HTTP/1.1 403")


CRAFTED = """
import logging, random
logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.all import IP, UDP, DNS, DNSQR, DNSRROPT, Raw, conf, fragment, send, L3RawSocket
conf.verb = 0
conf.L3socket = L3RawSocket
random.seed(7)
query = DNS(id=1, rd=1, qd=DNSQR(qname="free.zone.test"), ar=DNSRROPT(rclass=4096))
to = lambda **ip: IP(src="192.0.2.10", dst="192.0.2.53", **ip)
packets = [
    to() / UDP(sport=0, dport=53) / query,                      # nobody can be answered at port 0
    to() / UDP(sport=4000, dport=53, len=9) / query,            # a length that lies
    to() / UDP(sport=4001, dport=53, chksum=1) / query,         # a wrong checksum
    IP(src="192.0.2.53", dst="192.0.2.53") / UDP(sport=53, dport=53) / query,  # from ourselves to ourselves
    to() / UDP(sport=4002, dport=53) / DNS(id=2, qr=1, qd=query.qd),           # an answer that nobody asked for
    to() / UDP(sport=4003, dport=53) / DNS(id=3, rd=1, qdcount=65535, qd=query.qd),
    *fragment(to() / UDP(sport=4004, dport=53) / query / Raw(b"x" * 3000), fragsize=600),
]
raw = bytes(query)
for number in range(400):
    damaged = bytearray(raw)
    for _ in range(random.randrange(1, 6)):
        damaged[random.randrange(len(damaged))] = random.randrange(256)
    packets.append(to() / UDP(sport=5000 + number, dport=53) / Raw(bytes(damaged[: random.randrange(1, len(raw) + 1)])))
send(packets)
print(len(packets))
"""


def test_crafted_packets_leave_it_serving(box: Path) -> None:
    sent = _inside(HOME, sys.executable, "-W", "ignore", "-c", CRAFTED)
    assert int(sent.stdout or 0) > 400, sent.stderr
    assert "198.51.100.1" in _dig("192.0.2.53", "192.0.2.10", "free.zone.test")
    ready = _inside(BOX, "curl", "-s", "http://127.0.0.1:8000/metrics").stdout
    malformed = re.search(r"^weir_resolver_malformed_total ([\d.]+)", ready, re.MULTILINE)
    assert malformed is not None
    assert float(malformed[1]) > 100
