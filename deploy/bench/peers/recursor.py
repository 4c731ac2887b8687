"""PowerDNS Recursor: the list as a response policy zone, one thread, everything forwarded."""

from __future__ import annotations

import subprocess

from deploy.bench.peers.zones import ZONE, write_rpz
from deploy.bench.server import Peer, Place, printed_version

CONFIGURATION = """
local-address={address}
local-port={port}
threads=1
pdns-distributes-queries=no
dnssec=off
forward-zones-recurse=.={upstream}:{upstream_port}
dont-query=
allow-from=0.0.0.0/0
socket-dir={folder}
disable-syslog=yes
loglevel=3
quiet=yes
security-poll-suffix=
max-cache-entries=500000
max-packetcache-entries=500000
lua-config-file={folder}/rpz.lua
"""


def _prepare(place: Place) -> list[str]:
    rules = f'rpzFile("{write_rpz(place, origin=True)}", {{policyName="{ZONE}"}})\n' if place.listed else ""
    (place.folder / "rpz.lua").write_text(rules)
    (place.folder / "recursor.conf").write_text(CONFIGURATION.format_map(vars(place)))
    return ["pdns_recursor", f"--config-dir={place.folder}"]


def _reload(place: Place, _: int, inside: tuple[str, ...]) -> None:
    command = [*inside, "rec_control", "--timeout=300", f"--socket-dir={place.folder}", "reload-lua-config"]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


PEER = Peer(
    "recursor", "pdns_recursor", "RPZ", _prepare, printed_version("pdns_recursor", "--version"), _reload
)
