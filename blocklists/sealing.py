"""One text sealed in one file: how it lies on the disk. What lives here: the format. What never does: keys, folders.

::

    "weirtxt1" | salt (32) | piece | piece | …        each piece: 64 KiB encrypted, and its tag (16)

Inside the first piece stands the text's length (8 bytes, little-endian), then the text, then zeros to the end of the last
piece, so that a file's size says of a short list nothing but that it is short.

AES-256-GCM (NIST SP 800-38D) under a key of this file alone, made from the list's key and the salt by HKDF (RFC 5869). A
nonce is the number of its piece and whether that is the last: it can never come twice under one key, so neither chance
nor a mode that forgives its repetition is needed, and what is cut short, put together or in another order does not open.
To whom the text belongs is authenticated with every piece: a file that got another's name does not open either.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
SALT_BYTES = 32
PIECE = 64 * 1024
"""Bytes of a piece before it is encrypted: one is all that is at hand in a second copy."""

_MAGIC = b"weirtxt1"
_HEAD = len(_MAGIC) + SALT_BYTES
_TAG = 16
_LENGTH = 8
_NUMBER = 11
"""Bytes of a nonce that number the piece; the twelfth says whether it is the last."""


class SealError(Exception):
    """A file does not open: not ours, damaged, of another list or version, or under another key. Carries no content."""


def seal(key: bytes, owner: bytes, data: bytes, file: BinaryIO, salt: bytes) -> None:
    """Write ``data`` sealed for ``owner``. ``salt`` is SALT_BYTES of randomness, never used before. OSError."""
    cipher, last = _cipher(key, salt), (_LENGTH + len(data) - 1) // PIECE
    file.write(_MAGIC + salt)
    for number, piece in enumerate(_pieces(data)):
        file.write(cipher.encrypt(_nonce(number, last), piece, owner))


def unseal(key: bytes, owner: bytes, file: BinaryIO) -> bytes:
    """The text in a file. SealError if it is not exactly what was sealed for ``owner``; OSError as from read(2)."""
    count = _count(file)
    cipher = _opened(key, file)
    out, length = io.BytesIO(), 0
    for number in range(count):
        piece = _piece(cipher, owner, file, number, count - 1)
        if number == 0:
            length = int.from_bytes(piece[:_LENGTH], "little")
            piece = piece[_LENGTH:]
        out.write(piece)
    if not (count - 1) * PIECE < length + _LENGTH <= count * PIECE:
        raise SealError("the length inside does not fit")
    out.truncate(length)
    return out.getvalue()  # no copy: the buffer itself, once nothing else holds it


def opens(key: bytes, owner: bytes, file: BinaryIO) -> bool:
    """Whether the file begins as one that ``unseal`` would open. OSError as from read(2)."""
    try:
        count = _count(file)
        _piece(_opened(key, file), owner, file, 0, count - 1)
    except SealError:
        return False
    return True


def _count(file: BinaryIO) -> int:
    """How many pieces there are, by the size of the file."""
    count, rest = divmod(os.fstat(file.fileno()).st_size - _HEAD, PIECE + _TAG)
    if count < 1 or rest:
        raise SealError("the size is none that a sealed text has")
    return count


def _opened(key: bytes, file: BinaryIO) -> AESGCM:
    head = file.read(_HEAD)
    if len(head) != _HEAD or not head.startswith(_MAGIC):
        raise SealError("this is no sealed text")
    return _cipher(key, head[len(_MAGIC) :])


def _piece(cipher: AESGCM, owner: bytes, file: BinaryIO, number: int, last: int) -> bytes:
    try:
        return cipher.decrypt(_nonce(number, last), file.read(PIECE + _TAG), owner)
    except (InvalidTag, ValueError):
        raise SealError(f"piece {number} does not open") from None


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt=salt, info=b"weir sealed text 1").derive(key))


def _nonce(number: int, last: int) -> bytes:
    return number.to_bytes(_NUMBER, "little") + bytes([number == last])


def _pieces(data: bytes) -> Iterator[bytes | memoryview]:
    """Length and text in pieces, the last one filled up with zeros."""
    whole, first = memoryview(data), PIECE - _LENGTH
    yield (len(data).to_bytes(_LENGTH, "little") + whole[:first]).ljust(PIECE, b"\0")
    for start in range(first, len(whole), PIECE):
        piece = whole[start : start + PIECE]
        yield piece if len(piece) == PIECE else bytes(piece).ljust(PIECE, b"\0")
