"""IP addresses and prefixes: the forms that lists and browsers use, and the one form that Weir keeps."""

from __future__ import annotations

import ipaddress
import re

from blocklists.canonical.errors import CanonicalError
from blocklists.model import SkipReason

_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+", re.ASCII)
_MAX_TEXT = 64
"""Longer than any IPv6 prefix with embedded IPv4; keeps hostile text away from the parsers."""


def address(text: str) -> str:
    """The shortest form of an address (``192.0.2.1``) or prefix (``192.0.2.0/24``, ``2001:db8::/32``).

    A prefix as long as the address is the address. CanonicalError (bad-name) for anything else: host bits below the
    prefix, a zone id, WHATWG's numeric forms.
    """
    if len(text) > _MAX_TEXT or "%" in text:
        raise CanonicalError(SkipReason.BAD_NAME)
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise CanonicalError(SkipReason.BAD_NAME) from None
    return str(network.network_address if network.prefixlen == network.max_prefixlen else network)


def is_ipv4_like(name: str) -> bool:
    """True if the last label is a number, so that a browser reads the whole as IPv4 or refuses it (WHATWG URL)."""
    last = name.removesuffix(".").rpartition(".")[2]
    return _NUMBER.fullmatch(last) is not None


def parse_ipv4(text: str) -> str | None:
    """Dotted decimal of any IPv4 form that WHATWG accepts (dword, octal, hexadecimal, fewer parts); else None."""
    parts = text.removesuffix(".").split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    if max(map(len, parts)) > _MAX_TEXT:
        return None
    numbers = [_number(part) for part in parts]
    if None in numbers:
        return None
    *heads, last = [number for number in numbers if number is not None]
    if any(head > 0xFF for head in heads) or last >= 1 << 8 * (4 - len(heads)):
        return None
    value = last + sum(head << 8 * (3 - place) for place, head in enumerate(heads))
    return str(ipaddress.IPv4Address(value))


def _number(part: str) -> int | None:
    if part[:2] in {"0x", "0X"}:
        return int(part[2:] or "0", 16)
    if len(part) > 1 and part[0] == "0":
        return int(part, 8) if part.strip("01234567") == "" else None
    return int(part)
