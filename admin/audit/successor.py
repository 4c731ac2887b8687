"""What the end of a log says of the one that follows: its name, and the key that signs it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resolver.tlog.leaf_types import LeafType
from resolver.tlog.leaves import decode


@dataclass(frozen=True, slots=True)
class Successor:
    """Empty text: the end does not say."""

    origin: str = ""
    vkey: str = ""


def successor(leaves: Sequence[bytes]) -> Successor:
    """Out of the last two leaves of a log that was closed. FormatError: one of them is none."""
    *before, last = [decode(leaf) for leaf in leaves]
    origin, vkey = str(last.facts.get("next", "")), ""
    if before and before[-1].type == LeafType.LOG_NEXT and before[-1].facts["origin"] == origin:
        vkey = str(before[-1].facts["vkey"])
    return Successor(origin, vkey)
