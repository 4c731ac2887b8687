"""L1: what the data plane itself costs per packet, in batches in memory: no socket, no system call, no interpreter.

The difference to the CPU per query of S1 and S3 is the kernel's, and the caller's round of the batch.
"""

from __future__ import annotations

import ipaddress
import itertools
import mmap
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import dns.message
import dns.rrset

from blocklists.model import Kind, ListSource
from blocklists.snapshot.compiler import compile_snapshot
from deploy.bench.results import InMemory
from deploy.bench.rig import SERVER_CPU, SOURCES
from deploy.bench.subscribers import RULES, RULES_BYTES, write_subscribers
from deploy.bench.workload import FREE_ADDRESS, Scenario, Workload
from resolver.core import native
from resolver.core.settings import StateSettings
from resolver.runtime.counters import CounterPage

KEY, BOOT, CLIENT = bytes(range(32)), bytes(16), b"\x0a\x40\x00\x01"
CACHE_BYTES = 256 << 20
TTL = 3600
LISTS = "lists"
PACKETS = 20_000
SPARE = 64
ROUNDS = 10
EVERYTHING = (1 << 256) - 1


@dataclass(frozen=True)
class _Case:
    """What is timed: packets with the addresses they come from, by a core under a state."""

    what: str
    core: native.Core
    state: native.State
    packets: Sequence[tuple[bytes, bytes]]


def measure(folder: Path, workload: Workload, rounds: int, subscribers: int) -> list[InMemory]:
    """Packets of S1, S3 and S5 through the whole pipeline, interleaved; from one client, and from many with own policies."""
    place = folder / "in-memory"
    place.mkdir(exist_ok=True)
    cache = _cache()
    stats = native.Stats(CounterPage(place / "counters", native.STATS_NAMES).words)
    filled, bare = native.Core(cache, stats), native.Core(None, stats)
    cached, blocked, unlisted = (workload.scenarios[key] for key in ("S1", "S3", "S5"))
    _fill(cache, cached)
    _compile(place, workload.listed)
    one = _state(place, 0)
    cases = [
        _Case(f"{cached.title}: answered", filled, one, _packets(cached)),
        _Case(f"{blocked.title}: answered", filled, one, _packets(blocked)),
        _Case("unlisted names of four labels: decided, no cache to look into", bare, one, _packets(unlisted)),
    ]
    if subscribers:
        many = _state(place, subscribers)
        words = f"from {subscribers:,} subscribers with own policies and {RULES} rules each"
        for scenario in (cached, blocked):
            packets = _spread(_packets(scenario), subscribers)
            cases.append(_Case(f"{scenario.title}: answered, {words}", filled, many, packets))
    samples: dict[str, list[float]] = {case.what: [] for case in cases}
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CPU})
    try:
        for _ in range(rounds):
            for case in cases:
                samples[case.what].append(_time(case))
    finally:
        os.sched_setaffinity(0, before)
    return [InMemory(what, found) for what, found in samples.items()]


def _time(case: _Case) -> float:
    now = {"now_ms": time.monotonic_ns() // 1_000_000, "unix_ms": time.time_ns() // 1_000_000}
    case.core.time_batches(case.state, case.packets, rounds=1, **now)
    return case.core.time_batches(case.state, case.packets, rounds=ROUNDS, **now)


def _compile(folder: Path, listed: Path) -> None:
    source = ListSource("bench", "file:/generated", "domains", Kind.CATEGORY, ("games",))
    compile_snapshot([(source, listed.read_bytes())], folder / LISTS, key=KEY, now=0, suffixes=())


def _state(folder: Path, subscribers: int) -> native.State:
    """The compiled list, and policies that block all of it: one for everybody, and one for each subscriber."""
    tables = folder / f"tables-{subscribers}"
    tables.unlink(missing_ok=True)
    room, octets = subscribers + SPARE, subscribers * RULES_BYTES + (1 << 12)
    writer = native.TablesWriter.create(
        tables, key=KEY, plan=bytes(32), boot=BOOT, created=1, clients=room, policies=room, set_bytes=octets,
        name_bytes=octets,
    )  # fmt: skip
    writer.default(writer.policy(EVERYTHING, 0, 0, 0))
    writer.served(bytes(4), 0)
    write_subscribers(writer, subscribers, SOURCES, EVERYTHING)
    writer.close()
    return native.State(folder / LISTS, tables, StateSettings(bytes(4), bytes(16)))


def _cache() -> native.Cache:
    memory = mmap.mmap(-1, CACHE_BYTES)
    native.cache_format(memory, KEY, BOOT)
    return native.Cache(memory, BOOT, 0)


def _names(path: Path) -> list[str]:
    with path.open() as lines:
        return [line.split()[0] for line, _ in zip(lines, range(PACKETS), strict=False)]


def _packets(scenario: Scenario) -> list[tuple[bytes, bytes]]:
    queries = {
        name: dns.message.make_query(name, "A", use_edns=False).to_wire()
        for name in set(_names(scenario.questions))
    }
    return [(queries[name], CLIENT) for name in _names(scenario.questions)]


def _spread(packets: Sequence[tuple[bytes, bytes]], subscribers: int) -> list[tuple[bytes, bytes]]:
    """The packets again and again, as many as there are subscribers, from addresses of theirs."""
    numbers, first = random.Random(1), ipaddress.IPv4Address(SOURCES)
    addresses = [(first + numbers.randrange(subscribers)).packed for _ in range(subscribers)]
    return [
        (packet, address) for (packet, _), address in zip(itertools.cycle(packets), addresses, strict=False)
    ]


def _fill(cache: native.Cache, scenario: Scenario) -> None:
    """Answers for all names of a scenario, as an upstream would give them."""
    scanner = native.ReplyScanner()
    now_ms = time.monotonic_ns() // 1_000_000
    for name in _names(scenario.warm):
        query = dns.message.make_query(name, "A", use_edns=False)
        reply = dns.message.make_response(query, recursion_available=True)
        reply.answer.append(dns.rrset.from_text(f"{name}.", TTL, "IN", "A", FREE_ADDRESS))
        wire = query.question[0].name.to_wire()
        assert wire is not None
        scanned = scanner.scan(reply.to_wire(), wire, 1, 1, False, 0, TTL, TTL)
        assert scanned is not None
        assert scanned[-1] is not None
        message, _, offsets, targets, addresses, ttl = scanned[-1]
        cache.put(wire, 1, 1, 0, now_ms, message, offsets, targets, addresses, now_ms, ttl)
