"""Hosts whose pages no list can mean (requirement N4). Pure: who may not be touched is an argument."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from blocklists.canonical.addresses import is_ipv4_like
from blocklists.model import SkipReason


def refusal(host: str, suffixes: Collection[str], never: Collection[str]) -> SkipReason | None:
    """Why pages of this canonical host are refused; None if they are not.

    ``suffixes`` are public suffixes; ``never`` are names that stand with all below them for whoever must not be
    blocked: the operator's own, portals, authorities, helplines, connectivity probes.
    """
    if ":" in host or is_ipv4_like(host):
        address = ipaddress.ip_address(host)
        return None if address.is_global and not address.is_multicast else SkipReason.RESERVED
    if host in suffixes:
        return SkipReason.PUBLIC_SUFFIX
    if "." not in host:
        return SkipReason.SINGLE_LABEL
    parts = host.split(".")
    is_never = any(".".join(parts[start:]) in never for start in range(len(parts)))
    return SkipReason.NEVER if never and is_never else None
