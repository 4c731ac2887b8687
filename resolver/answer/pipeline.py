"""The seam between listeners and everything else: bytes in, who, bytes out.

Answering is a function of the query, the generation in force and the answers known so far. A miss comes back with
its resolution through ``resume``, and the whole decision is made anew: a policy that changed while an upstream was
asked is obeyed, and an answer from the cache is judged like a fresh one.
"""

from __future__ import annotations

from collections.abc import Mapping

from resolver.answer.decision import Asked, Decision, Miss, Moment, Result, Services
from resolver.answer.generation import Generation
from resolver.answer.message import MalformedQueryError, Query, Rcode, parse_query
from resolver.answer.reply import (
    TYPE_A,
    TYPE_AAAA,
    Carrier,
    addresses,
    bad_version,
    finish,
    negative,
    synthesised,
)
from resolver.answer.special import Special, special
from resolver.exchange.model import FailureKind, Question, Resolution
from resolver.policy.reasons import Ede

SPECIAL_TTL = 3600

_REFUSED_TYPES = {
    0: Rcode.FORMERR,
    41: Rcode.FORMERR,  # OPT, TSIG: never a question
    250: Rcode.FORMERR,
    251: Rcode.REFUSED,  # IXFR, AXFR: no zones to give here
    252: Rcode.REFUSED,
}
_META_TYPES = range(128, 255)  # RFC 6895 section 3.1; 255 is ANY
_CLASS_IN = 1


class Pipeline:
    """Answers packets. Not thread-safe; one per worker."""

    def __init__(self, generation: Generation, services: Services) -> None:
        self._generation = generation
        self._services = services

    def use(self, generation: Generation) -> None:
        """Decide by this generation from the next query on."""
        self._generation = generation

    def decides(self, name: bytes) -> bool:
        """Whether lists name this name by digest, which the core cannot see: decided here, before anybody is asked."""
        digests = self._generation.view.digests
        return digests.any and bool(digests.lists(name))

    def handle(self, packet: bytes, client: str, *, over_tcp: bool, now: float) -> Result:
        """Answer one packet. ``client`` is the source address as text, ``now`` Unix seconds."""
        count = self._services.count
        count("queries_tcp" if over_tcp else "queries_udp")
        try:
            query = parse_query(packet)
        except MalformedQueryError as error:
            count("malformed")
            served = self._generation.view.policy_for(client) is not None
            return error.reply if served and error.reply else None
        shown = query.edns.cookie if query.edns is not None else b""
        cookie = self._services.cookie(shown, client, now) if shown else b""
        return self._respond(Asked(query, client, over_tcp, cookie), {}, now)

    def resume(self, miss: Miss, resolution: Resolution, *, now: float) -> Result:
        """Go on with a query whose missing answer has come, or has failed to come."""
        return self._respond(miss.asked, {**miss.known, miss.question: resolution}, now)

    def give_up(self, miss: Miss, failure: FailureKind, *, now: float) -> Result:
        """The answer for a query whose question cannot be resolved."""
        return self.resume(miss, Resolution(None, failure), now=now)

    def _respond(self, asked: Asked, known: Mapping[Question, Resolution], now: float) -> Result:
        policy = self._generation.view.policy_for(asked.client)
        if policy is None:
            self._services.count("refused")
            return self._finish(asked, synthesised(asked.query, Rcode.REFUSED), int(Ede.PROHIBITED))
        early = self._without_policy(asked)
        if early is not None:
            return early
        return Decision(asked, Moment(self._generation, policy, now, known), self._services).result()

    def _without_policy(self, asked: Asked) -> bytes | None:
        """The answer to queries that no policy decides."""
        query = asked.query
        if query.edns is not None and query.edns.version > 0:
            return bad_version(query, self._generation.limit)
        rcode = _refusal(query)
        if rcode is not None:
            self._services.count("refused")
            return self._finish(asked, synthesised(query, rcode))
        found = special(query.name)
        if found is None or self._generation.zones.find(query.name, query.qtype) is not None:
            return None
        return self._finish(asked, _special_answer(query, found))

    def _finish(self, asked: Asked, message: bytes, *ede: int) -> bytes:
        errors = [(code, b"") for code in ede]
        carrier = Carrier(asked.over_tcp, self._generation.limit, asked.cookie)
        return finish(asked.query, message, carrier, ede=errors)


def _refusal(query: Query) -> Rcode | None:
    """Why a well-formed query is not served at all; None if it is."""
    if query.qtype in _REFUSED_TYPES:
        return _REFUSED_TYPES[query.qtype]
    if query.qclass != _CLASS_IN:
        return Rcode.REFUSED
    if query.qtype in _META_TYPES:
        return Rcode.NOTIMP
    if not query.recursion_desired:
        return Rcode.REFUSED  # what others have asked for is nobody's business (RFC 8932 section 5.1)
    return None


def _special_answer(query: Query, found: Special) -> bytes:
    rdata = {TYPE_A: found.ipv4, TYPE_AAAA: found.ipv6}.get(query.qtype, b"")
    return addresses(query, rdata, SPECIAL_TTL) if rdata else negative(query, found.rcode, SPECIAL_TTL)
