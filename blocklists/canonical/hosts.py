"""Host names: one function from any spelling to A-labels in lower case.

ASCII names are taken literally, as a resolver sees them: underscores and hyphens at the edges of a label occur in
real names, and an ``xn--`` label is not checked. Anything else goes through UTS-46 exactly as browsers do it.
"""

from __future__ import annotations

import ipaddress
import re

import ada_url

from blocklists.canonical.addresses import is_ipv4_like, parse_ipv4
from blocklists.canonical.errors import CanonicalError
from blocklists.model import SkipReason

MAX_NAME = 253
"""Characters of a name without its last dot: 255 octets on the wire (RFC 1035 section 2.3.4)."""
MAX_LABEL = 63
_MAX_UNICODE = 4 * MAX_NAME
"""A Unicode name shrinks only by ignorable characters; more than this is an attack on UTS-46, not a name."""

_NAME = re.compile(rf"(?:[a-z0-9_-]{{1,{MAX_LABEL}}}\.)*[a-z0-9_-]{{1,{MAX_LABEL}}}", re.ASCII)


def host(text: str) -> str:
    """The canonical host: A-labels, lower case, no trailing dot, at least two labels.

    CanonicalError with the reason ip-address (IPv4 in any form, IPv6 with or without brackets), single-label or
    bad-name. Idempotent.
    """
    name = (text if text.isascii() else to_ascii(text)).lower().removesuffix(".")
    if len(name) > MAX_NAME or _NAME.fullmatch(name) is None:
        raise CanonicalError(SkipReason.ADDRESS if _is_ipv6(name) else SkipReason.BAD_NAME)
    if is_ipv4_like(name):
        raise CanonicalError(SkipReason.BAD_NAME if parse_ipv4(name) is None else SkipReason.ADDRESS)
    if "." not in name:
        raise CanonicalError(SkipReason.SINGLE_LABEL)
    return name


def to_ascii(text: str) -> str:
    """UTS-46 ToASCII (non-transitional) of a name; CanonicalError if it has none.

    The result may still hold characters or lengths that no host name has: ``host`` checks them.
    """
    if len(text) > _MAX_UNICODE or "\0" in text:  # the binding would cut the result at a NUL
        raise CanonicalError(SkipReason.BAD_NAME)
    try:
        ascii_name = ada_url.idna.encode(text).decode("ascii")
    except UnicodeError:
        raise CanonicalError(SkipReason.BAD_NAME) from None
    if not ascii_name:
        raise CanonicalError(SkipReason.BAD_NAME)
    return ascii_name


def _is_ipv6(text: str) -> bool:
    if ":" not in text or len(text) > MAX_NAME:
        return False
    try:
        ipaddress.IPv6Address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
