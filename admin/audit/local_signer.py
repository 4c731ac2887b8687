"""The signer itself: keys in memory, the lock row before every signature, and a mark of what it saw of that row.

The mark lies with the keys. A database that is older than it was restored from a backup or emptied, whatever else was
restored with it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from admin.audit.bundles import Tree
from admin.audit.doubt import ANOTHER_LOG
from admin.audit.keys import KeyFileError, KeyRef, SigningKey, load_key
from admin.audit.lock_row import LockReader
from admin.audit.signing import RefusedError, Request, SignerError, check
from resolver.tlog.canonical import FormatError
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.encoding import HASH_BYTES, from_decimal, from_hex
from resolver.tlog.notes import Signature, VerifierKey, signed


class LocalSigner:
    """Signs the checkpoints of one log (``admin.audit.signing.Signer``)."""

    def __init__(self, origin: str, refs: Sequence[KeyRef], lock: LockReader, mark: Path) -> None:
        """Reads the keys; of a log that is yet to begin, those of the box's own are made. SignerError."""
        self._origin, self._lock, self._mark = origin, lock, mark
        making = lock.read(origin) is None and self._seen() is None
        try:
            self._keys = [load_key(ref, origin, making=making) for ref in refs]
        except KeyFileError as error:
            raise SignerError(str(error)) from error
        except OSError as error:
            raise SignerError(f"the key of the public log cannot be made: {error}") from error

    def vkeys(self) -> Sequence[VerifierKey]:
        """As ``Signer``."""
        return [key.public for key in self._keys]

    def sign(self, request: Request) -> bytes:
        """As ``Signer``."""
        if request.origin != self._origin:
            raise RefusedError(f"this signer has the keys of {self._origin}, not of {request.origin}")
        locked, seen = self._lock.read(self._origin), self._seen()
        check(request, locked, seen)
        self._saw(locked, seen)
        body = Checkpoint(self._origin, request.tree.size, request.tree.root).body
        return signed(body, [_signature(self._key(key_id), body) for key_id in request.keys])

    def close(self) -> None:
        """As ``Signer``."""
        self._keys = []
        self._lock.close()

    def _key(self, key_id: str) -> SigningKey:
        for key in self._keys:
            if key.public.key_id.hex() == key_id:
                return key
        raise SignerError(
            f"the key {key_id} of the log {self._origin} is not at hand (audit.key); restore it; if it is lost, {ANOTHER_LOG}"
        )

    def _seen(self) -> Tree | None:
        try:
            size, root, origin = self._mark.read_text("utf-8").split()
            return Tree(from_decimal(size), from_hex(root, HASH_BYTES)) if origin == self._origin else None
        except FileNotFoundError:
            return None
        except (ValueError, FormatError):
            return None  # torn by a power cut; the lock row and the published checkpoints still hold
        except OSError as error:
            raise SignerError(f"{self._mark}: cannot be read ({error.strerror})") from error

    def _saw(self, locked: Tree | None, seen: Tree | None) -> None:
        """Keep how far the log was. Not flushed: a mark that is a little old refuses a little less."""
        if locked is None or locked == seen:
            return
        with contextlib.suppress(OSError):
            self._mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._mark, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                line = f"{locked.size} {locked.root.hex()} {self._origin}\n".encode()
                os.pwrite(handle, line, 0)
                os.ftruncate(handle, len(line))
            finally:
                os.close(handle)


def _signature(key: SigningKey, body: str) -> Signature:
    return Signature(key.public.name, key.public.key_id, key.private.sign(body.encode()))
