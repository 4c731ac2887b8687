"""Many subscribers with own rules, as the part of Weir's configuration that declares them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

RULES = 10


def subscriber_lines(count: int, base: str, own: str) -> Iterator[str]:
    """YAML for ``subscribers:``; number n has the address ``base`` + n, five names allowed and five denied.

    The first has ``own`` denied as well.
    """
    first = ipaddress.IPv4Address(base)
    yield "subscribers:\n"
    for number in range(count):
        allow, deny = (
            ", ".join(f"r{rule}.s{number}.{word}.example" for rule in range(RULES // 2))
            for word in ("allowed", "denied")
        )
        deny = f"{own}, {deny}" if number == 0 else deny
        yield (
            f"  - {{id: s{number}, profile: strict, addresses: [{first + number}], "
            f"allow: [{allow}], deny: [{deny}]}}\n"
        )
