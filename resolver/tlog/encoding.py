"""Base64, hexadecimal, decimal and lines as the log's files have them: one spelling each, every other is refused."""

from __future__ import annotations

import base64
import binascii
import re

from resolver.tlog.canonical import FormatError

HASH_BYTES = 32
"""SHA-256."""
SIZES_BELOW = 2**53
"""Sizes and indices fit the log's own JSON; far below the 2**63 of tlog-tiles."""

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)
_NO_LINE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, of which signed-note names those below U+0020 alone, but a terminal obeys the others, too; and halves
of surrogate pairs, which have no UTF-8.
"""


def to_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str, size: int | None = None) -> bytes:
    """The bytes of standard base64, ``size`` of them. FormatError: another spelling (RFC 4648 section 3.5) or length."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise FormatError("not base64") from error
    if to_base64(data) != text:
        raise FormatError("not the one spelling of this base64")
    return _sized(data, size)


def from_hex(text: str, size: int | None = None) -> bytes:
    """The bytes of lower-case hexadecimal, ``size`` of them. FormatError: anything else."""
    if _HEX.fullmatch(text) is None:
        raise FormatError("not lower-case hexadecimal")
    return _sized(bytes.fromhex(text), size)


def from_decimal(text: str) -> int:
    """A size or an index: ASCII digits without a leading zero, below 2**53. FormatError: anything else."""
    if _DECIMAL.fullmatch(text) is None or (number := int(text)) >= SIZES_BELOW:
        raise FormatError("not a decimal number without leading zeroes below 2**53")
    return number


def is_line(text: str) -> bool:
    """Whether it is text that can stand on one line of a signed note; it may be empty."""
    return _NO_LINE.search(text) is None


def _sized(data: bytes, size: int | None) -> bytes:
    if size is not None and len(data) != size:
        raise FormatError(f"{len(data)} bytes, not {size}")
    return data
