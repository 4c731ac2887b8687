"""How one list is to be fetched, read, shown, logged and aged: the parts of ``model.ListSource``. Frozen values only.

Secrets never stand here: what needs one names where it lies (``Secret``), and whoever uses it reads it at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Attribution(StrEnum):
    """Whether people who are stopped are told the list's authority."""

    REQUIRED = "required"
    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"


class LogPolicy(StrEnum):
    """What may be kept of a list's hits."""

    NONE = "none"
    """Nothing, not even a count."""
    COUNTS = "counts"
    """Counts per hour, shown above a floor."""
    NAMES = "names"
    """Names that were stopped, without who asked; never of a secret list."""


class StalePolicy(StrEnum):
    """What becomes of a list that is past its maximum age."""

    KEEP = "keep"
    """It goes on serving, with an alarm."""
    DROP = "drop"
    """It ends serving, with an alarm: removals are the point of a list that is updated daily."""


class PolicyOverride(StrEnum):
    """What an RPZ zone's rules do here, whatever the zone says."""

    GIVEN = "given"
    DISABLED = "disabled"
    """Nothing, but hits are counted: for trying a zone out."""
    PASSTHRU = "passthru"
    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    DROP = "drop"
    TCP_ONLY = "tcp-only"
    CNAME = "cname"


class Publish(StrEnum):
    """What the public log says of a list beside its name, its confidentiality and how much of it is enforced.

    A secret list's number of entries narrows down which one it is and what it grew by: without a word of its own it is
    told only in place of the commitment, by those whose licence wants numbers.
    """

    ROOT = "root"
    """The digest of a public list or the commitment to another, when it was taken, and the number of its entries; that
    of a secret list is left out."""
    COUNT = "count"
    """The number of entries alone."""
    NONE = "none"


class PopularNames(StrEnum):
    """What a new version with popular names means."""

    HOLD = "hold"
    """An accident until two people say otherwise."""
    EXPECTED = "expected"
    """The purpose of the list (social networks, video)."""


class HashAlgorithm(StrEnum):
    """The digests of hashed lists."""

    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"


class HashShape(StrEnum):
    """How a line of a hashed list is made."""

    HOST_PATH = "host-path"
    """Digest of the host, digest of the path, depth of the path (the BPjM shape)."""
    EXPRESSION = "expression"
    """Digest of one whole expression ``host/path``, whole or a prefix of at least 4 bytes (the Safe Browsing shape)."""


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret lies: a systemd credential by its name, or a file. Exactly one is not empty."""

    credential: str = ""
    path: str = ""

    def __str__(self) -> str:
        """As the configuration writes it; never the secret itself."""
        return f"credential:{self.credential}" if self.credential else self.path


@dataclass(frozen=True, slots=True)
class Fields:
    """Which parts of a CSV row or JSON item make an entry.

    CSV: names of the header's columns, or numbers from 1. JSON: pointers (RFC 6901), ``items`` from the document's
    root, the others from one item; an empty ``entry`` is the item itself. ``scopes`` pairs what stands in the field
    ``scope`` with a scope; a value that it does not name makes the row malformed, because nothing may widen by a guess.
    """

    entry: str
    items: str = ""
    scope: str = ""
    scopes: tuple[tuple[str, str], ...] = ()
    delimiter: str = ","


@dataclass(frozen=True, slots=True)
class Hashes:
    """How a hashed list's digests are made."""

    shape: HashShape
    algorithm: HashAlgorithm = HashAlgorithm.SHA256
    full: str = ""
    """Where the full digests behind prefixes come from: ``file:`` or ``https:``. A prefix alone never blocks."""


@dataclass(frozen=True, slots=True)
class Access:
    """How an HTTPS source is reached. Paths are absolute; ``header`` is the one that carries ``api_key``."""

    ca: str = ""
    certificate: str = ""
    key: Secret | None = None
    api_key: Secret | None = None
    header: str = "Authorization"
    proxy: str = ""


@dataclass(frozen=True, slots=True)
class Tsig:
    """A key for transfers (RFC 8945). ``secret`` leads to its Base64 text."""

    name: str
    algorithm: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class Transfer:
    """A zone as a list: where it is transferred from (AXFR, RFC 5936; IXFR, RFC 1995), asked in this order."""

    zone: str
    primaries: tuple[str, ...]
    """``host:port``."""
    tsig: Tsig | None = None
    notify_from: tuple[str, ...] = ()
    """Prefixes beside the primaries whose NOTIFY (RFC 1996) is believed."""


class SignatureKind(StrEnum):
    """Detached signatures that are understood."""

    MINISIGN = "minisign"
    OPENPGP = "openpgp"


@dataclass(frozen=True, slots=True)
class Signature:
    """A version counts only with a good detached signature by ``key`` (the path of a public key)."""

    kind: SignatureKind
    key: str
    url: str = ""
    """Empty: the list's address with ``.minisig`` or ``.asc`` behind it."""


@dataclass(frozen=True, slots=True)
class Rpz:
    """What is special about an RPZ zone. Zones speak in the order of the configuration; the first that speaks ends."""

    override: PolicyOverride = PolicyOverride.GIVEN
    cname: str = ""
    """The target for the override ``cname``."""


@dataclass(frozen=True, slots=True)
class Handling:
    """How a list is shown, logged, aged and checked. Durations are seconds."""

    attribution: Attribution = Attribution.ALLOWED
    page: str = ""
    """The authority's own words for the stop page."""
    ede: int | None = None
    """The EDE code in place of the one that the kind calls for; never set for a secret list."""
    log: LogPolicy = LogPolicy.COUNTS
    warn_age: float | None = None
    """None: two refreshes."""
    max_age: float | None = None
    """None: 72 hours for illegal content, never for others."""
    stale: StalePolicy | None = None
    """None: drop for URL entries, keep for others (requirement E1)."""
    review_after: float | None = None
    """An entry is to be looked at again so long after it came; None = never."""
    canary: str = ""
    """A harmless name of the operator's that is enforced like an entry, so that enforcement can be probed."""
    licence_ends: float | None = None
    """Unix seconds from which on nothing of the list may be kept; None = never."""
    keep: int = 5
    """Versions that may be kept, the one that serves among them."""
    popular: PopularNames = PopularNames.HOLD
    staged: bool = False
    """A new version serves on one worker first."""
    publish: Publish = Publish.ROOT
    """What the public log says of it."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """How a list is fetched and read beyond its address and format."""

    access: Access = field(default_factory=Access)
    transfer: Transfer | None = None
    signature: Signature | None = None
    fields: Fields | None = None
    hashes: Hashes | None = None
    rpz: Rpz = field(default_factory=Rpz)
