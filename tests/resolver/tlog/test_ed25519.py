"""Ed25519 verification: RFC 8032's own vectors, agreement with OpenSSL, and nothing else accepted."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.tlog.ed25519 import verify

ORDER = 2**252 + 27742317777372353535851937790883648493
PRIME = 2**255 - 19

RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe246"
        "55141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb"
        "00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc"
        "027beceea1ec40a",
    ),
]
"""Public key, message and signature of section 7.1, tests 1 to 3."""


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_published_signatures(public: str, message: str, signature: str) -> None:
    key, text, signed = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    assert verify(key, text, signed)
    assert not verify(key, text + b"\0", signed)
    assert not verify(key, text, signed[:32] + bytes(32))


@settings(max_examples=30)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.data())
def test_the_library_agrees(seed: bytes, message: bytes, data: st.DataObject) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert verify(public, message, signature)
    changed = bytearray(public + signature)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    other = bytes(changed)
    assert not verify(other[:32], message, other[32:])


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_another_length(length: int) -> None:
    assert not verify(bytes(length), b"", bytes(64))


@pytest.mark.parametrize("length", [0, 32, 63, 65])
def test_a_signature_of_another_length(length: int) -> None:
    assert not verify(bytes.fromhex(RFC_8032[0][0]), b"", bytes(length))


def test_s_must_be_below_the_order() -> None:
    """Else whoever holds one signature could make another of it."""
    public, _, signature = (bytes.fromhex(text) for text in RFC_8032[0])
    larger = int.from_bytes(signature[32:], "little") + ORDER
    assert not verify(public, b"", signature[:32] + larger.to_bytes(32, "little"))


NO_POINTS = [
    PRIME.to_bytes(32, "little"),
    (PRIME + 1).to_bytes(32, "little"),
    (2**255 - 1).to_bytes(32, "little"),
    (1 | 1 << 255).to_bytes(32, "little"),
    (2).to_bytes(32, "little"),
]
"""y not below the prime; x = 0 with the sign of an odd x; no x for this y."""


@pytest.mark.parametrize("public", NO_POINTS)
def test_a_key_that_is_no_point(public: bytes) -> None:
    assert not verify(public, b"", bytes(64))


def test_what_passes_here_passes_in_openssl() -> None:
    """The neutral element as a key signs everything with R the neutral element and S = 0: both say so."""
    neutral, signature = (1).to_bytes(32, "little"), (1).to_bytes(32, "little") + bytes(32)
    assert verify(neutral, b"anything", signature)
    try:
        Ed25519PublicKey.from_public_bytes(neutral).verify(signature, b"anything")
    except InvalidSignature:
        pytest.fail("OpenSSL refuses what is accepted here")
