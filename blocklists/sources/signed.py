"""Signed lists: where the signature is, whether it is good, and whether it is older than the one before.

A version counts only with a good signature of its very bytes, as they were published (before a gzip'ed file is
unpacked). Whoever can put an old version with its old signature in place of the new one is found by the signed time.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from blocklists.model import ListSource, Proof
from blocklists.properties import SignatureKind
from blocklists.signatures import ENDINGS, LONGEST_SIGNATURE, SignatureError, verify
from blocklists.sources.model import FetchError, Known
from blocklists.sources.reading import read_file

CLOCK_SLIP = 86_400.0
"""Seconds by which a signature may be ahead of our clock. One from further ahead would shut out all later ones."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What the signature of a list must be."""

    list_id: str
    kind: SignatureKind
    address: str = field(repr=False)
    """Of the signature; it may hold a key as the list's does."""
    public: bytes = field(repr=False)

    @property
    def key(self) -> str:
        """What ``Proof.key`` is for versions verified with this public key."""
        return hashlib.sha256(self.kind.encode() + b"\n" + self.public).hexdigest()

    def trusted(self, known: Known | None) -> Known | None:
        """What need not be sent again: a version that was not verified with this key must come anew."""
        if known is not None and known.proof is not None and known.proof.key == self.key:
            return known
        return None

    def check(self, data: bytes, signature: bytes, *, known: Known | None, now: float) -> Proof:
        """FetchError unless the signature is good, of these bytes, and not older than that of ``known``. Takes time for
        large lists.
        """
        try:
            signed = verify(self.kind, data, signature, self.public)
        except SignatureError as error:
            raise self._refused(str(error)) from None
        before = known.proof.at if known is not None and known.proof is not None else None
        if signed.at is not None and signed.at > now + CLOCK_SLIP:
            raise self._refused(
                f"it was signed at {_date(signed.at)}, which is to come; check this machine's clock"
            )
        if before is not None and (signed.at is None or signed.at < before):
            when = (
                "does not say when it was signed"
                if signed.at is None
                else f"was signed at {_date(signed.at)}"
            )
            raise self._refused(
                f"it {when}, and the version before at {_date(before)}: an old version came in place of the new one; "
                "ask the authority"
            )
        return Proof(self.key, signed.at)

    def _refused(self, why: str) -> FetchError:
        return FetchError(f"list {self.list_id}: its signature is not accepted: {why}")


def open_seal(source: ListSource) -> Seal | None:
    """None if the list need not be signed. FetchError if the public key cannot be read. Blocks."""
    signature = source.fetching.signature
    if signature is None:
        return None
    public = read_file(Path(signature.key), LONGEST_SIGNATURE)
    return Seal(source.id, signature.kind, signature_address(source), public)


def signature_address(source: ListSource) -> str:
    """Where the signature of a list is; empty if none is asked for."""
    signature = source.fetching.signature
    return (signature.url or beside(source.url, signature.kind)) if signature else ""


def is_local(address: str) -> bool:
    """Whether this is the address of a file."""
    return address.startswith("file:") or (bool(address) and "://" not in address)


def beside(address: str, kind: SignatureKind) -> str:
    """The address of a list's signature: the list's with an ending; a query stays behind it."""
    if is_local(address):
        return address + ENDINGS[kind]
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=parts.path + ENDINGS[kind], fragment=""))


def _date(at: float) -> str:
    try:
        return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return "a time that no calendar has"
