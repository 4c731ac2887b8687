"""The shared cache against the Python one, against LRU and FIFO, and by its weight."""

from __future__ import annotations

import mmap
import random
from collections import OrderedDict
from collections.abc import Callable
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.core import native
from resolver.exchange.cache import Cache as Oracle
from resolver.exchange.cache import Found
from resolver.exchange.model import Answer, Question

BOOT = bytes(range(16))
WINDOW = 50.0
PAGES = 65


def _question(number: int, *, dnssec_ok: bool = False, checking_disabled: bool = False) -> Question:
    label = f"host{number}".encode()
    name = bytes((len(label),)) + label + b"\x07example\x03com\x00"
    return Question(name, 1, 1, dnssec_ok, checking_disabled)


def _answer(question: Question, *, stored: float = 0.0, ttl: int = 300, records: int = 2) -> Answer:
    """As a reply with ``records`` A records is kept."""
    head = b"\x00\x00\x81\x80\x00\x01" + records.to_bytes(2, "big") + bytes(4) + question.name
    wire, offsets = head + b"\x00\x01\x00\x01", []
    addresses = []
    for number in range(records):
        address = crc32(f"{question}{stored}{number}".encode()).to_bytes(4, "big")
        offsets.append(len(wire) + 6)
        wire += b"\xc0\x0c\x00\x01\x00\x01" + ttl.to_bytes(4, "big") + b"\x00\x04" + address
        addresses.append(address)
    return Answer(question, wire, 0x8180, tuple(offsets), (), tuple(addresses), stored, ttl)


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


class Shared:
    """A mapping of this test alone, with the methods of the Python cache."""

    def __init__(self, pages: int = PAGES, window: float = WINDOW) -> None:
        memory = mmap.mmap(-1, pages * native.CACHE_PAGE)
        native.cache_format(memory, random.Random(5).randbytes(32), BOOT)
        self.cache = native.Cache(memory, BOOT, 0)
        self.cache.dead_ms = _ms(window)
        self._window = _ms(window)

    def look(self, question: Question, now: float) -> Found | None:
        found = self.cache.get(*_key(question), _ms(now), self._window)
        if found is None:
            return None
        state, wire, offsets, targets, addresses, stored, ttl, ede = found
        answer = Answer(
            question,
            wire,
            int.from_bytes(wire[2:4], "big"),
            offsets,
            targets,
            addresses,
            stored / 1000,
            ttl,
            ede,
        )
        return Found(answer, state != native.CACHE_STALE, state == native.CACHE_PREFETCH)

    def holds(self, question: Question, now: float) -> bool:
        return self.cache.peek(*_key(question), _ms(now), self._window) != 0

    def store(self, answer: Answer) -> int:
        stored = _ms(answer.stored)
        return self.cache.put(
            *_key(answer.question),
            stored,
            answer.wire,
            answer.ttl_offsets,
            answer.targets,
            answer.addresses,
            stored,
            answer.ttl,
            answer.ede,
        )


def _key(question: Question) -> tuple[bytes, int, int, int]:
    flags = native.KEY_DO * question.dnssec_ok | native.KEY_CD * question.checking_disabled
    return question.name, question.qtype, question.qclass, flags


QUESTIONS = st.builds(_question, st.integers(0, 12), dnssec_ok=st.booleans(), checking_disabled=st.booleans())
STEPS = st.tuples(
    st.sampled_from(("look", "look", "look", "holds", "store")),
    QUESTIONS,
    st.sampled_from((0, 1, 9, 10, 12, 30)),
    st.sampled_from((0, 0, 250, 1000, 9000)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, max_size=80))
def test_says_what_the_python_cache_says(script: list[tuple[str, Question, int, int]]) -> None:
    """But for prefetches: the shared cache speaks of each once in the life of an answer."""
    oracle, shared, now, said = Oracle(10**9, WINDOW), Shared(), 0.0, set[tuple[Question, float]]()
    for what, question, ttl, step in script:
        now += step / 1000
        if what == "store":
            answer = _answer(question, stored=now, ttl=ttl)
            oracle.store(answer)
            kept = shared.store(answer)
            assert kept == 0 or (kept == native.CACHE_UNWANTED and ttl == 0)
            said.discard((question, now))
        elif what == "holds":
            assert shared.holds(question, now) == oracle.holds(question, now)
        else:
            expected = oracle.look(question, now)
            if expected is not None and expected.prefetch:
                life = (question, expected.answer.stored)
                expected = Found(expected.answer, expected.fresh, life not in said)
                said.add(life)
            assert shared.look(question, now) == expected


EDE = st.lists(st.tuples(st.integers(0, 65535), st.binary(max_size=30)), max_size=3).map(tuple)
NAMES = st.lists(
    st.lists(st.binary(min_size=1, max_size=20), max_size=5).map(
        lambda labels: b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    ),
    max_size=5,
).map(tuple)
ADDRESSES = st.lists(st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16), max_size=5)


@given(NAMES, ADDRESSES.map(tuple), EDE, st.binary(max_size=300), st.data())
def test_gives_back_what_was_put(
    targets: tuple[bytes, ...],
    addresses: tuple[bytes, ...],
    ede: tuple[tuple[int, bytes], ...],
    tail: bytes,
    data: st.DataObject,
) -> None:
    shared, question = Shared(2), _question(1)
    wire = _answer(question).wire + tail
    offsets = data.draw(st.lists(st.integers(3, (len(wire) - 4) // 4), unique=True, max_size=20))
    places = tuple(4 * offset for offset in sorted(offsets))
    answer = Answer(question, wire, 0x8180, places, targets, addresses, 7.5, 60, ede)
    assert shared.store(answer) == 0
    assert shared.look(question, 8.0) == Found(answer, fresh=True)


@pytest.mark.parametrize(
    ("size", "why"), [(0, "pages"), (native.CACHE_PAGE, "pages"), (3 * native.CACHE_PAGE - 1, "pages")]
)
def test_memory_that_makes_no_cache(size: int, why: str) -> None:
    with pytest.raises(native.CoreError, match=why):
        native.cache_format(bytearray(size), bytes(32), BOOT)


def test_a_mapping_of_another_boot_is_refused() -> None:
    memory = mmap.mmap(-1, 2 * native.CACHE_PAGE)
    with pytest.raises(native.CoreError, match="no answer cache"):
        native.Cache(memory, BOOT, 0)
    native.cache_format(memory, bytes(32), BOOT)
    with pytest.raises(native.CoreError, match="before the machine was started"):
        native.Cache(memory, bytes(16), 0)


def test_what_is_too_long_is_not_kept() -> None:
    shared = Shared()
    wire = _answer(_question(1)).wire
    for octets, records in ((13_000, 1), (70_000, 1), (3_000, 600)):
        offsets = tuple(range(12, 12 + 4 * records, 4))
        answer = Answer(_question(1), wire + bytes(octets), 0x8180, offsets, (), (), 0.0, 60)
        assert shared.store(answer) == native.CACHE_TOO_LONG
    assert shared.look(_question(1), 0.0) is None


# ---- who stays ----


def _trace(length: int) -> list[int]:
    """Zipf with exponent 1 over 6,000 names, and after every 500 a scan of 250 names never asked for again."""
    numbers = random.Random(11)
    names = list(range(6_000))
    weights = [1 / (rank + 1) for rank in names]
    trace: list[int] = []
    scanned = 1_000_000
    for _ in range(length // 750):
        trace += numbers.choices(names, weights, k=500)
        trace += range(scanned, scanned + 250)
        scanned += 250
    return trace


def _replay(trace: list[int], is_hit: Callable[[int], bool]) -> float:
    return sum(map(is_hit, trace)) / len(trace)


def _queue(room: int, *, moves: bool) -> Callable[[int], bool]:
    """LRU if entries move when they are hit, else FIFO; ``room`` in entries."""
    kept: OrderedDict[int, None] = OrderedDict()

    def is_hit(number: int) -> bool:
        if number in kept:
            if moves:
                kept.move_to_end(number)
            return True
        kept[number] = None
        if len(kept) > room:
            kept.popitem(last=False)
        return False

    return is_hit


def test_beats_lru_and_fifo_under_scans() -> None:
    """Of the same bytes: theirs hold nothing but bodies, ours pays for heads, slots and holes too."""
    pages, trace = 13, _trace(60_000)
    shared, answers = Shared(pages), dict[int, Answer]()
    probe = Shared(2)
    probe.store(_answer(_question(1)))
    room = pages * native.CACHE_PAGE // probe.cache.usage()[1]

    def is_hit(number: int) -> bool:
        question = _question(number)
        if shared.look(question, 1.0) is not None:
            return True
        if number not in answers:
            answers[number] = _answer(question)
        shared.store(answers[number])
        return False

    ours = _replay(trace, is_hit)
    lru, fifo = _replay(trace, _queue(room, moves=True)), _replay(trace, _queue(room, moves=False))
    assert ours > lru + 0.02
    assert ours > fifo + 0.05


@pytest.mark.parametrize("count", [2_000, 60_000])
def test_weight(count: int) -> None:
    """The README says what an answer weighs: here with two addresses and a name of 22 octets."""
    shared = Shared(count // 100 + 2)
    for number in range(count):
        shared.store(_answer(_question(number)))
    entries, octets = shared.cache.usage()
    assert entries > 0.97 * count
    assert octets / entries < 145
