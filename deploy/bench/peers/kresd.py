"""Knot Resolver: the list as a response policy zone, one process, stub policy to the upstream."""

from __future__ import annotations

from pathlib import Path

from deploy.bench.peers.zones import write_rpz
from deploy.bench.server import Peer, Place, printed_version

CONFIGURATION = """
net.listen("{address}", {port}, {{ kind = "dns" }})
modules.unload("ta_signal_query")
modules.unload("ta_update")
modules.unload("priming")
modules.unload("detect_time_skew")
trust_anchors.remove(".")
cache.size = 256 * MB
{rules}
policy.add(policy.all(policy.STUB("{upstream}@{upstream_port}")))
"""
RULES = 'policy.add(policy.rpz(policy.DENY, "{file}", {watch}))'
# It watches the file, and takes a new one over without being told, where Debian's lua-cqueues is installed.
CAN_WATCH = Path("/usr/share/lua/5.1/cqueues.lua").exists()


def _prepare(place: Place) -> list[str]:
    rules = RULES.format(file=write_rpz(place), watch=str(CAN_WATCH).lower()) if place.listed else ""
    (place.folder / "kresd.conf").write_text(CONFIGURATION.format_map({**vars(place), "rules": rules}))
    return ["kresd", "-n", "-q", "-c", str(place.folder / "kresd.conf"), str(place.folder)]


def _reload(place: Place, _: int, __: tuple[str, ...]) -> None:
    write_rpz(place)


PEER = Peer(
    "kresd", "kresd", "RPZ", _prepare, printed_version("kresd", "--version"), _reload if CAN_WATCH else None
)
