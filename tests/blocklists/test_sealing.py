"""The format of sealed texts: what was sealed opens, and nothing else does."""

from __future__ import annotations

import io
import tempfile
from typing import BinaryIO

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from blocklists.sealing import KEY_BYTES, PIECE, SALT_BYTES, SealError, opens, seal, unseal

KEY, OWNER, SALT = bytes(range(KEY_BYTES)), b"watch\0digest", bytes(range(7, 7 + SALT_BYTES))
HEAD, SEALED = 8 + SALT_BYTES, PIECE + 16
EDGES = (0, 1, PIECE - 9, PIECE - 8, PIECE - 7, 2 * PIECE - 8, 2 * PIECE - 7, 3 * PIECE)


def sealed(data: bytes, *, owner: bytes = OWNER, salt: bytes = SALT) -> bytes:
    out = io.BytesIO()
    seal(KEY, owner, data, out, salt)
    return out.getvalue()


def opened(content: bytes, *, key: bytes = KEY, owner: bytes = OWNER) -> bytes:
    with tempfile.TemporaryFile() as file:
        put(file, content)
        return unseal(key, owner, file)


def begins(content: bytes, *, key: bytes = KEY) -> bool:
    with tempfile.TemporaryFile() as file:
        put(file, content)
        return opens(key, OWNER, file)


def put(file: BinaryIO, content: bytes) -> None:
    file.write(content)
    file.seek(0)


@pytest.mark.parametrize("size", EDGES)
def test_every_size_comes_back(size: int) -> None:
    data = bytes(n % 251 for n in range(size))
    content = sealed(data)
    assert opened(content) == data
    assert begins(content)
    assert (len(content) - HEAD) % SEALED == 0


@given(st.binary(max_size=3 * PIECE), st.binary(max_size=40))
def test_what_is_sealed_opens_for_its_owner_alone(data: bytes, owner: bytes) -> None:
    content = sealed(data, owner=owner)
    assert opened(content, owner=owner) == data
    with pytest.raises(SealError):
        opened(content, owner=owner + b"x")


@pytest.mark.parametrize("size", [0, 30, 500, PIECE - 8])
def test_a_short_text_shows_no_size(size: int) -> None:
    assert len(sealed(bytes(size))) == HEAD + SEALED


def test_no_piece_of_the_text_stands_in_the_file() -> None:
    data = b"canary.example\n" * 20_000
    content = sealed(data)
    assert b"canary" not in content
    pieces = [content[at : at + SEALED] for at in range(HEAD, len(content), SEALED)]
    assert len(set(pieces)) == len(pieces)
    assert not set(pieces) & {
        sealed(data, salt=SALT[::-1])[at : at + SEALED] for at in range(HEAD, len(content), SEALED)
    }


def test_the_format_is_what_its_description_says() -> None:
    """Opened with the library alone, as another program would."""
    data = b"illegal.example\n" * 9_000
    content = sealed(data)
    assert content[:HEAD] == b"weirtxt1" + SALT
    cipher = AESGCM(HKDF(SHA256(), 32, salt=SALT, info=b"weir sealed text 1").derive(KEY))
    pieces = [content[at : at + SEALED] for at in range(HEAD, len(content), SEALED)]
    plain = b"".join(
        cipher.decrypt(n.to_bytes(11, "little") + bytes([n == len(pieces) - 1]), piece, OWNER)
        for n, piece in enumerate(pieces)
    )
    assert plain == (len(data).to_bytes(8, "little") + data).ljust(len(pieces) * PIECE, b"\0")


THREE = sealed(b"x" * (2 * PIECE + 5))
DAMAGES = {
    "empty": b"",
    "no magic": b"X" + THREE[1:],
    "head alone": THREE[:HEAD],
    "one byte short": THREE[:-1],
    "one byte more": THREE + b"\0",
    "last piece gone": THREE[:-SEALED],
    "only the last piece": THREE[:HEAD] + THREE[-SEALED:],
    "a piece twice": THREE[: HEAD + SEALED] + THREE[HEAD:],
    "pieces swapped": THREE[:HEAD]
    + THREE[HEAD + SEALED : HEAD + 2 * SEALED]
    + THREE[HEAD : HEAD + SEALED]
    + THREE[-SEALED:],
    "another salt": THREE[:8] + SALT[::-1] + THREE[HEAD:],
    "a piece of another file": THREE[: HEAD + SEALED]
    + sealed(b"x" * (2 * PIECE + 5), salt=SALT[::-1])[HEAD + SEALED :],
}


@pytest.mark.parametrize("content", DAMAGES.values(), ids=DAMAGES)
def test_what_was_tampered_with_does_not_open(content: bytes) -> None:
    assert opened(THREE) == b"x" * (2 * PIECE + 5)
    with pytest.raises(SealError):
        opened(content)


@given(st.integers(0, len(THREE) * 8 - 1))
def test_no_bit_can_be_flipped(bit: int) -> None:
    content = bytearray(THREE)
    content[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealError):
        opened(bytes(content))


@given(st.binary(max_size=HEAD + 2 * SEALED))
def test_nothing_hostile_does_more_than_not_open(content: bytes) -> None:
    assert not begins(content)
    with pytest.raises(SealError):
        opened(content)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(SealError):
        opened(THREE, key=KEY[::-1])
    assert not begins(THREE, key=KEY[::-1])
