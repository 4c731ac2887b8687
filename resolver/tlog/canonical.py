"""The one spelling of JSON in the log: the subset on which plain sorting equals RFC 8785 (JCS).

Objects with ASCII keys in sorted order, no blanks, no floats, integers between -2**53 and 2**53 (both excluded), UTF-8
without lone surrogates. Any other spelling of the same value is an error: a leaf has one hash. What the keys mean is
decided elsewhere (``leaves``, ``manifests``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
"""What can be written. Objects come back as ``dict`` and arrays as ``list``."""

INTEGERS_BELOW = 2**53
"""RFC 8785 numbers are IEEE doubles; below this every integer is one (RFC 7493 section 2.2)."""
MAX_DEPTH = 16
"""Objects and arrays in one another; nothing of v:1 needs more than six."""


class FormatError(ValueError):
    """Bytes or a value that are not in the log's format. The message says what differs, never a secret."""


# One for all: making it anew costs as much as writing a leaf.
_WRITER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=dict
)


def encode(value: Json) -> bytes:
    """The canonical bytes of a value. FormatError: it has none."""
    _check(value, MAX_DEPTH)
    text = _WRITER.encode(value)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise FormatError("a text has half of a surrogate pair") from error


def decode(data: bytes) -> Json:
    """The value of canonical bytes. FormatError: they are not the canonical spelling of any value."""
    try:
        value: Json = json.loads(data.decode(), parse_float=_no_float, parse_constant=_no_float)
    except UnicodeDecodeError as error:
        raise FormatError(f"byte {error.start} is not UTF-8") from error
    except RecursionError as error:
        raise FormatError("objects or arrays are nested too deeply") from error
    except FormatError:
        raise
    except ValueError as error:
        raise FormatError(f"not JSON: {_without_quotation(error)}") from error
    if encode(value) != data:
        raise FormatError("not the canonical spelling of this JSON")
    return value


def _check(value: Json, depth: int) -> None:
    if value is None or isinstance(value, (str, bool)):
        return
    if isinstance(value, int):
        if not -INTEGERS_BELOW < value < INTEGERS_BELOW:
            raise FormatError("an integer is too large")
        return
    if depth == 0:
        raise FormatError("objects or arrays are nested too deeply")
    if type(value) is dict or isinstance(value, Mapping):
        _check_keys(value)
        for item in value.values():
            # Most are of these two, and a call for each is half of what a leaf costs.
            if type(item) is not str and not (type(item) is int and 0 <= item < INTEGERS_BELOW):
                _check(item, depth - 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item, depth - 1)
    else:
        raise FormatError(f"{type(value).__name__} cannot stand in the log")


def _check_keys(keys: Iterable[Any]) -> None:
    try:
        is_ascii = "".join(keys).isascii()
    except TypeError:  # one is no text
        is_ascii = False
    if not is_ascii:
        raise FormatError("a key is not ASCII text")


def _no_float(_text: str) -> NoReturn:
    raise FormatError("a number is not an integer")


def _without_quotation(error: ValueError) -> str:
    """What is wrong and where, without the text itself: it may be anything."""
    return (
        f"{error.msg} at character {error.pos}"
        if isinstance(error, json.JSONDecodeError)
        else "a number is too long"
    )
