"""A conversation with the exchange, both ends in memory: events given, commands expected, top to bottom."""

from __future__ import annotations

import random
import struct
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from resolver.exchange.counters import COUNTERS
from resolver.exchange.endpoint import Endpoint, parse_endpoint
from resolver.exchange.events import (
    Asked,
    AttemptFailed,
    Close,
    Command,
    DatagramReceived,
    Deliver,
    Event,
    MessageReceived,
    SendDatagram,
    SendMessage,
    Stopped,
    TimePassed,
    Trouble,
    Withdrawn,
)
from resolver.exchange.exchange import Exchange
from resolver.exchange.model import Answer, FailureKind, Question, Resolution
from resolver.tables.model import ResolverSettings

UPSTREAMS = ("192.0.2.1:53", "192.0.2.2:53")

Rr = tuple[str, int, int, bytes]
"""Owner, type, TTL, rdata."""


class FixedDice:
    """Seeded bits; ``random`` gives what the test says, by default the middle: no exploration."""

    def __init__(self, seed: int = 1) -> None:
        self._bits = random.Random(seed)
        self.value = 0.5

    def getrandbits(self, bits: int, /) -> int:
        return self._bits.getrandbits(bits) if bits else 0

    def random(self) -> float:
        return self.value


def to_wire(name: str) -> bytes:
    """``a.example`` as a wire name."""
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\x00"


def pack_rr(rr: Rr, rclass: int = 1) -> bytes:
    owner, rtype, ttl, rdata = rr
    return to_wire(owner) + struct.pack("!HHIH", rtype, rclass, ttl, len(rdata)) + rdata


@dataclass
class ReplyForm:
    """A reply in the making; the defaults are a plain answer's."""

    rcode: int = 0
    answers: Sequence[Rr] = ()
    authorities: Sequence[Rr] = ()
    additional: Sequence[bytes] = ()
    truncated: bool = False
    recursion: bool = True
    edns: bool = True
    ede: int | None = None
    wrong_id: bool = False
    keep_case: bool = True
    asked: bytes | None = None

    def build(self, query: bytes) -> bytes:
        """The message that answers ``query``."""
        number = struct.unpack_from("!H", query)[0] ^ (1 if self.wrong_id else 0)
        end = query.index(b"\x00", 12) + 5
        asked = query[12:end] if self.asked is None else self.asked
        if not self.keep_case:
            asked = asked[:-4].swapcase() + asked[-4:]
        flags = 0x8100 | (0x0200 if self.truncated else 0) | (0x80 if self.recursion else 0) | self.rcode
        extra = list(self.additional)
        if self.edns:
            option = b"" if self.ede is None else struct.pack("!HHH", 15, 2, self.ede)
            extra.append(struct.pack("!BHHIH", 0, 41, 1232, 0, len(option)) + option)
        counts = (1, len(self.answers), len(self.authorities), len(extra))
        body = b"".join(map(pack_rr, (*self.answers, *self.authorities))) + b"".join(extra)
        return struct.pack("!6H", number, flags, *counts) + asked + body


def soa(ttl: int = 60, minimum: int = 60, owner: str = "example") -> Rr:
    return (
        owner,
        6,
        ttl,
        to_wire("ns.example") + to_wire("root.example") + struct.pack("!5I", 1, 2, 3, 4, minimum),
    )


@dataclass
class Conversation:
    """Time, an exchange, and the commands that nobody has looked at yet."""

    settings: ResolverSettings
    max_attempts: int = 100
    now: float = 1000.0
    dice: FixedDice = field(default_factory=FixedDice)

    def __post_init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.exchange = Exchange(
            self.settings, dice=self.dice, count=self._count, max_attempts=self.max_attempts
        )
        self.unseen: deque[Command] = deque()
        self.open: dict[int, SendDatagram | SendMessage] = {}
        self.waiters = 0

    def _count(self, name: str) -> None:
        assert name in COUNTERS
        self.counts[name] += 1

    # ---- events ----

    def give(self, event: Event) -> None:
        self._take(self.exchange.handle(event, self.now))

    def ask(self, name: str, qtype: int = 1, **more: Any) -> int:
        self.waiters += 1
        self.give(Asked(question(name, qtype, **more), self.waiters))
        return self.waiters

    def look(self, name: str, qtype: int = 1) -> Answer | None:
        answer, commands = self.exchange.lookup(question(name, qtype), self.now)
        self._take(commands)
        return answer

    def withdraw(self, waiter: int) -> None:
        self.give(Withdrawn(waiter))

    def datagram(self, attempt: int, data: bytes, source: str | None = None) -> None:
        where = parse_endpoint(source) if source else self.open[attempt].endpoint
        self.give(DatagramReceived(attempt, data, where))

    def reply(self, attempt: int, *, source: str | None = None, **form: Any) -> None:
        """A reply to an open attempt, over the way that it was sent."""
        sent = self.open[attempt]
        if "address" in form:
            name = _text(sent.data)
            form["answers"] = [
                (name, 1, form.pop("ttl", 300), bytes(map(int, form.pop("address").split("."))))
            ]
        data = ReplyForm(**form).build(sent.data)
        if isinstance(sent, SendMessage):
            self.give(MessageReceived(attempt, data))
        else:
            self.datagram(attempt, data, source)

    def fail(self, attempt: int, trouble: Trouble = Trouble.REFUSED) -> None:
        self.give(AttemptFailed(attempt, trouble))

    def stop(self) -> None:
        self.give(Stopped())

    def wait(self, seconds: float) -> None:
        """Let time pass as the shell does: every timer on the way fires at its time."""
        end = self.now + seconds
        while (when := self.exchange.next_timer()) is not None and when <= end:
            self.now = max(self.now, when)
            self.give(TimePassed())
        self.now = end

    # ---- commands ----

    def _take(self, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, SendDatagram | SendMessage):
                self.open[command.attempt] = command
            elif isinstance(command, Close):
                del self.open[command.attempt]
            self.unseen.append(command)

    def expect_query(self, endpoint: str | None = None, *, tcp: bool = False) -> int:
        """The next command sends a query; returns the attempt's number."""
        command = self.unseen.popleft()
        assert isinstance(command, SendMessage if tcp else SendDatagram), command
        if endpoint is not None:
            assert str(command.endpoint) == endpoint
        return command.attempt

    def expect_close(self, *attempts: int) -> None:
        assert [self.unseen.popleft() for _ in attempts] == [Close(attempt) for attempt in attempts]

    def expect_delivery(self, waiter: int) -> Resolution:
        command = self.unseen.popleft()
        assert isinstance(command, Deliver), command
        assert command.waiter == waiter
        return command.resolution

    def expect_address(self, waiter: int, address: str, *, stale: bool = False) -> Resolution:
        resolution = self.expect_delivery(waiter)
        assert resolution.answer is not None
        assert resolution.answer.addresses == (bytes(map(int, address.split("."))),)
        assert resolution.stale is stale
        assert resolution.failure is None
        return resolution

    def expect_failure(self, waiter: int, kind: FailureKind) -> Resolution:
        resolution = self.expect_delivery(waiter)
        assert resolution.failure is kind
        assert resolution.answer is None
        return resolution

    def expect_silence(self) -> None:
        assert not self.unseen

    def store(self, name: str, address: str, ttl: int = 300) -> None:
        """Have an answer in the cache."""
        waiter = self.ask(name)
        attempt = self.expect_query()
        self.reply(attempt, address=address, ttl=ttl)
        self.expect_address(waiter, address)
        self.expect_close(attempt)
        self.expect_silence()


def _text(query: bytes) -> str:
    labels, position = [], 12
    while query[position]:
        labels.append(query[position + 1 : position + 1 + query[position]].decode().lower())
        position += query[position] + 1
    return ".".join(labels)


def question(name: str, qtype: int = 1, **more: Any) -> Question:
    return Question(to_wire(name.lower()), qtype, **more)


@pytest.fixture
def talk_with() -> Callable[..., Conversation]:
    """Start a conversation with settings of one's own."""

    def start(max_attempts: int = 100, **settings: Any) -> Conversation:
        settings.setdefault("upstreams", UPSTREAMS)
        return Conversation(replace(ResolverSettings(), **settings), max_attempts)

    return start


@pytest.fixture
def talk(talk_with: Callable[..., Conversation]) -> Conversation:
    """A conversation with two upstreams and the default settings."""
    return talk_with()


@pytest.fixture(name="to_wire")
def to_wire_fixture() -> Callable[[str], bytes]:
    return to_wire


@pytest.fixture
def make_question() -> Callable[..., Question]:
    return question


@pytest.fixture
def reply_form() -> type[ReplyForm]:
    return ReplyForm


@pytest.fixture
def make_soa() -> Callable[..., Rr]:
    return soa


@pytest.fixture
def dice() -> FixedDice:
    return FixedDice()


@pytest.fixture
def upstream_one() -> Endpoint:
    return parse_endpoint(UPSTREAMS[0])
