"""What a received message means for the attempt it came to (RFC 5452 section 9: what a reply must match).

Over UDP anybody can send, so whatever does not match is discarded while the real reply is still awaited; the suspicion
that somebody is guessing moves the question to TCP. Over TCP only the upstream can have sent it, so a message that does
not fit ends the attempt.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from resolver.exchange.endpoint import Endpoint
from resolver.exchange.flight import Attempt, Transport
from resolver.exchange.model import Answer, Question
from resolver.exchange.query import Match, compare
from resolver.exchange.reader import read_reply
from resolver.exchange.scan import FORMERR, NOTIMP, Reply, TtlLimits
from resolver.exchange.wire import MalformedReplyError

MAX_WRONG_IDS = 3
"""Datagrams with a wrong id for one query: somebody is guessing. A stray duplicate or two is ordinary."""
MAX_DISCARDED = 10
"""Datagrams discarded for one query, whatever the reason; listening on would only cost time."""


class Step(Enum):
    """What the exchange does next for the attempt."""

    WAIT = auto()
    STREAM = auto()
    """Ask the same upstream over TCP."""
    PLAIN = auto()
    """Ask the same upstream without EDNS (RFC 6891 section 7)."""
    NEXT = auto()
    """This upstream does not answer this question; ask another."""
    DONE = auto()


class Outcome(NamedTuple):
    """The step, and what was learnt on the way to it."""

    step: Step
    discarded: str = ""
    """The counter of a discarded message; empty if it was none."""
    heard: bool = False
    """The upstream itself has spoken, whatever it said."""
    answer: Answer | None = None
    """With DONE."""
    ede: tuple[tuple[int, bytes], ...] = ()
    case_lost: bool = False
    """The upstream changed the case of the name over TCP."""


_DISCARDS = {
    Match.OTHER_ID: "discarded_id",
    Match.OTHER_QUESTION: "discarded_question",
    Match.OTHER_CASE: "discarded_case",
    Match.NO_RESPONSE: "discarded_malformed",
}


class Judge(NamedTuple):
    """Judges the messages of one question received at ``now``."""

    question: Question
    limits: TtlLimits
    now: float

    def datagram(self, attempt: Attempt, data: bytes, source: Endpoint) -> Outcome:
        """A datagram; counts on the attempt what is discarded."""
        if source != attempt.upstream.endpoint:
            return _discard(attempt, "discarded_address")
        match = compare(attempt.query, data)
        if match is Match.OTHER_CASE:
            if not attempt.query.mixed_case:
                return self._read(attempt, data)
            return Outcome(Step.STREAM, "discarded_case")
        if match in _DISCARDS:
            attempt.wrong_ids += match is Match.OTHER_ID
            return _discard(attempt, _DISCARDS[match])
        if match is Match.BARE_ERROR:
            return _refusal(attempt, Reply(data[3] & 0xF))
        return self._read(attempt, data)

    def message(self, attempt: Attempt, data: bytes) -> Outcome:
        """A message over TCP; a change of case is forgiven and remembered."""
        match = compare(attempt.query, data)
        if match is Match.BARE_ERROR:
            return _refusal(attempt, Reply(data[3] & 0xF))
        if match is not Match.OTHER_CASE and match in _DISCARDS:
            return Outcome(Step.NEXT, _DISCARDS[match])
        outcome = self._read(attempt, data)
        if match is Match.OTHER_CASE and attempt.query.mixed_case:
            return outcome._replace(case_lost=True)
        return outcome

    def _read(self, attempt: Attempt, data: bytes) -> Outcome:
        """The message is the reply by header and question; now its content."""
        try:
            reply = read_reply(data, self.question, self.limits, self.now)
        except MalformedReplyError:
            if attempt.transport is Transport.STREAM:
                return Outcome(Step.NEXT, "discarded_malformed")
            return _discard(attempt, "discarded_malformed")
        if reply.truncated:
            # Over TCP there is no larger form to ask for.
            over_udp = attempt.transport is Transport.DATAGRAM
            return Outcome(Step.STREAM if over_udp else Step.NEXT, heard=True)
        if reply.answer is None:
            return _refusal(attempt, reply)
        return Outcome(Step.DONE, heard=True, answer=reply.answer)


def _discard(attempt: Attempt, counter: str) -> Outcome:
    attempt.discarded += 1
    suspicious = attempt.wrong_ids >= MAX_WRONG_IDS or attempt.discarded >= MAX_DISCARDED
    return Outcome(Step.STREAM if suspicious else Step.WAIT, counter)


def _refusal(attempt: Attempt, reply: Reply) -> Outcome:
    """A server that knows EDNS says so by an OPT record even in an error; one that does not is asked without."""
    step = Step.NEXT
    if reply.rcode in (FORMERR, NOTIMP) and attempt.query.edns and not reply.edns:
        step = Step.PLAIN
    return Outcome(step, heard=True, ede=reply.ede)
