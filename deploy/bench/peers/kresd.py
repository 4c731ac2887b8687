"""Knot Resolver: the list as a response policy zone, one process, stub policy to the upstream."""

from __future__ import annotations

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
# It watches the file: a new one is taken over without being told.
RULES = 'policy.add(policy.rpz(policy.DENY, "{file}", true))'


def _prepare(place: Place) -> list[str]:
    rules = RULES.format(file=write_rpz(place)) if place.listed else ""
    (place.folder / "kresd.conf").write_text(CONFIGURATION.format_map({**vars(place), "rules": rules}))
    return ["kresd", "-n", "-q", "-c", str(place.folder / "kresd.conf"), str(place.folder)]


def _reload(place: Place, _: int, __: tuple[str, ...]) -> None:
    write_rpz(place)


PEER = Peer("kresd", "kresd", "RPZ", _prepare, printed_version("kresd", "--version"), _reload)
