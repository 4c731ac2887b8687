"""The data plane's native part. Times: ``now_ms`` is CLOCK_MONOTONIC in milliseconds, ``unix_ms`` the time of day.

Names are lower-case DNS wire names; addresses are packed, 4 or 16 bytes.
"""

from collections.abc import Sequence
from pathlib import Path

class CoreError(ValueError):
    """A file or a mapping cannot be used; the message says which, what is wrong and what to do."""

# ---- clients and policies (parts/tables.pxi, src/tables.h, src/tables_writer.h) ----

CLIENT_ROW: int
"""Bytes of a client in a packed row, little-endian (``struct`` format ``<16sBBHII``): address (IPv4 in the first
four bytes), family (4 or 6), prefix length, zero, realm, policy number."""
NO_POLICY: int
"""-1: the number of no policy."""

class TablesFullError(CoreError):
    """A change does not fit into the file; what was stored before it stays. Publish a new file."""

class TablesBusyError(CoreError):
    """Another process holds the file for writing."""

class TablesFacts:
    """What a file says of itself. ``clients`` counts slots taken (those of removed clients too), ``edits`` batches of
    changes since it was made; ``default`` is the policy of whoever is served and no client, or NO_POLICY."""

    plan: bytes
    boot: bytes
    created: int
    size: int
    room_clients: int
    room_policies: int
    clients: int
    policies: int
    edits: int
    default: int

class TablesReader:
    """A mapped file. Sees every change at once; safe to share between threads. Numbers are NO_POLICY where none is."""

    @staticmethod
    def open(path: str | Path, boot: bytes = b"") -> TablesReader:
        """Map a file, and check every record of it unless it was written in this ``boot`` of the machine.

        OSError as from open(2); CoreError saying what is wrong with the file.
        """
    @property
    def facts(self) -> TablesFacts: ...
    @property
    def default(self) -> int: ...
    def policy_of(self, address: bytes, realm: int = 0) -> int:
        """The policy of the longest prefix that holds the address; else the default policy if a served prefix does."""
    def policy_at(self, address: bytes, length: int, realm: int = 0) -> int:
        """The policy of exactly this prefix."""
    def policy(self, number: int) -> tuple[int, int, int, int, bytes, int]:
        """(block, security, only, flags, text of rules and grants, number of the rewrite set or -1).

        Flags: 1 allow-only, 2 paused, 4 has rules or grants, 8 has rewrites. KeyError if there is no such policy.
        """
    def rewrites(self, rewrite_set: int) -> bytes:
        """The text of a rewrite set; empty if there is none of this number."""
    def rule(
        self, number: int, wire: bytes, unix_ms: int, grants: bool = True, rules: bool = True
    ) -> tuple[int, int]:
        """What a policy's own rules say of a name: (0 nothing, 1 grant, 2 allow, 3 deny; labels of what spoke)."""
    def rewrite(self, number: int, wire: bytes) -> bytes | None:
        """The wire name that exactly this name is answered with."""
    def walk(self, rows: bytes, rounds: int = 1) -> int:
        """Find client and policy of every packed row, as a worker's batches do; how many were found. For measuring."""

class TablesWriter:
    """The one writer of a file: it holds a lock until ``close``. ValueError for what is malformed, or names a policy or
    set that is not in the file; TablesFullError where there is no room.

    Texts are one name after another: for rules a byte of kind (0 allow exactly, 1 allow with all below, 2 and 3 deny,
    4 grant, followed by its end in Unix milliseconds, 8 bytes), then the wire name with a byte of length before it;
    for rewrites name and target, each with a byte of length before it.
    """

    path: str | Path
    @staticmethod
    def create(
        path: str | Path,
        *,
        key: bytes,
        plan: bytes,
        boot: bytes,
        created: int,
        clients: int,
        policies: int,
        set_bytes: int,
        name_bytes: int,
    ) -> TablesWriter:
        """Make a new file with this room. OSError if it exists already or the disk is full."""
    @staticmethod
    def open(path: str | Path) -> TablesWriter:
        """Go on with a file, whatever its last writer was doing when it ended.

        OSError as from open(2); TablesBusyError if another process writes it; CoreError if it is not sound.
        """
    @property
    def facts(self) -> TablesFacts: ...
    def rules(self, text: bytes) -> int:
        """Add a set of rules and grants; its number."""
    def rewrites(self, text: bytes) -> int:
        """Add a set of rewrites; its number."""
    def policy(
        self, block: int, security: int, only: int, flags: int, rules: int = -1, rewrites: int = -1
    ) -> int:
        """Add a policy with sets of these numbers (-1: none); its number. Nobody has it yet."""
    def client(self, address: bytes, length: int, number: int, realm: int = 0) -> None:
        """Give exactly this prefix a policy; NO_POLICY takes the prefix out. Seen by the next look-up of everybody."""
    def served(self, address: bytes, length: int, realm: int = 0) -> None:
        """Serve this prefix: with the default policy, where there is no client."""
    def default(self, number: int) -> None:
        """The policy of whoever is served and no client; NO_POLICY: nobody else is served."""
    def replace(self, rows: bytes) -> tuple[int, int]:
        """Make these packed rows all the clients, storing only what differs; (added or changed, taken out)."""
    def sync(self) -> None:
        """End a batch of changes: all of it is on the disk when this returns. OSError if the disk fails."""
    def close(self) -> None:
        """Let go of the file; any later use is a ValueError."""

def rules_cost(text: bytes) -> tuple[int, int]:
    """(set_bytes, name_bytes) that ``TablesWriter.rules`` takes for this text; ValueError if it is malformed."""

def rewrites_cost(text: bytes) -> tuple[int, int]:
    """The same for ``TablesWriter.rewrites``."""
COOKIE_NONE: int
COOKIE_MALFORMED: int
COOKIE_NEW: int
COOKIE_BAD: int
COOKIE_GOOD: int

class CookieSecrets:
    """The secrets behind DNS cookies (RFC 7873, RFC 9018). Addresses are packed, an IPv4 one in 4 octets."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        """The present secret and, if there was one, its predecessor, 16 octets each; none: no cookie is believed."""

    def make(self, client_cookie: bytes, address: bytes, unix_seconds: int) -> bytes:
        """The server cookie (16 octets) for a client's cookie (8 octets). ValueError without a secret."""

    def check(self, option: bytes, address: bytes, unix_seconds: int) -> int:
        """What the content of a COOKIE option is: one of the numbers above (src/cookie.h)."""

STATS_NAMES: tuple[str, ...]
"""The counters of a core's page, in the order of its words."""

class Stats:
    """Where one core counts. One thread writes: cores of two threads need a page each."""

    def __init__(self, words: memoryview) -> None:
        """``words`` is writable, of 64-bit words, one for each of STATS_NAMES (``CounterPage.words``). It is used as long
        as a core has this object."""

TAP_SIZE: int
"""Octets of a sample's file."""

class Tap:
    """Where an engine writes its sample of queries (src/tap.h has the rules of what may be in it)."""

    def __init__(self, memory: memoryview, seed: int) -> None:
        """A tap that is off. ``memory`` is writable, TAP_SIZE octets, zeroed; ``seed`` 64 random bits."""

    def use(self, one_in: int) -> None:
        """Take 1 in ``one_in`` answered queries from now on; 0: none."""

def confine() -> None:
    """Bind all threads of this process, for good, to the calls of Linux that a serving worker makes (src/confine.h).

    OSError if the kernel cannot; nothing has changed then."""
