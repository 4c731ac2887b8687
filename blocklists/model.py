"""The values that every room shares about lists: frozen, without behaviour beyond their own invariants.

Nothing here reads a file, a clock or a socket. The words are those of DESIGN.md section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from blocklists.coverage import NOTHING_COVERED, Coverage
from blocklists.properties import Fetching, Handling

MAX_BITS = 256
"""Categories, list bits and action bits together: the width of a policy's mask (DESIGN.md section 4)."""

MAX_CLASSES = 0xFFFF
"""Class ids are 16 bits wide and 0 means an empty lane; more classes are a compile error, never a wrap."""


class Kind(StrEnum):
    """What a list is for; decides the precedence step at which it speaks."""

    CATEGORY = "category"
    ILLEGAL = "illegal"
    SECURITY = "security"
    PROTECTED = "protected"


class Scope(StrEnum):
    """How far an entry reaches."""

    HOST = "host"
    """Exactly this name."""
    DOMAIN = "domain"
    """This name and everything below it."""
    WILDCARD = "wildcard"
    """Everything below this name, not the name itself (RPZ ``*.name``)."""
    ADDRESS = "address"
    """An address or prefix that must not stand in an answer."""
    URL = "url"
    """Exactly this page; never widens to its host."""
    URL_PREFIX = "url-prefix"
    """Every page whose address starts so; never widens to its host."""


class Action(StrEnum):
    """What a list asks for at a name. Anything but BLOCK comes from RPZ rules or list exceptions."""

    BLOCK = "block"
    """The answer that the list's kind and the profile call for."""
    ALLOW = "allow"
    """An exception inside its own list (AdBlock ``@@``, RPZ PASSTHRU): this list does not list the name."""
    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    DROP = "drop"
    TCP_ONLY = "tcp-only"
    LOCAL_DATA = "local-data"


class Disposition(StrEnum):
    """What enforcement an entry can get."""

    DNS = "dns"
    URL_FILTER = "url-filter"
    NOT_ENFORCEABLE = "not-enforceable"


class Confidentiality(StrEnum):
    """Who may learn what stands in a list."""

    PUBLIC = "public"
    RESTRICTED = "restricted"
    SECRET = "secret"


class LegalBasis(StrEnum):
    """Why a list may be enforced; ``statute`` and ``court`` make it a legal order (EDE 16, HTTP 451)."""

    VOLUNTARY = "voluntary"
    STATUTE = "statute"
    COURT = "court"
    USER = "user"


class SkipReason(StrEnum):
    """Why a line, or a name on it, gave no entry. Every line of a list is accounted for by one outcome."""

    BLANK = "blank"
    COMMENT = "comment"
    HEADER = "header"
    """Belongs to the format, not to an entry: a zone's SOA, ``$TTL``, ``[Adblock Plus 2.0]``, a CSV head."""
    ADDRESS = "ip-address"
    """A bare address where a name belongs."""
    SINGLE_LABEL = "single-label"
    """One label: a host file's ``localhost``, or a whole top-level domain."""
    PUBLIC_SUFFIX = "public-suffix"
    """Everybody's customers live below it (``co.uk``, ``blogspot.com``)."""
    BAD_NAME = "bad-name"
    """Not a host name: label or name too long, empty label, a character that no name has."""
    UNSUPPORTED = "unsupported"
    """A rule that DNS cannot honour, or honouring it by half would change its meaning."""
    MALFORMED = "malformed"
    """Not in the list's format."""
    RESERVED = "reserved-address"
    """A page on an address that nobody can reach from outside: private, loopback, link-local, multicast, reserved."""
    NEVER = "never-listed"
    """A page of a host that no list may touch: the operator's own, the authorities', helplines, connectivity probes."""


class Trait(StrEnum):
    """What may be remarkable about an entry (requirement L4); an entry can have several."""

    IDN = "idn"
    """A host with an internationalised label."""
    IP_LITERAL = "ip-literal"
    WITH_PORT = "with-port"
    WITH_QUERY = "with-query"


@dataclass(frozen=True, slots=True)
class Entry:
    """One canonical entry.

    ``name`` is a canonical host (A-labels, lower case, no trailing dot) for host, domain and wildcard scopes, a
    canonical URL for the URL scopes, and an address or prefix in its shortest form for ADDRESS.
    ``important`` is AdBlock's ``$important``: a block that outlives ``@@``, or an exception that outlives that.
    ``data`` holds LOCAL_DATA records as ``(type, ttl seconds, rdata in presentation form)``.
    """

    name: str
    scope: Scope
    action: Action = Action.BLOCK
    important: bool = False
    data: tuple[tuple[str, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HashedEntry:
    """One entry of a hashed list: digests as the publisher makes them, which nobody here can turn back.

    Shape ``host-path``: ``digest`` is that of the host, ``path`` that of the first ``depth`` segments of the path, empty
    for the host and all below it. Shape ``expression``: ``digest`` is that of the whole expression.
    """

    digest: bytes
    path: bytes = b""
    depth: int = 0
    disposition: Disposition = Disposition.URL_FILTER


@dataclass(frozen=True, slots=True)
class Skip:
    """A line or name that gives no entry, and why."""

    reason: SkipReason
    name: str = field(default="", compare=False)
    """The name, where the gates must know of it: a single label, which may be a top-level domain."""


@dataclass(frozen=True, slots=True)
class ListSource:
    """One list as the configuration declares it: what it is, where it comes from, how it may be used.

    Durations are seconds, sizes bytes, ratios plain numbers (0.5 = half). ``url`` is ``file:`` plus an absolute
    path, ``https://…``, or ``zone:NAME`` for a zone transfer. ``scope`` overrides the reach of formats that name bare hosts (hosts, domains).
    """

    id: str
    url: str
    format: str
    kind: Kind
    categories: tuple[str, ...] = ()
    title: str = ""
    authority: str = ""
    legal_basis: LegalBasis = LegalBasis.USER
    confidentiality: Confidentiality = Confidentiality.PUBLIC
    contact: str = ""
    licence: str = ""
    scope: Scope | None = None
    public_suffixes: bool = False
    """True: entries that are public suffixes are honoured (dynamic-DNS lists); False: skipped and counted."""
    addresses: bool = False
    """True: bare addresses block answers that carry them; False: counted and skipped."""
    refresh: float = 3600.0
    max_size: int = 256 * 1024 * 1024
    max_shrink: float = 0.3
    """Refuse a version that loses more than this share of the entries."""
    max_growth: float = 0.5
    """Refuse a version with more than ``1 + max_growth`` times the entries."""
    max_errors: float = 0.05
    """Refuse a version of which more than this share of the rule lines is malformed or no name."""
    fetching: Fetching = field(default_factory=Fetching)
    """How it is fetched and read beyond address and format."""
    handling: Handling = field(default_factory=Handling)
    """How it is shown, logged, aged and checked."""


@dataclass(frozen=True, slots=True)
class ListVersion:
    """One fetched state of a list: its bytes and what is known about them. ``fetched`` is Unix seconds."""

    source_id: str
    data: bytes = field(repr=False)
    digest: str
    """SHA-256 of the bytes, hexadecimal."""
    fetched: float
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class ListCounts:
    """Where the lines of one version went; ``lines == accepted + duplicate + sum(skipped.values())``.

    A line with several names counts once: accepted if any of its names is new, else duplicate if any was seen
    before, else skipped for the first name's reason. ``entries`` counts names; ``entry_skips`` counts the names that
    were left out on lines that otherwise stand. Of a CSV or JSON document a line is a row or an item.
    """

    lines: int = 0
    accepted: int = 0
    duplicate: int = 0
    skipped: dict[SkipReason, int] = field(default_factory=dict)
    entries: int = 0
    entry_skips: dict[SkipReason, int] = field(default_factory=dict)
    dispositions: dict[Disposition, int] = field(default_factory=dict)
    traits: dict[Trait, int] = field(default_factory=dict)
    first_bad_lines: tuple[tuple[int, SkipReason], ...] = ()
    """Line numbers (from 1; of JSON item numbers) and reasons of the first few malformed ones; never their text."""
    coverage: Coverage = NOTHING_COVERED
    """Which guarded names the version covers."""


class BitRole(StrEnum):
    """What a bit of a class stands for."""

    CATEGORY = "category"
    ILLEGAL = "illegal"
    SECURITY = "security"
    PROTECTED = "protected"
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Bit:
    """One of the 256 bits of a class: a category (``id`` = category), or a list (``id`` = list id).

    An ACTION bit says that list ``id`` asks for ``action`` (an RPZ action) instead of the usual blocked answer; it
    always stands beside the list's own category, illegal or security bits.
    """

    index: int
    role: BitRole
    id: str
    action: Action = Action.BLOCK
