"""dnsdist: a SuffixMatchNode filled from the list, a packet cache, one listener thread."""

from __future__ import annotations

from deploy.bench.server import Peer, Place, printed_version
from deploy.bench.workload import BLOCKED_ADDRESS

CONFIGURATION = """
setLocal("{address}:{port}")
newServer({{address="{upstream}:{upstream_port}", checkInterval=60, mustResolve=false}})
getPool(""):setCache(newPacketCache(200000))
local blocked = newSuffixMatchNode()
for line in io.lines("{folder}/names") do blocked:add(newDNSName(line)) end
addAction(SuffixMatchNodeRule(blocked), SpoofAction("{blocked}"))
"""


def _prepare(place: Place) -> list[str]:
    (place.folder / "names").write_text("".join(f"{name}.\n" for name in place.names()))
    (place.folder / "dnsdist.conf").write_text(
        CONFIGURATION.format_map({**vars(place), "blocked": BLOCKED_ADDRESS})
    )
    return ["dnsdist", "--supervised", "--disable-syslog", "-C", str(place.folder / "dnsdist.conf")]


# Its list is part of its configuration: it reads it when it starts, and never again.
PEER = Peer("dnsdist", "dnsdist", "SuffixMatchNode", _prepare, printed_version("dnsdist", "--version"))
