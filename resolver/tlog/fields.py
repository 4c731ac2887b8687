"""What may stand under the keys of leaves and manifests: one small check for each kind of value. Nothing about which key.

A check takes a JSON value and raises FormatError in words that name no value: what was refused may be a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from resolver.tlog.canonical import INTEGERS_BELOW, FormatError, Json

Check = Callable[[Json], None]

ZERO_HASH = "0" * 64
"""In place of a manifest's hash: there was no state yet."""

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)
"""As in the configuration (``admin.config.fields.IDENTIFIER``): lists, profiles, categories, nodes."""
_WORD = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])", re.ASCII)
_ACTOR = re.compile(r"a:[0-9a-f]{8,16}", re.ASCII)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Also halves of surrogate pairs, which have no UTF-8."""
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?", re.ASCII)


def matching(pattern: re.Pattern[str], what: str) -> Check:
    """A text of this form."""

    def check(value: Json) -> None:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            raise FormatError(f"is not {what}")

    return check


def text(most: int) -> Check:
    """Text of 1 to ``most`` characters on one line."""

    def check(value: Json) -> None:
        if not isinstance(value, str) or not 0 < len(value) <= most or _CONTROL.search(value):
            raise FormatError(f"is not 1 to {most} characters on one line without control characters")

    return check


def lines(most: int) -> Check:
    """Text of 1 to ``most`` characters on lines that all end with a newline: a signed note."""

    def check(value: Json) -> None:
        if not isinstance(value, str) or not 0 < len(value) <= most or not value.endswith("\n"):
            raise FormatError(f"is not text of at most {most} characters that ends with a newline")
        if _CONTROL.search(value.replace("\n", "")):
            raise FormatError("has control characters")

    return check


def one_of(words: Collection[str]) -> Check:
    """One of these words."""

    def check(value: Json) -> None:
        if not isinstance(value, str) or value not in words:
            raise FormatError(f"is none of {', '.join(sorted(words))}")

    return check


def counter(value: Json) -> None:
    """A count, size, index or time in POSIX seconds: 0 or more."""
    if type(value) is not int or not 0 <= value < INTEGERS_BELOW:
        raise FormatError("is not a whole number from 0 below 2**53")


def rows(check_item: Check, most: int, *, distinct: bool = True) -> Check:
    """An array of up to ``most`` items, none of them twice if they are to be ``distinct``."""

    def check(value: Json) -> None:
        if not isinstance(value, list) or len(value) > most:
            raise FormatError(f"is not an array of at most {most} items")
        for item in value:
            check_item(item)
        if distinct and len(set(value)) != len(value):
            raise FormatError("has an item twice")

    return check


def table(check_key: Check, check_item: Check, most: int) -> Check:
    """An object of up to ``most`` keys, all of one kind."""

    def check(value: Json) -> None:
        for key, item in members(value, most):
            check_key(key)
            check_item(item)

    return check


def record(required: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    """An object with these keys and no others. What is wrong is said with the key."""
    known = required | (optional or {})

    def check(value: Json) -> None:
        if not isinstance(value, dict) or len(value) > len(known):
            raise FormatError(_no_object(len(known)))
        for key in required:
            if key not in value:
                raise FormatError(f"lacks {key!r}")
        if not value.keys() <= known.keys():
            raise FormatError("has a key that is not known")
        all_named(known, value)

    return check


def maybe(check_item: Check) -> Check:
    """Null, or what ``check_item`` takes."""

    def check(value: Json) -> None:
        if value is not None:
            check_item(value)

    return check


def named(key: str, check: Check, value: Json) -> None:
    """Check a value; what is wrong is said with its key."""
    try:
        check(value)
    except FormatError as error:
        raise FormatError(f"{key!r}: {error}") from error


def all_named(checks: Mapping[str, Check], found: Mapping[str, Json]) -> None:
    """Check all values that a check is known for, as ``named`` does one."""
    for key, value in found.items():
        check = checks.get(key)
        if check is not None:
            try:
                check(value)
            except FormatError as error:
                raise FormatError(f"{key!r}: {error}") from error


def members(value: Json, most: int) -> list[tuple[str, Json]]:
    """The keys and values of an object. FormatError: it is none, or has more than ``most``."""
    if not isinstance(value, dict) or len(value) > most:
        raise FormatError(_no_object(most))
    return list(value.items())


def _no_object(most: int) -> str:
    return f"is not an object of at most {most} keys"


hash_hex = matching(_HASH, "a hash: 64 lower-case hexadecimal digits")
identifier = matching(
    _IDENTIFIER, "an identifier of at most 63 letters, digits, dots, dashes and underscores"
)
word = matching(_WORD, "a lower-case word")
day = matching(_DAY, "a day, YYYY-MM-DD")
pseudonym = matching(_ACTOR, "a pseudonym: a: and 8 to 16 hexadecimal digits")
decimal = matching(_DECIMAL, "a decimal number in text")
