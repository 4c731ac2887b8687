"""Classes: every distinct set of tokens becomes masks, a stop flag, and the lists behind them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from blocklists.model import MAX_CLASSES, Scope
from blocklists.snapshot import native
from blocklists.snapshot.tokens import STOP, Token, TokenTable

Provenance = tuple[tuple[int, ...], tuple[int, ...]]
"""Numbers of the lists behind a class: at exactly the name, and below it."""

_RECORD = struct.Struct("<32s32sQ")
_STOP_FLAG = 1
_AT_NAME = {Scope.HOST, Scope.DOMAIN, Scope.ADDRESS}
_BELOW = {Scope.WILDCARD, Scope.DOMAIN, Scope.ADDRESS}


class CompileError(ValueError):
    """The lists cannot be compiled as they are; the message names the list or the numbers and what to do."""


@dataclass(frozen=True, slots=True)
class Class:
    """What look-ups get: bits for the name itself, bits for names below it; ``lists`` None = several, not kept."""

    exact: int
    below: int
    stop: bool = False
    lists: Provenance | None = ((), ())


NOTHING = Class(0, 0)
"""A set that says nothing (an exception without a block): its names are left out."""


@dataclass(frozen=True, slots=True)
class ClassTable:
    """Classes by id (id 0 is never used), and the class id of each token set (0 = left out)."""

    classes: tuple[Class, ...]
    class_of_set: tuple[int, ...]


def make_class(numbers: Sequence[int], tokens: TokenTable, mask_of: Callable[[Token], int]) -> Class:
    """The class of one token set. ``mask_of`` gives the bits that a token sets: none for what only takes back."""
    exact = below = 0
    exact_lists: set[int] = set()
    below_lists: set[int] = set()
    for token in tokens.tokens(numbers):
        mask = mask_of(token)
        if mask and token.scope in _AT_NAME:
            exact |= mask
            exact_lists.add(token.list)
        if mask and token.scope in _BELOW:
            below |= mask
            below_lists.add(token.list)
    return Class(exact, below, STOP in numbers, (tuple(sorted(exact_lists)), tuple(sorted(below_lists))))


def intern_classes(weighed: Sequence[tuple[Class, int]], limit: int = MAX_CLASSES) -> ClassTable:
    """Number the classes of all sets; ``weighed`` is (class, names that have it) by set id.

    When there are more than ``limit``, the rarest give up their lists and are merged with others of the same bits.
    CompileError when even that is not enough.
    """
    names: dict[Class, int] = {}
    for class_, count in weighed:
        if count and class_ != NOTHING:
            names[class_] = names.get(class_, 0) + count
    kept = _with_lists(names, limit)
    numbers: dict[Class, int] = {}
    for class_ in names:
        numbers.setdefault(class_ if class_ in kept else _without_lists(class_), len(numbers) + 1)
    if len(numbers) > limit:
        raise CompileError(
            f"the lists overlap in {len(numbers)} different ways; a snapshot holds {limit}. "
            "Merge lists or let lists share categories."
        )
    class_of_set = tuple(
        0 if not count or class_ == NOTHING else numbers[class_ if class_ in kept else _without_lists(class_)]
        for class_, count in weighed
    )
    return ClassTable((NOTHING, *numbers), class_of_set)


def _with_lists(names: dict[Class, int], limit: int) -> set[Class]:
    """The classes that may keep their lists: all, or the commonest while those and the merged ones fit."""
    kept = set(names)
    merged: set[Class] = set()
    for class_ in sorted(names, key=lambda class_: names[class_]):
        if len(kept) + len(merged) <= limit:
            break
        kept.remove(class_)
        merged.add(_without_lists(class_))
    return kept


def _without_lists(class_: Class) -> Class:
    return Class(class_.exact, class_.below, class_.stop, None)


def pack(classes: Sequence[Class]) -> bytes:
    """The class table of the file."""
    return b"".join(
        _RECORD.pack(
            class_.exact.to_bytes(32, "little"),
            class_.below.to_bytes(32, "little"),
            _STOP_FLAG if class_.stop else 0,
        )
        for class_ in classes
    )


def pack_changed(class_: Class) -> bytes:
    """A record of the file of changes: the class, and the lists behind it as far as their numbers fit."""
    record = pack([class_])
    half = native.CHANGED_CLASS_RECORD_BYTES - len(record) >> 1
    lists = class_.lists
    if lists is None or any(number >= native.CHANGED_CLASS_LISTS for numbers in lists for number in numbers):
        return record + bytes(2 * half)
    flags = int.from_bytes(record[-8:], "little") | native.FLAG_LISTS
    sets = b"".join(sum(1 << number for number in numbers).to_bytes(half, "little") for numbers in lists)
    return record[:-8] + flags.to_bytes(8, "little") + sets


def unpack_changed(record: bytes) -> Class:
    """The class that ``pack_changed`` was given."""
    exact, below, flags = _RECORD.unpack_from(record)
    half = len(record) - _RECORD.size >> 1
    lists: Provenance | None = None
    if flags & native.FLAG_LISTS:
        lists = _numbers(record[_RECORD.size : _RECORD.size + half]), _numbers(record[_RECORD.size + half :])
    stop = bool(flags & _STOP_FLAG)
    return Class(int.from_bytes(exact, "little"), int.from_bytes(below, "little"), stop, lists)


def _numbers(packed: bytes) -> tuple[int, ...]:
    bits = int.from_bytes(packed, "little")
    return tuple(number for number in range(bits.bit_length()) if bits >> number & 1)


def unpack(packed: bytes) -> list[tuple[int, int, bool]]:
    """(exact mask, below mask, stop) by class id."""
    return [
        (int.from_bytes(exact, "little"), int.from_bytes(below, "little"), bool(flags & _STOP_FLAG))
        for exact, below, flags in _RECORD.iter_unpack(packed)
    ]
