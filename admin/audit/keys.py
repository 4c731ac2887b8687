"""The keys that sign a log: where their 32 bytes lie, and how they are read and made. For the signer's eyes alone.

A key of the operator's is a file or a systemd credential; without one the box has keys of its own, one file each (mode
0600), made when a log begins or a key is to follow another. No message ever has any of their bytes.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from admin.audit.doubt import ANOTHER_LOG
from blocklists.credentials import CredentialError, read_secret
from blocklists.private_files import write_private
from blocklists.properties import Secret
from resolver.tlog.notes import VerifierKey

SEED_BYTES = 32
"""An Ed25519 private key (RFC 8032 section 5.1.5)."""
_HEX = re.compile(rb"[0-9A-Fa-f]{64}", re.ASCII)
_OTHERS = 0o077


class KeyFileError(Exception):
    """A key cannot be had; the message says which, why and what to do."""


@dataclass(frozen=True, slots=True)
class KeyRef:
    """Where a key lies; ``own``: it is the box's, and may be made there."""

    secret: Secret
    own: bool = False
    fresh: bool = False
    """It is to be made now, to follow the others."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and what others know it by."""

    public: VerifierKey
    private: Ed25519PrivateKey


def load_key(ref: KeyRef, origin: str, *, making: bool) -> SigningKey:
    """The key, under the name of the log. KeyFileError; OSError if it could not be made.

    ``making``: a missing key of the box's own is made. Never for a log that has leaves: it has a key already.
    """
    path = Path(ref.secret.path)
    if ref.own and (making or ref.fresh) and not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, secrets.token_bytes(SEED_BYTES).hex().encode() + b"\n")
    private = Ed25519PrivateKey.from_private_bytes(_seed(ref))
    return SigningKey(VerifierKey.of_ed25519(origin, private.public_key().public_bytes_raw()), private)


def _seed(ref: KeyRef) -> bytes:
    if ref.secret.path:
        _check_rights(Path(ref.secret.path))
    try:
        content = read_secret(ref.secret)
    except CredentialError as error:
        remedy = f"; restore it; if it is lost, {ANOTHER_LOG}" if ref.own else ""
        raise KeyFileError(f"the key of the public log: {error}{remedy}") from error
    text = content.strip()
    if _HEX.fullmatch(text):
        return bytes.fromhex(text.decode())
    if len(content) != SEED_BYTES:
        raise KeyFileError(
            f"the key of the public log: {ref.secret}: has {len(content)} bytes; a key has {SEED_BYTES}, or 64 hexadecimal "
            "digits (openssl rand -hex 32)"
        )
    return content


def _check_rights(path: Path) -> None:
    try:
        rights = path.stat().st_mode
    except OSError:
        return  # whoever opens it says why it cannot be had
    if rights & _OTHERS:
        raise KeyFileError(
            f"the key of the public log: {path}: others may read it (mode {rights & 0o777:04o}); give it to its owner alone: "
            "chmod 600"
        )
