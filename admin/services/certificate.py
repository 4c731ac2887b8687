"""A certificate: what was tested and enforced of one list in one quarter. Values, and how they come from facts. Pure.

It says what it does not cover as plainly as what it does. It never has an entry, and of a secret list no number of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from admin.services.probes import State
from blocklists.model import Confidentiality, Disposition, ListSource

SCHEMA = "weir-certification/1"
FLOOR = 10
"""Smaller numbers of entries of a restricted list are not told (requirement G1)."""
KNOWN_TRANSPORTS = ("udp", "tcp", "dot", "doh", "http", "https")
"""All ways by which a browser's wish reaches this box; what is not among the tested ones is said."""


@dataclass(frozen=True, slots=True)
class Software:
    """What ran: the version, and the SHA-256 (hexadecimal) of its files."""

    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration that was in force from ``since`` on (Unix seconds), by the SHA-256 of its file."""

    digest: str
    since: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """The probes over one transport."""

    transport: str
    good: int
    failed: int
    untold: int
    hours: int
    """Hours in which at least one probe had a result."""

    @property
    def share(self) -> float | None:
        """Of the probes with a result, how many were good; None if there were none."""
        told = self.good + self.failed
        return self.good / told if told else None


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which the list was not enforced as it should be, or not at all. ``end`` None: it lasts."""

    begin: float
    end: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from one moment to another over some versions; None if there are no versions."""

    versions: int
    median: float | None
    longest: float | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """All of it. Times are Unix seconds, latencies seconds."""

    node: str
    list_id: str
    title: str
    authority: str
    kind: str
    legal_basis: str
    confidentiality: str
    canary: str
    quarter: str
    begin: float
    end: float
    made: float
    software: Software
    configurations: tuple[Configuration, ...]
    hours: int
    """Whole hours of the quarter that have passed."""
    tested: tuple[Coverage, ...]
    outages: tuple[Span, ...]
    """From the first failing probe to the first good one; the fault may have begun up to one interval earlier."""
    off: tuple[Span, ...]
    """Suspended, or past its maximum age."""
    events: Mapping[str, int]
    """How often versions were synced, held, failed, released, rolled back, and how often the list grew too old."""
    enforced_after_fetch: Latency
    enforced_after_publication: Latency
    """For versions whose source says when they were published."""
    removed_after_fetch: Latency
    """For versions with fewer entries than the one before."""
    entries: Mapping[str, int | None]
    """By what enforcement they can get, in the newest version of the quarter; None = not told."""
    uncovered: tuple[str, ...]
    schema: str = SCHEMA


@dataclass(frozen=True, slots=True)
class Told:
    """An event of the self-test: the list's state from ``at`` on."""

    at: float
    state: State
    words: str


@dataclass(frozen=True, slots=True)
class Enforced:
    """When a version was fetched, and when it was in force."""

    fetched: float
    at: float
    published: float | None
    shrank: bool


def spans(told: Sequence[Told], state: State, begin: float, end: float) -> tuple[Span, ...]:
    """The times within ``begin`` and ``end`` in which the list had a state; ``told`` in the order of time.

    What was told last before ``begin`` is among ``told``. A list that is never told of works.
    """
    found: list[Span] = []
    since: tuple[float, str] | None = None
    for item in told:
        if item.at >= end:
            break
        if item.state is state:
            since = since or (max(begin, item.at), item.words)
        elif since is not None and item.state is not State.UNKNOWN:
            if item.at > begin:
                found.append(Span(since[0], item.at, since[1]))
            since = None
    if since is not None:
        found.append(Span(since[0], None, since[1]))
    return tuple(found)


def latency(seconds: Iterable[float]) -> Latency:
    """Median and longest. A clock that was set back between two moments gives no negative time, but none."""
    usable = [value for value in seconds if value >= 0]
    if not usable:
        return Latency(0, None, None)
    return Latency(len(usable), median(usable), max(usable))


def latencies(found: Sequence[Enforced]) -> tuple[Latency, Latency, Latency]:
    """After the fetch, after the publication, and after the fetch for versions that ended entries."""
    return (
        latency(item.at - item.fetched for item in found),
        latency(item.at - item.published for item in found if item.published is not None),
        latency(item.at - item.fetched for item in found if item.shrank),
    )


def shown_entries(confidentiality: Confidentiality, counts: Mapping[str, object]) -> dict[str, int | None]:
    """Numbers of entries as they may be told. ``counts`` is the detail of the event of a new version."""
    shown: dict[str, int | None] = {}
    for kind in Disposition:
        number = counts.get(f"entries_{kind}", 0)
        known = isinstance(number, int) and bool(counts)
        shown[kind.value] = int(str(number)) if known else None
    if confidentiality is Confidentiality.SECRET:
        return dict.fromkeys(shown)
    if confidentiality is Confidentiality.RESTRICTED:
        return {
            kind: None if number is not None and 0 < number < FLOOR else number
            for kind, number in shown.items()
        }
    return shown


def uncovered(
    source: ListSource, tested: Iterable[Coverage], hours: int, listens_ipv6: bool
) -> Iterator[str]:
    """What a reader must not take for tested, each as a word that the page puts into a sentence."""
    done = {item.transport: item for item in tested if item.good + item.failed}
    if not source.handling.canary:
        yield "no-canary"
    for transport in KNOWN_TRANSPORTS:
        if transport not in done:
            yield f"transport-{transport}"
    if hours and max((item.hours for item in done.values()), default=0) < hours:
        yield "hours-without-probes"
    if listens_ipv6:
        yield "ipv6-source"
    yield "single-entries"
    yield "https-pages"
    yield "other-resolvers"
