"""L1: what the data plane itself costs per packet, in batches in memory: no socket, no system call, no interpreter.

The difference to the CPU per query of S1 and S3 is the kernel's, and the caller's round of the batch.
"""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Sequence
from pathlib import Path

import dns.message
import dns.rrset

from blocklists.model import Kind, ListSource
from blocklists.snapshot.compiler import compile_snapshot
from deploy.bench.results import InMemory
from deploy.bench.rig import SERVER_CPU
from deploy.bench.workload import FREE_ADDRESS, Scenario, Workload
from resolver.core import native
from resolver.core.settings import StateSettings
from resolver.runtime.counters import CounterPage

KEY, BOOT, CLIENT = bytes(range(32)), bytes(16), b"\x0a\x40\x00\x01"
CACHE_BYTES = 256 << 20
TTL = 3600
PACKETS = 20_000
ROUNDS = 10
EVERYTHING = (1 << 256) - 1


def measure(folder: Path, workload: Workload, rounds: int) -> list[InMemory]:
    """Cached, blocked, and neither: packets of S1, S3 and S5 through the whole pipeline, interleaved."""
    place = folder / "in-memory"
    place.mkdir(exist_ok=True)
    state = _state(place, workload.listed)
    cache = _cache()
    stats = native.Stats(CounterPage(place / "counters", native.STATS_NAMES).words)
    filled, bare = native.Core(cache, stats), native.Core(None, stats)
    cached, blocked, unlisted = (workload.scenarios[key] for key in ("S1", "S3", "S5"))
    _fill(cache, cached)
    cases = [
        (f"{cached.title}: answered", filled, _packets(cached)),
        (f"{blocked.title}: answered", filled, _packets(blocked)),
        ("unlisted names of four labels: decided, no cache to look into", bare, _packets(unlisted)),
    ]
    samples: dict[str, list[float]] = {what: [] for what, _, _ in cases}
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CPU})
    try:
        for _ in range(rounds):
            for what, core, packets in cases:
                samples[what].append(_time(core, state, packets))
    finally:
        os.sched_setaffinity(0, before)
    return [InMemory(what, found) for what, found in samples.items()]


def _time(core: native.Core, state: native.State, packets: Sequence[tuple[bytes, bytes]]) -> float:
    now = {"now_ms": time.monotonic_ns() // 1_000_000, "unix_ms": time.time_ns() // 1_000_000}
    core.time_batches(state, packets, rounds=1, **now)
    return core.time_batches(state, packets, rounds=ROUNDS, **now)


def _state(folder: Path, listed: Path) -> native.State:
    """The compiled list, and one policy for everybody that blocks all of it."""
    source = ListSource("bench", "file:/generated", "domains", Kind.CATEGORY, ("games",))
    lists, tables = folder / "lists", folder / "tables"
    compile_snapshot([(source, listed.read_bytes())], lists, key=KEY, now=0, suffixes=())
    tables.unlink(missing_ok=True)
    writer = native.TablesWriter.create(
        tables, key=KEY, plan=bytes(32), boot=BOOT, created=1, clients=64, policies=64, set_bytes=1 << 12,
        name_bytes=1 << 12,
    )  # fmt: skip
    writer.default(writer.policy(EVERYTHING, 0, 0, 0))
    writer.served(bytes(4), 0)
    writer.close()
    return native.State(lists, tables, StateSettings(bytes(4), bytes(16)))


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
