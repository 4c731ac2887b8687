"""The box's vault key: everything secret that Weir derives for itself comes from these 32 bytes.

Here stand its rules and the keys made from it. Where it lies is the configuration's to say; it is never logged, and what
is derived for one purpose tells nothing about what is derived for another (HKDF, RFC 5869).
"""

from __future__ import annotations

import itertools
import re
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from blocklists.credentials import read_secret
from blocklists.private_files import write_private
from blocklists.properties import Secret

KEY_BYTES = 32
INDEX = "index"
"""Purpose: the digests of names in the compiled table of secret lists."""
BLOBS = "blobs"
"""Purpose: the texts of secret lists at rest."""
COMMITMENTS = "commitments"
"""Purpose: digests of secret versions that others may see."""
FINGERPRINT = "fingerprint"
"""Purpose: what tells one key from another, for the eyes of auditors."""
INDEX_KEY_BYTES = 16

_HEX = re.compile(rb"[0-9A-Fa-f]{64}", re.ASCII)
_FEWEST_VALUES = 12
"""Of 32 random bytes so few are different once in 10^14 keys; of what people type, nearly always."""
_PUBLIC = frozenset(
    bytes.fromhex(text)
    for text in (
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",  # NIST SP 800-38A
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",  # SHA-256 of nothing
        "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",  # SHA-256 of "password"
    )
)
_REMEDY = "make one with: openssl rand -hex 32"


class VaultKeyError(ValueError):
    """The vault key cannot be used; the message says which, why and what to do, never its content."""


class VaultKey:
    """A key that was looked at: of the right length and no key that others have too."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        """VaultKeyError for a wrong length, and for a key that is guessed easily or stands in public."""
        if len(key) != KEY_BYTES:
            raise VaultKeyError(
                f"it has {len(key)} bytes; a vault key has {KEY_BYTES}, or {2 * KEY_BYTES} hexadecimal digits; {_REMEDY}"
            )
        if key in _PUBLIC or _is_pattern(key):
            raise VaultKeyError(f"it is no random key, so that others know or guess it; {_REMEDY}")
        self._key = key

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose and no other."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"weir vault {purpose}".encode()).derive(self._key)

    @property
    def index_key(self) -> bytes:
        """The key of the digests in compiled tables."""
        return self.derive(INDEX)[:INDEX_KEY_BYTES]

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits by which it is told from other keys, and which tell nothing else of it."""
        return self.derive(FINGERPRINT).hex()


def parse_key(content: bytes) -> VaultKey:
    """The key in a file: 32 bytes, or 64 hexadecimal digits with blanks around them. VaultKeyError."""
    text = content.strip()
    return VaultKey(bytes.fromhex(text.decode()) if _HEX.fullmatch(text) else content)


def read_key(secret: Secret) -> VaultKey:
    """The key where the configuration says that it lies. CredentialError or VaultKeyError naming the place."""
    try:
        if secret.path:
            _check_rights(Path(secret.path))
        return parse_key(read_secret(secret))
    except VaultKeyError as error:
        raise VaultKeyError(f"{secret}: {error}") from None


def own_key(path: Path) -> VaultKey:
    """The key in the file ``path``, made there (mode 0600, durably) if there is none.

    VaultKeyError if it cannot be used: a damaged one is not replaced, because what was sealed with it would be lost.
    OSError as from open(2).
    """
    try:
        _check_rights(path)
        content = path.read_bytes()
    except FileNotFoundError:
        content = _made(path)
    except VaultKeyError as error:
        raise VaultKeyError(f"{path}: {error}") from None
    try:
        return VaultKey(content)
    except VaultKeyError as error:
        raise VaultKeyError(f"{path}: {error}. Put the right one back; without it, remove the file") from None


def _is_pattern(key: bytes) -> bool:
    """Few different bytes, equal steps, or text: made by a hand, not by chance."""
    steps = {(after - before) % 256 for before, after in itertools.pairwise(key)}
    return len(set(key)) < _FEWEST_VALUES or len(steps) == 1 or all(0x20 <= byte < 0x7F for byte in key)


def _check_rights(path: Path) -> None:
    try:
        rights = path.stat().st_mode & 0o777
    except FileNotFoundError:
        raise
    except OSError:
        return  # whoever opens it says why it cannot be had
    if rights & 0o077:
        raise VaultKeyError(
            f"others than its owner may use it (mode {rights:04o}), so it is no secret; chmod 600 it, and "
            "replace the key if anybody may have read it"
        )


def _made(path: Path) -> bytes:
    key = secrets.token_bytes(KEY_BYTES)
    write_private(path, key)
    return key
