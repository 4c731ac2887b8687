"""Many subscribers with own rules: as the part of Weir's configuration that declares them, and as the core's tables."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import dns.name

from resolver.core.native import TablesWriter
from resolver.policy.model import Policy, Rule
from resolver.tables.texts import rules_text

RULES = 10
RULES_BYTES = 512
"""Room enough for one subscriber's rules, and for their names."""
HAS_RULES = 4
"""The flag of resolver/core/src/tables.h."""


def own_names(number: int, word: str) -> list[str]:
    """Half of a subscriber's names: those for which ``word`` stands."""
    return [f"r{rule}.s{number}.{word}.example" for rule in range(RULES // 2)]


def subscriber_lines(count: int, base: str, own: str) -> Iterator[str]:
    """YAML for ``subscribers:``; number n has the address ``base`` + n, five names allowed and five denied.

    The first has ``own`` denied as well.
    """
    first = ipaddress.IPv4Address(base)
    yield "subscribers:\n"
    for number in range(count):
        allow, deny = (", ".join(own_names(number, word)) for word in ("allowed", "denied"))
        deny = f"{own}, {deny}" if number == 0 else deny
        yield (
            f"  - {{id: s{number}, profile: strict, addresses: [{first + number}], "
            f"allow: [{allow}], deny: [{deny}]}}\n"
        )


def rules_of(number: int) -> bytes:
    """The same names for the tables, those denied with all below them."""
    pairs = (("allowed", Rule(allow=True)), ("denied", Rule(allow=False)))
    rules = {_wire(name): (rule,) for word, rule in pairs for name in own_names(number, word)}
    return rules_text(Policy(number, rules=rules))


def write_subscribers(writer: TablesWriter, count: int, base: str, block: int) -> None:
    """Give ``count`` addresses from ``base`` on a policy each: its rules, and these categories blocked."""
    first = ipaddress.IPv4Address(base)
    for number in range(count):
        policy = writer.policy(block, 0, 0, HAS_RULES, writer.rules(rules_of(number)))
        writer.client((first + number).packed, 32, policy)


def _wire(name: str) -> bytes:
    return dns.name.from_text(name).to_digestable()
