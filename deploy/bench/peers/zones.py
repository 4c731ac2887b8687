"""The list as a response policy zone, as Recursor, Unbound, Knot Resolver and BIND read it."""

from __future__ import annotations

from pathlib import Path

from deploy.bench.server import Place
from deploy.bench.workload import BLOCKED_ADDRESS

ZONE = "block.rpz"
HEAD = "$TTL 30\n@ SOA localhost. root.localhost. {serial} 3600 600 86400 30\n@ NS localhost.\n"


def write_rpz(place: Place, *, origin: bool = False) -> Path:
    """Each name and everything beneath it; ``origin`` names the zone in the file."""
    path = place.folder / "block.zone"
    serial = (
        1 + int(path.read_text().split()[path.read_text().split().index("SOA") + 3]) if path.exists() else 1
    )
    temporary = path.with_suffix(".new")
    with temporary.open("w") as zone:
        zone.write(f"$ORIGIN {ZONE}.\n" if origin else "")
        zone.write(HEAD.format(serial=serial))
        for name in place.names():
            zone.write(f"{name} A {BLOCKED_ADDRESS}\n*.{name} A {BLOCKED_ADDRESS}\n")
    temporary.replace(path)
    return path
