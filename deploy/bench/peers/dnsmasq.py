"""dnsmasq: one address line per listed name; its cache is as large as it allows."""

from __future__ import annotations

from deploy.bench.server import Peer, Place, printed_version
from deploy.bench.workload import BLOCKED_ADDRESS

CONFIGURATION = """
no-daemon
keep-in-foreground
no-resolv
no-hosts
bind-interfaces
listen-address={address}
port={port}
user=root
pid-file=
cache-size=10000
dns-forward-max=10000
server={upstream}#{upstream_port}
conf-file={folder}/addresses.conf
"""


def _addresses(place: Place) -> None:
    with (place.folder / "addresses.conf").open("w") as lines:
        for name in place.names():
            lines.write(f"address=/{name}/{BLOCKED_ADDRESS}\n")


def _prepare(place: Place) -> list[str]:
    _addresses(place)
    (place.folder / "dnsmasq.conf").write_text(CONFIGURATION.format_map(vars(place)))
    return ["dnsmasq", "-C", str(place.folder / "dnsmasq.conf")]


# Address lines are part of its configuration: it reads them when it starts, and never again.
PEER = Peer("dnsmasq", "dnsmasq", "address=/…/", _prepare, printed_version("dnsmasq", "--version"))
