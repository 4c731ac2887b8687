"""Detached signatures of lists. Pure: bytes in, a verdict out; nothing here fetches a signature or opens a key.

A signature that cannot be verified beyond doubt is a bad one. Messages never carry text of the list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from blocklists.properties import SignatureKind
from blocklists.signatures.minisign import verify_minisign
from blocklists.signatures.model import SignatureError, Signed
from blocklists.signatures.openpgp import verify_openpgp

__all__ = ["ENDINGS", "LONGEST_SIGNATURE", "SignatureError", "Signed", "verify"]

LONGEST_SIGNATURE = 64 * 1024
"""Bytes; a minisign signature has some 300, an OpenPGP one of several keys some thousand."""

ENDINGS: Mapping[SignatureKind, str] = {SignatureKind.MINISIGN: ".minisig", SignatureKind.OPENPGP: ".asc"}
"""What stands behind a list's address to make that of its signature."""

_VERIFIERS: Mapping[SignatureKind, Callable[[bytes, bytes, bytes], Signed]] = {
    SignatureKind.MINISIGN: verify_minisign,
    SignatureKind.OPENPGP: verify_openpgp,
}


def verify(kind: SignatureKind, data: bytes, signature: bytes, key: bytes) -> Signed:
    """What the signature of ``data`` says of itself. SignatureError unless it is good and by ``key``."""
    if len(signature) > LONGEST_SIGNATURE:
        raise SignatureError(f"the signature has more than {LONGEST_SIGNATURE:,} bytes; this is none")
    return _VERIFIERS[kind](data, signature, key)
