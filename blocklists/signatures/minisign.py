"""minisign: Ed25519 over the bytes, or over their BLAKE2b-512 digest, with a signed comment.

A public key is 42 bytes: ``Ed``, key id, key. A signature file has four lines: a comment that nobody signed, 74 bytes
(``Ed`` or ``ED`` for prehashed, key id, signature), the trusted comment, and the signature of signature and comment.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from blocklists.signatures.model import SignatureError, Signed

_KEY_BYTES, _SIGNATURE_BYTES, _ID_BYTES = 42, 74, 8
_PLAIN, _PREHASHED = b"Ed", b"ED"
_TRUSTED = b"trusted comment: "
_TIMESTAMP = re.compile(rb"(?:^|[\t ])timestamp:([0-9]{1,12})(?:$|[\t ])")


def verify_minisign(data: bytes, signature: bytes, key: bytes) -> Signed:
    """``at`` is the ``timestamp:`` of the trusted comment, which minisign writes by default. SignatureError."""
    lines = [line.rstrip(b"\r") for line in signature.split(b"\n")]
    if len(lines) < 4 or not lines[2].startswith(_TRUSTED):
        raise SignatureError("this is no minisign signature; check the signature's address")
    made, comment = _decoded(lines[1], _SIGNATURE_BYTES), lines[2].removeprefix(_TRUSTED)
    public = _public_key(key)
    algorithm, key_id, value = made[:2], made[2 : 2 + _ID_BYTES], made[2 + _ID_BYTES :]
    if algorithm not in (_PLAIN, _PREHASHED):
        raise SignatureError("the signature is of a kind that minisign does not have")
    if key_id != public[2 : 2 + _ID_BYTES]:
        raise SignatureError(
            f"it was signed with the key {_shown(key_id)}, and the configured one is {_shown(public[2:10])}; "
            "ask the authority which key is right"
        )
    signed = hashlib.blake2b(data).digest() if algorithm == _PREHASHED else data
    try:
        verifier = Ed25519PublicKey.from_public_bytes(public[2 + _ID_BYTES :])
        verifier.verify(value, signed)
        verifier.verify(_decoded(lines[3], len(value)), value + comment)
    except InvalidSignature:
        raise SignatureError(
            "the signature does not belong to these bytes: one of both was changed or is from another version"
        ) from None
    stamp = _TIMESTAMP.search(comment)
    return Signed(_shown(key_id), float(stamp[1]) if stamp else None)


def _public_key(text: bytes) -> bytes:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    key = _decoded(
        lines[-1] if lines else b"", _KEY_BYTES, "the public key is no minisign key; check its file"
    )
    if not key.startswith(_PLAIN):
        raise SignatureError("the public key is of a kind that minisign does not have; check its file")
    return key


def _decoded(text: bytes, length: int, fault: str = "the signature is damaged; check its address") -> bytes:
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != length:
        raise SignatureError(fault)
    return value


def _shown(key_id: bytes) -> str:
    """As minisign prints it: the bytes as one little-endian number."""
    return key_id[::-1].hex().upper()
