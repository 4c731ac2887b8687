"""One query under one generation: the verdict on the name, the way along aliases, the verdict on what they lead to.

The object lives for one attempt; a miss ends it, and the next attempt starts anew with one more known answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from blocklists.model import Action as ListAction
from resolver.answer.chain import Chained, ChainError, aliases_only, behind_alias
from resolver.answer.codes import ede_of
from resolver.answer.generation import Generation
from resolver.answer.local_data import NameTooLongError, zone_records
from resolver.answer.message import Query, Rcode
from resolver.answer.reply import (
    TYPE_A,
    TYPE_AAAA,
    TYPE_CNAME,
    Carrier,
    Record,
    addresses,
    finish,
    minimal_any,
    negative,
    patched,
    synthesised,
)
from resolver.answer.zones import MAX_CHAIN
from resolver.clients.address import parse_address
from resolver.exchange.model import STALE_TTL, Answer, FailureKind, Question, Resolution
from resolver.policy.model import Listing, Policy, ReasonKind, Step, Verdict, VerdictAction, bits_of
from resolver.policy.reasons import BLOCKED_TTL, Ede
from resolver.policy.verdict import Case, Part, decide

TYPE_ANY = 255
_VOUCHED = {Step.PROTECTED, Step.GRANT, Step.RULE}
_FAILURE_EDE = {
    FailureKind.UNREACHABLE: Ede.NO_REACHABLE_AUTHORITY,
    FailureKind.NETWORK: Ede.NETWORK_ERROR,
    FailureKind.OVERLOAD: Ede.NOT_READY,
}


class Asked(NamedTuple):
    """A query and how it came: all that answering it depends on besides the state. ``cookie`` is the content of the
    COOKIE option that its answer carries; empty for none.
    """

    query: Query
    client: str
    over_tcp: bool
    cookie: bytes = b""


class Miss(NamedTuple):
    """``question`` must be resolved before ``asked`` can be answered; give the result to ``Pipeline.resume``."""

    asked: Asked
    question: Question
    known: Mapping[Question, Resolution] = MappingProxyType({})


Result = bytes | Miss | None
"""An answer to send, a question to resolve first, or silence."""


def no_cookie(_option: bytes, _client: str, _now: float) -> bytes:
    """For a box without a secret: its answers carry no cookie."""
    return b""


class Spoken(NamedTuple):
    """Lists and zones have had a say about a query that has its answer now: ``bits`` are theirs, ``seen`` those of all
    lists that name anything on the way. ``policy`` and ``view`` say what the bits meant. Never kept as it is.
    """

    query: Query
    bits: int
    seen: int
    client: str = ""
    blocked: tuple[int, ReasonKind] | None = None
    """The bit of the list, category or zone that blocked, and its reason."""


def _unheard(_: Spoken) -> None:
    """Count no hits."""


def _forget(_: Answer) -> None:
    """Keep nothing: where no core runs, nobody would ask."""


@dataclass(frozen=True, slots=True)
class Services:
    """What a decision may call. ``lookup`` finds a fresh cached answer, ``age`` tells its age in whole seconds,
    ``cookie`` gives the content of the answer's COOKIE option for that of the query, its sender and the time.
    """

    lookup: Callable[[Question], Answer | None]
    age: Callable[[Answer], int]
    count: Callable[[str], None]
    cookie: Callable[[bytes, str, float], bytes] = no_cookie
    keep: Callable[[Answer], None] = _forget
    """Keeps a whole answer behind a safe-search alias, so that the core need not ask again. Its question's name is two:
    the one asked for, and the one that answers for it."""
    spoken: Callable[[Spoken], None] = _unheard
    """Is told once of every query that gets its answer (or silence) after lists have spoken."""


class Moment(NamedTuple):
    """Under what a decision is made: the generation, the asker's policy, the time, and answers known so far."""

    generation: Generation
    policy: Policy
    now: float
    known: Mapping[Question, Resolution]


class Decision:
    """Answers one query, or says which question must be resolved first."""

    def __init__(self, asked: Asked, moment: Moment, services: Services) -> None:
        self._asked = asked
        self._query = asked.query
        self._moment = moment
        self._view = moment.generation.view
        self._services = services
        self._aliases: list[Record] = []
        self._vouched = False
        self._silenced = 0
        """The bits of zones that have no say any more."""
        self._spoke = 0
        """The bits of lists and zones that have spoken: what is counted as their hits."""
        self._seen = 0
        """The bits of all lists that name anything on the way."""
        self._blocked_by: tuple[int, ReasonKind] | None = None
        self._rewritten_to = b""
        """Safe search has led here: nothing but the policy stands between the name asked for and this one."""
        self._list_spoke = False
        """A list's own action has been followed: what it leads to gets the reason's plain answer if it is blocked."""

    def result(self) -> Result:
        """The answer, the miss, or None for silence."""
        result = self._result()
        if self._spoke and not isinstance(result, Miss):
            asked = self._asked
            self._services.spoken(
                Spoken(asked.query, self._spoke, self._seen, asked.client, self._blocked_by)
            )
        return result

    def _result(self) -> Result:
        name = self._query.name
        listing = self._view.listing(name)
        verdict = self._judge(name, listing, Part.QUERY)
        self._vouched = verdict.reason.step in _VOUCHED
        if verdict.action is VerdictAction.BLOCK:
            return self._blocked(verdict, name)
        if self._query.qtype == TYPE_ANY:
            return self._finish(minimal_any(self._query))
        if verdict.action is VerdictAction.REWRITE:
            return self._rewritten(verdict.target)
        return self._resolve(name)

    def _judge(self, name: bytes, listing: Listing, part: Part) -> Verdict:
        moment, masks = self._moment, self._view.masks
        verdict = decide(
            Case(
                name,
                listing,
                moment.policy,
                masks,
                moment.now,
                part,
                self._vouched,
                self._asked.over_tcp,
                self._silenced,
            )
        )
        self._seen |= listing.bits
        self._silenced |= verdict.silenced
        self._spoke |= verdict.passed
        for bit in bits_of(verdict.passed):
            if masks.actions[bit][1] is ListAction.TCP_ONLY:
                self._services.count("tcp_only")
        return verdict

    def _rewritten(self, target: bytes) -> Result:
        """Safe search. Only addresses are rewritten: an HTTPS record of the original would undo it."""
        self._services.count("rewritten")
        if self._query.qtype not in (TYPE_A, TYPE_AAAA, TYPE_CNAME):
            return self._finish(negative(self._query, Rcode.NOERROR, BLOCKED_TTL))
        alias = (self._query.name, TYPE_CNAME, BLOCKED_TTL, target)
        if self._query.qtype == TYPE_CNAME:
            return self._finish(aliases_only(self._query, [alias]))
        self._rewritten_to = target
        return self._led_to(target, alias)

    def _led_to(self, target: bytes, alias: Record) -> Result:
        """Resolve behind an alias made here; its target is judged like any other: no list lifts another's block."""
        blocked = self._judge_answer((target,), ())
        if blocked is not None:
            return blocked[0]
        self._aliases = [alias]
        return self._resolve(target)

    def _resolve(self, name: bytes) -> Result:
        """Follow ``name`` through built-in zones, what is known, and the cache; or report the miss."""
        for _ in range(MAX_CHAIN):
            local = self._moment.generation.zones.find(name, self._query.qtype)
            if local is None:
                return self._outside(name)
            self._aliases += local.records
            blocked = self._judge_records(local.records)
            if blocked is not None:
                return blocked[0]
            if not local.leaves_to:
                self._services.count("local_answers")
                if not self._aliases:
                    return self._finish(negative(self._query, local.rcode, BLOCKED_TTL))
                return self._finish(aliases_only(self._query, self._aliases, local.rcode))
            name = local.leaves_to
        return self._failed(FailureKind.NETWORK)

    def _judge_records(self, records: Sequence[Record]) -> tuple[Result] | None:
        targets = tuple(rdata.lower() for _, rtype, _, rdata in records if rtype == TYPE_CNAME)
        found = tuple(rdata for _, rtype, _, rdata in records if rtype in (TYPE_A, TYPE_AAAA))
        return self._judge_answer(targets, found)

    def _outside(self, name: bytes) -> Result:
        query = self._query
        dnssec_ok = query.edns is not None and query.edns.dnssec_ok
        question = Question(name, query.qtype, query.qclass, dnssec_ok, query.checking_disabled)
        resolution = self._moment.known.get(question)
        if resolution is None:
            cached = self._services.lookup(question)
            if cached is None:
                return Miss(self._asked, question, self._moment.known)
            resolution = Resolution(cached)
        if resolution.answer is None:
            return self._failed(resolution.failure or FailureKind.NETWORK, resolution.ede)
        return self._answer(resolution.answer, stale=resolution.stale)

    def _answer(self, answer: Answer, *, stale: bool) -> Result:
        blocked = self._judge_answer(answer.targets, answer.addresses)
        if blocked is not None:
            return blocked[0]
        age = self._services.age(answer)
        ceiling = STALE_TTL if stale else None
        ede = [(int(code), text) for code, text in answer.ede]
        if stale:
            ede.insert(0, (_stale_code(answer), b""))
        wire, ttl_offsets = answer.wire, answer.ttl_offsets
        if self._aliases:
            try:
                whole = behind_alias(self._query, self._aliases, wire)
            except ChainError:
                return self._failed(FailureKind.NETWORK)
            wire, ttl_offsets = whole.wire, whole.ttl_offsets
            if self._rewritten_to and len(self._aliases) == 1 and not stale:
                self._services.keep(_kept_behind(self._query.name, self._rewritten_to, answer, whole))
        message = patched(self._query, wire, ttl_offsets, age=age, ttl_ceiling=ceiling)
        return self._finish(message, ede)

    def _judge_answer(self, targets: Sequence[bytes], found: Sequence[bytes]) -> tuple[Result] | None:
        """The blocked answer (in a tuple, as silence is one too) if a target or address is blocked, else None."""
        for target in targets:
            listing = self._view.listing(target)
            verdict = self._judge(target, listing, Part.TARGET)
            if verdict.action is VerdictAction.BLOCK:
                self._services.count("blocked_by_target")
                return (self._blocked(verdict, target),)
        for address in found:
            listing = self._view.listing_of_address(address)
            if not listing.bits:
                continue
            verdict = self._judge(b"", listing, Part.ADDRESS)
            if verdict.action is VerdictAction.BLOCK:
                self._services.count("blocked_by_address")
                return (self._blocked(verdict, b"", address),)
        return None

    def _blocked(self, verdict: Verdict, name: bytes, address: bytes = b"") -> Result:
        """The answer for a block of a name or an address: the zone's own action if one spoke, else the reason's form."""
        query = self._query
        bit = verdict.reason.bit if verdict.zone is None else verdict.zone
        if bit is not None:
            self._spoke |= 1 << bit
            self._blocked_by = bit, verdict.reason.kind
        action = ListAction.BLOCK if self._list_spoke else verdict.answer
        if action is ListAction.DROP:
            self._services.count("dropped")
            return None
        if action is ListAction.TCP_ONLY:  # over TCP the rule has been put aside
            return self._finish(synthesised(query), truncated=True)
        self._services.count(f"blocked_{verdict.reason.kind.value}")
        code = ede_of(verdict, self._moment.generation.codes)
        ede = [] if code is None else [(code, b"")]
        if action is ListAction.LOCAL_DATA and verdict.zone is not None:
            return self._local_data(self._data(verdict.zone, name, address), ede)
        if action is ListAction.NXDOMAIN:
            return self._finish(negative(query, Rcode.NXDOMAIN, BLOCKED_TTL), ede)
        rdata = self._moment.generation.gateway.get(query.qtype)
        if rdata is None or action is ListAction.NODATA:
            return self._finish(negative(query, Rcode.NOERROR, BLOCKED_TTL), ede)
        return self._finish(addresses(query, rdata, BLOCKED_TTL), [*ede, (int(Ede.FORGED_ANSWER), b"")])

    def _data(self, zone: int, name: bytes, address: bytes) -> Sequence[tuple[str, int, str]]:
        """The records of the zone's trigger: on the client, on an address of the answer, or on a name."""
        reader, masks = self._view.reader, self._view.masks
        list_id = masks.actions[zone][0]
        if masks.clients >> zone & 1:
            return reader.address_data(list_id, parse_address(self._asked.client), of_client=True)
        return self._view.address_data(list_id, address) if address else reader.local_data(list_id, name)

    def _local_data(self, data: Sequence[tuple[str, int, str]], ede: list[tuple[int, bytes]]) -> Result:
        """A zone's records, given for the name that was asked, wherever on the way the trigger was met."""
        query = self._query
        try:
            records = zone_records(data, query.name, query.qtype)
        except NameTooLongError:
            return self._finish(synthesised(query, Rcode.YXDOMAIN), ede)
        if not records:
            return self._finish(negative(query, Rcode.NOERROR, BLOCKED_TTL), ede)
        if records[0][1] != TYPE_CNAME or query.qtype in (TYPE_CNAME, TYPE_ANY):
            return self._finish(aliases_only(query, records), ede)
        self._list_spoke = True
        # Zones do not speak about what a zone made up; illegal lists do, and plain lists.
        self._silenced |= self._view.masks.zones & ~self._view.masks.illegal
        return self._led_to(records[0][3].lower(), records[0])

    def _failed(self, failure: FailureKind, ede: Sequence[tuple[int, bytes]] = ()) -> bytes:
        """SERVFAIL with our own reason first, then what the upstreams gave (a bogus signature, say)."""
        self._services.count("servfail")
        reasons = [(int(_FAILURE_EDE[failure]), b""), *ede]
        return self._finish(synthesised(self._query, Rcode.SERVFAIL), reasons)

    def _finish(
        self, message: bytes, ede: Sequence[tuple[int, bytes]] = (), *, truncated: bool = False
    ) -> bytes:
        carrier = Carrier(self._asked.over_tcp, self._moment.generation.limit, self._asked.cookie)
        return finish(self._query, message, carrier, ede=ede, truncated=truncated)


def _kept_behind(name: bytes, target: bytes, answer: Answer, whole: Chained) -> Answer:
    """The answer to ``target`` as the one to ``name`` behind an alias; the target is judged with what it leads to."""
    return answer._replace(
        question=answer.question._replace(name=name + target),
        wire=whole.wire,
        ttl_offsets=whole.ttl_offsets,
        targets=(target, *answer.targets),
    )


def _stale_code(answer: Answer) -> int:
    return int(Ede.STALE_NXDOMAIN_ANSWER if answer.rcode == Rcode.NXDOMAIN else Ede.STALE_ANSWER)
