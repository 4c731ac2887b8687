"""A policy's names as the tables' file keeps them (``resolver.core``, tables_layout.h), and back. Pure.

One name after another: for rules a byte of kind, for a grant its end, then the wire name with a byte of length before
it; for rewrites name and target, each with a byte of length before it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping

from resolver.policy.model import Grant, Policy, Rule

_RULES = (
    Rule(allow=True, below=False),
    Rule(allow=True),
    Rule(allow=False, below=False),
    Rule(allow=False),
)
"""By kind."""
_KINDS = {rule: bytes([kind]) for kind, rule in enumerate(_RULES)}
_GRANT = len(_RULES)
_UNTIL = struct.Struct("<Q")
_MAX_UNTIL = 2**64 - 1


class TextError(ValueError):
    """The names in a file cannot be read: it is damaged."""


def rules_text(policy: Policy) -> bytes:
    """A policy's grants and rules, in their order; empty if it has none."""
    parts: list[bytes] = []
    for grant in policy.grants:
        parts += (bytes([_GRANT]), _UNTIL.pack(_milliseconds(grant.until)), _sized(grant.name))
    for name, rules in policy.rules.items():
        sized = _sized(name)
        for rule in rules:
            parts += (_KINDS[rule], sized)
    return b"".join(parts)


def read_rules(text: bytes) -> tuple[dict[bytes, tuple[Rule, ...]], tuple[Grant, ...]]:
    """Rules by name, and grants. TextError if the text is cut short or has unknown kinds."""
    rules: dict[bytes, tuple[Rule, ...]] = {}
    grants: list[Grant] = []
    position = 0
    while position < len(text):
        kind = text[position]
        position += 1
        if kind == _GRANT:
            until, position = _until(text, position)
            name, position = _name(text, position)
            grants.append(Grant(name, until / 1000))
        elif kind < _GRANT:
            name, position = _name(text, position)
            rules[name] = (*rules.get(name, ()), _RULES[kind])
        else:
            raise TextError(f"a rule of unknown kind {kind}")
    return rules, tuple(grants)


def rewrites_text(rewrites: Mapping[bytes, bytes]) -> bytes:
    """Names and their targets."""
    return b"".join(part for pair in rewrites.items() for part in map(_sized, pair))


def read_rewrites(text: bytes) -> dict[bytes, bytes]:
    """Targets by name. TextError if the text is cut short."""
    names = list(_names(text))
    if len(names) % 2:
        raise TextError("a rewrite without a target")
    return dict(zip(names[::2], names[1::2], strict=True))


def _milliseconds(seconds: float) -> int:
    """The first whole millisecond at which a grant that ends at ``seconds`` has ended; what binary fractions add is none."""
    return (
        min(max(math.ceil(round(seconds * 1000, 3)), 0), _MAX_UNTIL) if math.isfinite(seconds) else _MAX_UNTIL
    )


def _sized(name: bytes) -> bytes:
    return bytes([len(name)]) + name


def _names(text: bytes) -> Iterator[bytes]:
    position = 0
    while position < len(text):
        name, position = _name(text, position)
        yield name


def _name(text: bytes, position: int) -> tuple[bytes, int]:
    if position >= len(text) or position + 1 + text[position] > len(text):
        raise TextError("a name that is cut short")
    end = position + 1 + text[position]
    return text[position + 1 : end], end


def _until(text: bytes, position: int) -> tuple[int, int]:
    if position + _UNTIL.size > len(text):
        raise TextError("a grant that is cut short")
    return _UNTIL.unpack_from(text, position)[0], position + _UNTIL.size
