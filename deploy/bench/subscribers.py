"""Many subscribers with own rules, as the part of Weir's configuration that declares them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

RULES = 10


def subscriber_lines(count: int, base: str) -> Iterator[str]:
    """YAML for ``subscribers:``; number n has the address ``base`` + n, five names allowed and five denied."""
    first = ipaddress.IPv4Address(base)
    yield "subscribers:\n"
    for number in range(count):
        allow, deny = (
            ", ".join(f"r{rule}.s{number}.{word}.example" for rule in range(RULES // 2))
            for word in ("allowed", "denied")
        )
        yield (
            f"  - {{id: s{number}, profile: strict, addresses: [{first + number}], "
            f"allow: [{allow}], deny: [{deny}]}}\n"
        )
