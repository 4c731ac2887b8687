"""Names that a resolver answers by itself, because the world outside must not or cannot.

Each row names its rule. ``localhost`` is an address, everything else here is a plain "no".
"""

from __future__ import annotations

from dataclasses import dataclass

from resolver.answer.message import Rcode


@dataclass(frozen=True, slots=True)
class Special:
    """How a special name is answered: with these addresses, or with the response code and no data."""

    rcode: Rcode
    ipv4: bytes = b""
    ipv6: bytes = b""


_LOCALHOST = Special(Rcode.NOERROR, bytes([127, 0, 0, 1]), bytes(15) + b"\x01")
_NXDOMAIN = Special(Rcode.NXDOMAIN)
_NODATA = Special(Rcode.NOERROR)

_WITH_ALL_BELOW: dict[bytes, Special] = {
    b"\x09localhost\x00": _LOCALHOST,  # RFC 6761 section 6.3
    b"\x07invalid\x00": _NXDOMAIN,  # RFC 6761 section 6.4
    b"\x05onion\x00": _NXDOMAIN,  # RFC 7686 section 2: asking the DNS would betray the person
    b"\x05local\x00": _NXDOMAIN,  # RFC 6762 section 22.1
    # RFC 9462 section 6.4: forwarding this would let the upstream take the client past the filter.
    b"\x08resolver\x04arpa\x00": _NODATA,
}

_ENDINGS = tuple(_WITH_ALL_BELOW)


def special(name: bytes) -> Special | None:
    """The special name at or above ``name`` (lower-case wire form), if any."""
    if not name.endswith(_ENDINGS):  # one C call settles nearly every name
        return None
    position = 0
    while name[position] != 0:
        found = _WITH_ALL_BELOW.get(name[position:])
        if found is not None:
            return found
        position += name[position] + 1
    return None
