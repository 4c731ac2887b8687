"""BIND: the list as a response policy zone, one worker thread, everything forwarded."""

from __future__ import annotations

import subprocess

from deploy.bench.peers.zones import ZONE, write_rpz
from deploy.bench.server import Peer, Place, printed_version

CONFIGURATION = """
options {{
    directory "{folder}";
    pid-file none;
    session-keyfile none;
    listen-on port {port} {{ {address}; }};
    listen-on-v6 {{ none; }};
    recursion yes;
    allow-query {{ any; }};
    allow-recursion {{ any; }};
    dnssec-validation no;
    empty-zones-enable no;
    minimal-responses yes;
    max-cache-size 256m;
    forward only;
    forwarders {{ {upstream} port {upstream_port}; }};
    {policy}
}};
logging {{ category default {{ null; }}; }};
key control {{ algorithm hmac-sha256; secret "YmVuY2htYXJrIG9uIGxvb3BiYWNrIG9ubHk="; }};
controls {{ inet 127.0.0.1 port {control_port} allow {{ 127.0.0.1; }} keys {{ control; }}; }};
{zone}
"""
CONTROL = """
key control {{ algorithm hmac-sha256; secret "YmVuY2htYXJrIG9uIGxvb3BiYWNrIG9ubHk="; }};
options {{ default-key control; default-server 127.0.0.1; default-port {control_port}; }};
"""


def _prepare(place: Place) -> list[str]:
    policy = zone = ""
    if place.listed:
        policy = f'response-policy {{ zone "{ZONE}"; }} qname-wait-recurse no;'
        zone = f'zone "{ZONE}" {{ type primary; file "{write_rpz(place)}"; allow-query {{ none; }}; }};'
    values = {**vars(place), "policy": policy, "zone": zone}
    (place.folder / "named.conf").write_text(CONFIGURATION.format_map(values))
    (place.folder / "rndc.conf").write_text(CONTROL.format_map(values))
    return ["named", "-f", "-n", "1", "-c", str(place.folder / "named.conf")]


def _reload(place: Place, _: int, inside: tuple[str, ...]) -> None:
    command = [*inside, "rndc", "-c", str(place.folder / "rndc.conf"), "reload", ZONE]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


PEER = Peer("bind", "named", "RPZ", _prepare, printed_version("named", "-V"), _reload)
