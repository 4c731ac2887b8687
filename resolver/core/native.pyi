"""The data plane's native part. Times: ``now_ms`` is CLOCK_MONOTONIC in milliseconds, ``unix_ms`` the time of day.

Names are lower-case DNS wire names; addresses are packed, 4 or 16 bytes.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from mmap import mmap
from pathlib import Path
from typing import Final

from resolver.core.settings import StateSettings

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

# ---- cache: answers of all workers ----

CACHE_PAGE: int
"""Bytes of a page; a mapping is whole pages, the first of them its head."""
CACHE_FRESH: int
CACHE_STALE: int
"""Past its TTL, within the stale window."""
CACHE_PREFETCH: int
"""Fresh, popular and near its end; said once in the life of an answer."""
CACHE_BUSY: int
"""Not kept: another process is writing in the page."""
CACHE_UNWANTED: int
"""Not kept: TTL 0 without an older answer, or so long that it must be asked for twice to push out others."""
CACHE_TOO_LONG: int
"""Not kept: longer than a page can hold."""
KEY_DO: int
KEY_CD: int
"""Bits of a key's flags."""

Cached = tuple[
    int, bytes, tuple[int, ...], tuple[bytes, ...], tuple[bytes, ...], int, int, tuple[tuple[int, bytes], ...]
]
"""State, message, TTL offsets, targets, addresses, ``stored_ms``, TTL in seconds, Extended DNS Errors."""

def cache_format(memory: mmap | bytearray, key: bytes, boot: bytes) -> None:
    """Make zeroed, writable memory an empty cache. ``key`` is 32 random bytes, ``boot`` the 16 of this boot.

    CoreError if it is not whole pages, or fewer than two.
    """

class Cache:
    """A handle on a formatted mapping, which it keeps alive. Many processes may have one; each is not thread-safe.

    A key is a name (lower case; 510 bytes at most, else ValueError), type, class and flags.
    """

    dead_ms: int
    """Past its TTL by this much an answer is of no use and goes first; 0 at first."""

    def __init__(self, memory: mmap | bytearray, boot: bytes, slot: int) -> None:
        """``slot`` is this writer's own among all living ones. CoreError if the memory is no cache of this boot."""
    def recover(self) -> int:
        """Empty the pages that a dead predecessor in this slot left locked; returns how many."""
    def recover_from(self, first: int, /) -> int:
        """The same for all slots from ``first`` on, none of which may belong to a living process."""
    def usage(self) -> tuple[int, int]:
        """Answers, and bytes that they take. Reads one line of every page."""
    def get(self, name: bytes, qtype: int, qclass: int, flags: int, now_ms: int, stale_ms: int, /) -> Cached | None:
        """The answer, fresh or past its TTL by less than ``stale_ms``; counts as a hit."""
    def peek(self, name: bytes, qtype: int, qclass: int, flags: int, now_ms: int, stale_ms: int, /) -> int:
        """The state that ``get`` would give, or 0; counts nothing and never is CACHE_PREFETCH."""
    def put(
        self, name: bytes, qtype: int, qclass: int, flags: int, now_ms: int, wire: bytes, ttl_offsets: tuple[int, ...],
        targets: tuple[bytes, ...], addresses: tuple[bytes, ...], stored_ms: int, ttl: int,
        ede: tuple[tuple[int, bytes], ...] = (), /,
    ) -> int:
        """Keep an answer. Returns how many others had to go, or why it was not kept: CACHE_BUSY, _UNWANTED, _TOO_LONG."""

# ---- scan: an upstream's reply ----

class ReplyError(ValueError):
    """A message that is no well-formed reply; the text says what is wrong with it."""

Scanned = tuple[bytes, int, tuple[int, ...], tuple[bytes, ...], tuple[bytes, ...], int]
"""Message, flags, TTL offsets, targets, addresses, TTL in seconds: as in resolver.exchange.model.Answer."""

class ReplyScanner:
    """What resolver.exchange.scan does, byte for byte, in C. Not thread-safe: it has one room to work in."""

    def scan(
        self, data: bytes, name: bytes, qtype: int, qclass: int, dnssec_ok: bool,
        minimum: int, maximum: int, negative: int, /,
    ) -> tuple[int, bool, bool, tuple[tuple[int, bytes], ...], Scanned | None] | None:
        """Response code, truncated, EDNS, Extended DNS Errors, answer. ReplyError if it is no reply to the question.

        None for what is left to the Python scanner: a message that grows past 65,535 octets without its compression,
        or that takes more steps than any real reply (pointers to pointers, thousands of different names).
        """

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

SKETCH_BITS: int
"""Bits that a client has in a sketch."""
SKETCH_KEY_BYTES: int

class Sketch:
    """Which clients walk through secret lists (src/sketch.h). Any thread may use it; cores and Python may share one."""

    def __init__(self, key: bytes) -> None:
        """An empty sketch; ``key`` is SKETCH_KEY_BYTES random octets."""
    def renew(self, key: bytes) -> None:
        """Forget everybody, and go on under another key."""
    def note(self, client: bytes, name: bytes, *, secret: bool = True, realm: int = 0) -> None:
        """A client (packed address) has met a list at a lower-case wire name. Without ``secret`` it is the work and no
        more. ValueError for an address that is none, or a longer name than there is."""
    def over(self, bits: int) -> int:
        """Clients with at least this number of bits set."""
    @property
    def displaced(self) -> int:
        """Clients that were pushed out for want of room since the key changed."""

CLAMP_KEY_BYTES: int
CLAMP_MOST: int
"""The most hits of one client and group that a clamp can count."""

class Clamp:
    """How much one client may add to a number that is published (src/clamp.h). Any thread may use it."""

    def __init__(self, key: bytes, most: int) -> None:
        """An empty one; ``key`` is CLAMP_KEY_BYTES random octets, ``most`` the hits of a client and group that count."""
    def admit(self, client: bytes, group: int, *, realm: int = 0) -> bool:
        """Whether another hit in this group by a client (packed address) counts. ValueError for an address or group that
        is none."""
    @property
    def full(self) -> int:
        """Hits that did not count for want of room."""

TAP_SIZE: int
"""Octets of a sample's file."""

class Tap:
    """Where an engine writes its sample of queries (src/tap.h has the rules of what may be in it)."""

    def __init__(self, memory: memoryview, seed: int) -> None:
        """A tap that is off. ``memory`` is writable, TAP_SIZE octets, zeroed; ``seed`` 64 random bits."""

    def use(self, one_in: int) -> None:
        """Take 1 in ``one_in`` answered queries from now on; 0: none."""

# ---- pipeline: what happens to a packet ----

ACTION_BLOCK: Final[int]
ACTION_NXDOMAIN: Final[int]
ACTION_NODATA: Final[int]
ACTION_DROP: Final[int]
ACTION_TCP_ONLY: Final[int]
ACTION_OTHER: Final[int]
ACTION_ALLOW: Final[int]
ACTION_COUNT: Final[int]
"""What a list asks for at a name; OTHER is left to Python."""

class HandedOver(Enum):
    """The core leaves a packet to Python."""

    HANDED_OVER = ...

HANDED_OVER: Final = HandedOver.HANDED_OVER

class State:
    """One generation as the core sees it: immutable but for what the files' own writers change in place.

    The files stay mapped as long as the object lives; they must be replaced by rename, never cut short.
    """

    def __init__(
        self,
        lists: str | Path,
        tables: str | Path,
        settings: StateSettings,
        *,
        overlay: str | Path | None = None,
        hits: memoryview | None = None,
        day_hits: memoryview | None = None,
        clamp: Clamp | None = None,
        groups: bytes | None = None,
        verify: bool = True,
        index_key: bytes | None = None,
    ) -> None:
        """Map and check the compiled lists, the clients' tables and the lists' changes. ``verify`` reads all of them.
        Compiled lists of which some are secret need their ``index_key``; it is ignored for others. Hits are counted in
        ``hits`` by bit; in ``day_hits`` once by each of the ``groups``, which has the group of each bit (255: none), as far
        as ``clamp`` counts them.

        OSError as from open(2) and mmap(2); CoreError if a file cannot be used; ValueError for settings out of range.
        """

Answered = tuple[bytes | None | HandedOver, bool, int | None, int | None]
"""The answer (None: silence), whether its question should be asked upstream again, the counter of the block (a place
in STATS_NAMES) and the bit that spoke."""

class Core:
    """Answers packets under a state. Not thread-safe; it keeps what it is given alive."""

    def __init__(
        self,
        cache: Cache | None = None,
        stats: Stats | None = None,
        limiter_key: bytes | None = None,
        sketch: Sketch | None = None,
    ) -> None:
        """``limiter_key``: 16 random octets; without it no rate is limited. ``sketch``: where hits of secret lists are
        noted."""
    def answer(
        self, state: State, packet: bytes, client: bytes, *, over_tcp: bool, now_ms: int, unix_ms: int, realm: int = 0
    ) -> bytes | None | HandedOver:
        """The answer to one packet, None for silence. ValueError for an address that is none, or 65,536 octets."""
    def step(
        self, state: State, packet: bytes, client: bytes, *, now_ms: int, unix_ms: int, realm: int = 0
    ) -> bytes | tuple[bytes, int, int, bool, bool] | HandedOver:
        """One step of a query that came over UDP and was counted before: the answer from the cache, or the question
        that it lacks (name, type, class, DO, CD). Everything else (blocked, rewritten, silent) is handed over. The
        look into the cache is no hit. For a core without counters and limiter."""
    def shed(
        self, state: State, packet: bytes, client: bytes, *, now_ms: int, unix_ms: int, realm: int = 0
    ) -> bytes | None:
        """What the client of a query over UDP gets that was handed over, and finds no room in the ring: a stale answer,
        or SERVFAIL. For a core with counters."""
    def answer_batch(
        self, state: State, packets: Iterable[tuple[bytes, bytes]], *, now_ms: int, unix_ms: int, realm: int = 0
    ) -> list[Answered]:
        """At most 64 (packet, client) that came over UDP together."""
    def time_batches(
        self, state: State, packets: Sequence[tuple[bytes, bytes]], *, rounds: int, now_ms: int, unix_ms: int
    ) -> float:
        """Mean nanoseconds of this thread's CPU per packet, in batches of 64 in memory, without the interpreter."""

# ---- engine: the thread that serves ----

class Engine:
    """The thread that serves UDP sockets without the interpreter; only what the core hands over comes here.

    Every method is called by one thread, the event loop's; none of them waits but ``stop``.
    """

    def __init__(
        self,
        core: Core,
        sockets: Sequence[int],
        *,
        places: int,
        backlog: int,
        max_age_ms: int,
        key: int,
        cpu: int = -1,
        tap: Tap | None = None,
    ) -> None:
        """``core``, with counters, and ``tap`` are this engine's alone from now on; ``sockets`` are descriptors of bound
        UDP sockets that stay the caller's and outlive the engine. At most ``places`` (to 65,535) queries wait for an
        answer, of which ``backlog`` (to 32,768) have not been taken; one source prefix has an eighth of each once half
        are used. ``key`` is 64 random bits. ``cpu`` is the one to stay on. OSError, MemoryError, CoreError if it cannot
        be."""
    def start(self, state: State, cache: Cache | None = None) -> None:
        """Begin to serve, with answers from ``cache`` (not the core's own). OSError if there can be no thread."""
    def use(self, state: State, cache: Cache | None = None) -> None:
        """Serve under this state and from this cache from the next batch on. The old ones are released when the thread
        has passed them."""
    def states_held(self) -> int:
        """States that the thread may still look at, after those that it has passed were released; 1 at rest."""
    def fileno(self) -> int:
        """A descriptor that is readable when there is something to take; call ``heard`` then."""
    def heard(self) -> None:
        """Make ``fileno`` quiet until the next time."""
    def take(self, limit: int) -> list[tuple[int, bytes, bytes, int]]:
        """At most ``limit`` queries: (token, packet, client's packed address, microseconds of CLOCK_MONOTONIC when it
        came). Token 0: answered already, ask its question upstream again. Fewer than ``limit``: the descriptor tells
        of the next one; else call again, because it may not."""
    def reply(self, token: int, answer: bytes | None) -> bool:
        """The answer to a query that was taken, None for silence; sent after the next ``flush``, as a batch. One that
        comes too late is counted and dropped. False if the thread took no answers for 20 ms or more, or it is longer than 65,535 octets: it is dropped."""
    def flush(self) -> None:
        """Let the thread send the answers given so far: once for all that are given together, because it may have to be
        woken."""
    def finish(self) -> None:
        """Answer what has arrived at the sockets, then read no more. The descriptor tells when ``is_idle``."""
    def stop(self) -> None:
        """Send the answers given so far and end the thread. Once is enough; a second call is no error."""
    @property
    def in_hand(self) -> int:
        """Queries that wait for an answer."""
    @property
    def is_idle(self) -> bool:
        """After ``finish``: nothing is read any more, and nobody waits."""

# ---- confine: the calls a worker may make ----

def confine() -> None:
    """Bind all threads of this process, for good, to the calls of Linux that a serving worker makes (src/confine.h).

    OSError if the kernel cannot; nothing has changed then."""

# ---- turns: how soon a worker's threads get the processor ----

TURN_NS: int
"""The turns that ``short_turns`` asks for, in nanoseconds."""

def short_turns() -> None:
    """Let the calling thread, and those that it starts from now on, have short turns and have them soon (src/turns.h).

    OSError if the kernel refuses; serving needs no more than it had before."""

def turn() -> int:
    """The turns of the calling thread, in nanoseconds; 0 if the kernel does not say."""
