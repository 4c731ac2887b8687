"""Sorted lines as one block of bytes: changed where they lie, without taking a million lines apart. Pure.

Every line ends with LF, no line occurs twice, the order is that of the bytes.
"""

from __future__ import annotations

from collections.abc import Collection

from blocklists.sources.zone_faults import MismatchError


def edit_lines(
    text: bytes, start: int, *, head: bytes, removed: Collection[bytes], added: Collection[bytes]
) -> bytes:
    """The sorted lines of ``text``, which begin at the offset ``start``, with these changed and ``head`` before them.

    No line may be both removed and added. MismatchError unless every removed line is there and no added line is.
    """
    pieces, position = [head], start
    changes = [(line, True) for line in removed] + [(line, False) for line in added]
    for line, is_removed in sorted(changes):
        at = _find(text, line, start)
        ended = line + b"\n"
        if text.startswith(ended, at) is not is_removed:
            raise MismatchError
        pieces.append(text[position:at])
        position = at
        if is_removed:
            position += len(ended)
        else:
            pieces.append(ended)
    pieces.append(text[position:])
    return b"".join(pieces)


def _find(text: bytes, line: bytes, low: int) -> int:
    """The offset of the first line that is not before ``line``."""
    high = len(text)
    while low < high:
        middle = (low + high) // 2
        begin = max(low, text.rfind(b"\n", low, middle) + 1)
        end = text.index(b"\n", begin)
        if text[begin:end] < line:
            low = end + 1
        else:
            high = begin
    return low
