"""Bytes in, who, bytes out: conversations with the pipeline, answers read by dnspython."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from resolver.answer.decision import Miss, Services
from resolver.answer.generation import Generation
from resolver.answer.pipeline import Pipeline
from resolver.exchange.model import Answer, FailureKind, Question, Resolution
from resolver.exchange.scan import TtlLimits, scan
from resolver.policy.model import Policy, Rule
from resolver.policy.reasons import BLOCKED_TTL
from resolver.tables.model import LocalRecord
from resolver.tables.view import View

CHILD, ADULT = "127.0.0.11", "127.0.0.13"
MALWARE, GAMBLING, PORN = 1 << 2 | 0b11111 << 6, 1 << 4, 1 << 5
POLICIES = {
    "127.0.0.11/32": Policy(1, block=GAMBLING | PORN, security=MALWARE),
    "127.0.0.13/32": Policy(2, security=MALWARE),
}
LIMITS = TtlLimits(0, 86_400, 3_600)
NOW = 1_700_000_000.0


@dataclass
class World:
    """A pipeline with a dictionary for a cache, and helpers to talk to it."""

    view: View
    cache: dict[Question, Answer] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)
    age: int = 0

    def __post_init__(self) -> None:
        services = Services(
            self.cache.get,
            lambda _: self.age,
            lambda name: self.counted.update([name]),
            cookie=lambda shown, client, now: shown[:8] + f"{client:16.16}".encode(),
        )
        self.pipeline = Pipeline(Generation(self.view), services)

    def raw(
        self, name: str, rtype: str = "A", client: str = CHILD, *, tcp: bool = False, **options: Any
    ) -> Any:
        query = dns.message.make_query(name, rtype, id=4711, **{"use_edns": 0, "payload": 1232, **options})
        return self.pipeline.handle(query.to_wire(), client, over_tcp=tcp, now=NOW)

    def ask(self, name: str, rtype: str = "A", client: str = CHILD, **options: Any) -> dns.message.Message:
        result = self.raw(name, rtype, client, **options)
        assert isinstance(result, bytes), result
        return dns.message.from_wire(result)


def _upstream(question: Question, text: str, *, rcode: str = "NOERROR") -> Answer:
    """An answer as the exchange would keep it, from records in presentation form."""
    name = dns.name.from_wire(question.name, 0)[0]
    body = f"id 0\nopcode QUERY\nrcode {rcode}\nflags QR RD RA AD\n;QUESTION\n{name} IN {_type(question)}\n{text}"
    answer = scan(dns.message.from_text(body).to_wire(), question, LIMITS, 0.0).answer
    assert answer is not None
    return answer


def _type(question: Question) -> str:
    return dns.rdatatype.to_text(dns.rdatatype.RdataType.make(question.qtype))


@pytest.fixture
def world(make_view: Callable[..., View]) -> Callable[..., World]:
    def build(**options: Any) -> World:
        return World(options.pop("view", None) or make_view(POLICIES, **options))

    return build


def _ede(message: dns.message.Message) -> list[int]:
    return [int(option.code) for option in message.options if option.otype == 15]


BLOCKED = [
    # name, client, EDE of the reason
    ("bets.example", CHILD, 17),
    ("www.bets.example", CHILD, 17),
    ("illegal.example", ADULT, 15),
    ("ordered.example", ADULT, 16),
    ("malware.example", ADULT, 15),
]


@pytest.mark.parametrize(("name", "client", "ede"), BLOCKED)
def test_a_blocked_address_is_the_gateways(
    world: Callable[..., World], name: str, client: str, ede: int
) -> None:
    for rtype, address in (("A", "192.0.2.80"), ("AAAA", "2001:db8::80")):
        answer = world().ask(name, rtype, client)
        assert [rdata.address for rdata in answer.answer[0]] == [address]
        assert answer.answer[0].ttl == BLOCKED_TTL
        assert _ede(answer) == [ede, 4]
        assert answer.flags & dns.flags.RA
        assert not answer.flags & (dns.flags.AD | dns.flags.AA)


@pytest.mark.parametrize("rtype", ["HTTPS", "SVCB", "TXT", "MX", "NS", "CNAME", "ANY"])
@pytest.mark.parametrize(("name", "client", "ede"), BLOCKED)
def test_other_types_of_a_blocked_name_are_nodata(
    world: Callable[..., World], name: str, client: str, ede: int, rtype: str
) -> None:
    answer = world().ask(name, rtype, client)
    assert answer.rcode() == dns.rcode.NOERROR
    assert not answer.answer
    assert answer.authority[0].rdtype == dns.rdatatype.SOA
    assert answer.authority[0].ttl == answer.authority[0][0].minimum == BLOCKED_TTL
    assert _ede(answer) == [ede]


def test_a_secret_entry_is_answered_byte_for_byte_like_malware(world: Callable[..., World]) -> None:
    for rtype in ("A", "AAAA", "HTTPS", "ANY"):
        secret = world().raw("illegal.example", rtype, ADULT)
        malware = world().raw("malware.example", rtype, ADULT)
        assert secret == malware.replace(b"\x07malware", b"\x07illegal")


def test_letter_case_is_echoed_and_opt_only_if_asked(world: Callable[..., World]) -> None:
    answer = world().ask("BeTs.ExAmPlE")
    assert str(answer.question[0].name) == str(answer.answer[0].name) == "BeTs.ExAmPlE."
    plain = world().ask("bets.example", use_edns=False)
    assert plain.edns == -1
    assert not plain.additional


def test_an_unserved_client_is_refused_with_ede_18(world: Callable[..., World]) -> None:
    answer = world().ask("allowed.demo.test", client="192.0.2.1")
    assert answer.rcode() == dns.rcode.REFUSED
    assert _ede(answer) == [18]
    assert world().pipeline.handle(b"\0" * 12, "192.0.2.1", over_tcp=False, now=NOW) is None


def test_a_miss_is_resolved_then_answered_with_ages_and_the_askers_id(world: Callable[..., World]) -> None:
    made = world()
    made.age = 10
    miss = made.raw("Free.Test", want_dnssec=True)
    assert isinstance(miss, Miss)
    assert miss.question == Question(b"\x04free\x04test\x00", 1, dnssec_ok=True)
    kept = _upstream(miss.question, ";ANSWER\nfree.test. 100 IN A 198.51.100.1\n")
    answer = dns.message.from_wire(made.pipeline.resume(miss, Resolution(kept), now=NOW))  # type: ignore[arg-type]
    assert (answer.id, str(answer.question[0].name)) == (4711, "Free.Test.")
    assert answer.answer[0].ttl == 90
    assert answer.ednsflags & dns.flags.DO
    assert not answer.flags & dns.flags.AD


def test_a_cached_answer_is_judged_for_each_asker(world: Callable[..., World]) -> None:
    made = world()
    question = Question(b"\x04shop\x04test\x00", 1)
    made.cache[question] = _upstream(
        question,
        ";ANSWER\nshop.test. 60 IN CNAME cdn.bets.example.\ncdn.bets.example. 60 IN A 198.51.100.9\n",
    )
    assert made.ask("shop.test", client=ADULT).answer[-1][0].address == "198.51.100.9"
    blocked = made.ask("shop.test", client=CHILD)
    assert [rdata.address for rdata in blocked.answer[0]] == ["192.0.2.80"]
    assert _ede(blocked) == [17, 4]
    assert made.counted["blocked_by_target"] == 1


@pytest.mark.parametrize(
    ("rtype", "text"),
    [
        ("HTTPS", "svc.test. 60 IN HTTPS 0 bets.example."),
        ("HTTPS", "svc.test. 60 IN HTTPS 1 www.bets.example. alpn=h2"),
        ("SVCB", "svc.test. 60 IN SVCB 1 bets.example."),
        ("A", "svc.test. 60 IN DNAME bets.example.\nsvc.test. 60 IN CNAME x.bets.example."),
    ],
)
def test_targets_of_every_kind_are_judged(world: Callable[..., World], rtype: str, text: str) -> None:
    made = world()
    question = Question(b"\x03svc\x04test\x00", int(dns.rdatatype.from_text(rtype)))
    made.cache[question] = _upstream(question, f";ANSWER\n{text}\n")
    assert _ede(made.ask("svc.test", rtype, CHILD))[0] == 17
    assert made.ask("svc.test", rtype, ADULT).answer


def test_listed_addresses_in_an_answer_are_blocked(world: Callable[..., World]) -> None:
    listed = {bytes([198, 51, 100, 66]): (4,), bytes([198, 51, 100, 67]): (0,)}
    made = world(addresses=listed)
    question = Question(b"\x03bad\x04test\x00", 1)
    made.cache[question] = _upstream(
        question, ";ANSWER\nbad.test. 60 IN A 198.51.100.1\nbad.test. 60 IN A 198.51.100.66\n"
    )
    assert _ede(made.ask("bad.test", client=CHILD)) == [17, 4]
    assert len(made.ask("bad.test", client=ADULT).answer[0]) == 2
    for inside in ("::ffff:198.51.100.66", "64:ff9b::198.51.100.66"):
        aaaa = Question(b"\x03bad\x04test\x00", 28)
        made.cache[aaaa] = _upstream(aaaa, f";ANSWER\nbad.test. 60 IN AAAA {inside}\n")
        assert _ede(made.ask("bad.test", "AAAA", CHILD)) == [17, 4]
    https = Question(b"\x03bad\x04test\x00", 65)
    made.cache[https] = _upstream(https, ";ANSWER\nbad.test. 60 IN HTTPS 1 . ipv4hint=198.51.100.67\n")
    assert _ede(made.ask("bad.test", "HTTPS", ADULT)) == [15]


def test_a_parents_allow_covers_the_sites_own_delivery_network(
    world: Callable[..., World], make_view: Callable[..., View], wire: Callable[[str], bytes]
) -> None:
    policy = Policy(1, block=GAMBLING, security=MALWARE, rules={wire("shop.test"): (Rule(allow=True),)})
    made = world(view=make_view({"127.0.0.11/32": policy}))
    question = Question(wire("shop.test"), 1)
    made.cache[question] = _upstream(question, ";ANSWER\nshop.test. 60 IN CNAME bets.example.\n")
    assert made.ask("shop.test").answer[0][0].target.to_text() == "bets.example."
    made.cache[question] = _upstream(question, ";ANSWER\nshop.test. 60 IN CNAME illegal.example.\n")
    assert _ede(made.ask("shop.test")) == [15, 4]


def test_a_change_of_policy_is_obeyed_while_the_upstream_is_asked(
    world: Callable[..., World], make_view: Callable[..., View]
) -> None:
    made = world()
    miss = made.raw("bets.example", client=ADULT, rtype="MX")
    assert isinstance(miss, Miss)
    made.pipeline.use(Generation(make_view({"127.0.0.13/32": Policy(2, block=GAMBLING)})))
    kept = _upstream(miss.question, ";ANSWER\nbets.example. 60 IN MX 1 mail.test.\n")
    answer = dns.message.from_wire(made.pipeline.resume(miss, Resolution(kept), now=NOW))  # type: ignore[arg-type]
    assert _ede(answer) == [17]


ACTIONS = [
    ("nx.example", "A", dns.rcode.NXDOMAIN, 0),
    ("nodata.example", "A", dns.rcode.NOERROR, 0),
    ("local.example", "A", dns.rcode.NOERROR, 1),
    ("local.example", "TXT", dns.rcode.NOERROR, 1),
    ("local.example", "MX", dns.rcode.NOERROR, 0),
]


@pytest.mark.parametrize(("name", "rtype", "rcode", "answers"), ACTIONS)
def test_rpz_actions(world: Callable[..., World], name: str, rtype: str, rcode: int, answers: int) -> None:
    answer = world().ask(name, rtype)
    assert (answer.rcode(), len(answer.answer)) == (rcode, answers)
    assert _ede(answer) == [15]


def test_rpz_drop_is_silence_and_tcp_only_sends_the_client_to_tcp(world: Callable[..., World]) -> None:
    made = world()
    assert made.raw("drop.example") is None
    over_udp = made.ask("tcp.example")
    assert over_udp.flags & dns.flags.TC
    assert not over_udp.answer
    assert isinstance(made.raw("tcp.example", tcp=True), Miss)


def test_rpz_local_data_that_is_an_alias_is_followed(
    world: Callable[..., World],
) -> None:
    made = world()
    miss = made.raw("alias.example")
    assert isinstance(miss, Miss)
    assert miss.question.name == b"\x06garden\x07example\x00"
    kept = _upstream(miss.question, ";ANSWER\ngarden.example. 60 IN A 192.0.2.99\n")
    answer = dns.message.from_wire(made.pipeline.resume(miss, Resolution(kept), now=NOW))  # type: ignore[arg-type]
    assert [str(rrset) for rrset in answer.answer] == [
        "alias.example. 30 IN CNAME garden.example.",
        "garden.example. 60 IN A 192.0.2.99",
    ]


def test_tcp_only_behind_an_alias_ends_over_tcp_and_does_not_undo_other_reasons(
    world: Callable[..., World], wire: Callable[[str], bytes]
) -> None:
    made = world()
    question = Question(wire("way.test"), 1)
    made.cache[question] = _upstream(
        question, ";ANSWER\nway.test. 60 IN CNAME tcp.example.\ntcp.example. 60 IN A 192.0.2.7\n"
    )
    assert made.ask("way.test").flags & dns.flags.TC
    over_tcp = made.ask("way.test", tcp=True)
    assert over_tcp.answer[-1][0].address == "192.0.2.7"
    assert made.counted["tcp_only"] == 1
    # The same name on a category list as well: TCP settles the one rule, not the other.
    assert _ede(made.ask("tcp-bets.example", tcp=True)) == [17, 4]
    illegal = made.raw("tcp-illegal.example", tcp=True, client=ADULT)
    assert isinstance(illegal, Miss)


def test_local_data_that_leads_back_into_its_own_list_ends_in_the_plain_answer(
    world: Callable[..., World], make_view: Callable[..., View]
) -> None:
    records = (LocalRecord("garden.example.", "CNAME", 60, "illegal-alias.example."),)
    made = world(view=make_view(POLICIES, zones=("garden.example",), records=records))
    answer = made.ask("illegal-alias.example", client=ADULT)
    assert _ede(answer) == [15, 4]
    assert [rdata.address for rdata in answer.answer[0]] == ["192.0.2.80"]


@pytest.mark.parametrize(("target", "ede"), [("illegal.example", 15), ("bets.example", 17)])
def test_no_lists_alias_lifts_the_block_of_another(
    world: Callable[..., World],
    monkeypatch: pytest.MonkeyPatch,
    make_view: Callable[..., View],
    target: str,
    ede: int,
) -> None:
    view = make_view(POLICIES)
    monkeypatch.setattr(view.reader, "local_data", lambda *_: (("CNAME", 60, f"{target}."),))
    answer = world(view=view).ask("local.example")
    assert _ede(answer) == [ede, 4]
    assert [rdata.address for rdata in answer.answer[0]] == ["192.0.2.80"]


def test_safe_search_leads_to_no_blocked_name(
    world: Callable[..., World], make_view: Callable[..., View], wire: Callable[[str], bytes]
) -> None:
    policy = Policy(1, safe_search={wire("www.search.test"): wire("illegal.example")})
    assert _ede(world(view=make_view({"127.0.0.11/32": policy})).ask("www.search.test")) == [15, 4]


def test_local_data_lives_no_longer_than_other_blocked_answers(world: Callable[..., World]) -> None:
    assert world().ask("local.example").answer[0].ttl == BLOCKED_TTL


def test_the_built_in_zone_and_where_it_leads(world: Callable[..., World]) -> None:
    made = world()
    assert made.ask("allowed.demo.test").answer[0][0].address == "192.0.2.10"
    assert made.ask("allowed.demo.test", "AAAA").rcode() == dns.rcode.NOERROR
    assert made.ask("nothing.demo.test").rcode() == dns.rcode.NXDOMAIN
    assert made.ask("demo.test", "NS").rcode() == dns.rcode.NOERROR
    assert _ede(made.ask("cloak.demo.test", client=CHILD)) == [17, 4]
    miss = made.raw("out.demo.test", client=ADULT)
    assert isinstance(miss, Miss)
    kept = _upstream(miss.question, ";ANSWER\noutside.test. 60 IN A 192.0.2.5\n")
    answer = dns.message.from_wire(made.pipeline.resume(miss, Resolution(kept), now=NOW))  # type: ignore[arg-type]
    assert [rrset.name.to_text() for rrset in answer.answer] == ["out.demo.test.", "outside.test."]


def test_a_loop_of_aliases_in_a_zone_ends(
    world: Callable[..., World], make_view: Callable[..., View]
) -> None:
    records = (
        LocalRecord("a.demo.test.", "CNAME", 60, "b.demo.test."),
        LocalRecord("b.demo.test.", "CNAME", 60, "a.demo.test."),
    )
    made = world(view=make_view(POLICIES, records=records))
    assert made.ask("a.demo.test").rcode() == dns.rcode.SERVFAIL


def test_safe_search_answers_with_the_safe_name_and_hides_https(
    world: Callable[..., World], make_view: Callable[..., View], wire: Callable[[str], bytes]
) -> None:
    policy = Policy(1, safe_search={wire("www.search.test"): wire("safe.search.test")})
    made = world(view=make_view({"127.0.0.11/32": policy}))
    miss = made.raw("www.search.test")
    assert isinstance(miss, Miss)
    assert miss.question.name == wire("safe.search.test")
    https = made.ask("www.search.test", "HTTPS")
    assert (https.rcode(), https.answer) == (dns.rcode.NOERROR, [])


@pytest.mark.parametrize(
    ("name", "rtype", "rcode"),
    [
        ("localhost", "A", "NOERROR"),
        ("a.invalid", "A", "NXDOMAIN"),
        ("x.onion", "A", "NXDOMAIN"),
        ("printer.local", "A", "NXDOMAIN"),
        ("_dns.resolver.arpa", "SVCB", "NOERROR"),
        ("zone.test", "AXFR", "REFUSED"),
        ("version.bind", "MAILB", "NOTIMP"),
    ],
)
def test_special_names_and_types_never_go_upstream(
    world: Callable[..., World], name: str, rtype: str, rcode: str
) -> None:
    assert dns.rcode.to_text(world().ask(name, rtype).rcode()) == rcode


def test_any_is_answered_by_one_small_record(world: Callable[..., World]) -> None:
    answer = world().ask("free.test", "ANY")
    assert [rrset.rdtype for rrset in answer.answer] == [dns.rdatatype.HINFO]


def test_snooping_in_the_cache_is_refused(world: Callable[..., World]) -> None:
    made = world()
    query = dns.message.make_query("free.test", "A", flags=0)
    answer = dns.message.from_wire(made.pipeline.handle(query.to_wire(), CHILD, over_tcp=False, now=NOW))  # type: ignore[arg-type]
    assert answer.rcode() == dns.rcode.REFUSED


def test_an_unknown_edns_version_is_badvers(world: Callable[..., World]) -> None:
    assert world().ask("free.test", use_edns=1).rcode() == dns.rcode.BADVERS


@pytest.mark.parametrize(
    ("payload", "limit"), [(None, 512), (512, 512), (700, 700), (1232, 1232), (4096, 1232)]
)
def test_no_udp_answer_is_longer_than_allowed_and_tcp_carries_it_all(
    world: Callable[..., World], payload: int | None, limit: int
) -> None:
    made = world()
    question = Question(b"\x03big\x04test\x00", 16)
    records = "".join(f'big.test. 60 IN TXT "{number:03d}{"x" * 200}"\n' for number in range(20))
    made.cache[question] = _upstream(question, f";ANSWER\n{records}")
    options = {"use_edns": False} if payload is None else {"payload": payload}
    raw = made.raw("big.test", "TXT", **options)
    assert len(raw) <= limit
    assert dns.message.from_wire(raw).flags & dns.flags.TC
    whole = made.ask("big.test", "TXT", tcp=True, **options)
    assert len(whole.answer[0]) == 20
    assert not whole.flags & dns.flags.TC


def test_stale_answers_and_failures_say_so(world: Callable[..., World]) -> None:
    made = world()
    miss = made.raw("old.test")
    kept = _upstream(miss.question, ";ANSWER\nold.test. 60 IN A 192.0.2.1\n")
    stale = dns.message.from_wire(made.pipeline.resume(miss, Resolution(kept, stale=True), now=NOW))  # type: ignore[arg-type]
    assert (stale.answer[0].ttl, _ede(stale)) == (30, [3])
    for failure, code in (
        (FailureKind.UNREACHABLE, 22),
        (FailureKind.NETWORK, 23),
        (FailureKind.OVERLOAD, 14),
    ):
        failed = dns.message.from_wire(made.pipeline.give_up(miss, failure, now=NOW))  # type: ignore[arg-type]
        assert (failed.rcode(), _ede(failed)) == (dns.rcode.SERVFAIL, [code])


@pytest.mark.parametrize("name", ["allowed.demo.test", "bets.example", "malware.example"])
def test_every_answer_to_a_cookie_has_one(world: Callable[..., World], name: str) -> None:
    """RFC 7873 section 5.2: whatever becomes of the query; and none without OPT or option."""
    here = world()
    option = dns.edns.GenericOption(10, b"clientid")
    for client in (CHILD, "203.0.113.9"):
        answer = here.ask(name, client=client, options=[option])
        assert answer.options[-1].to_wire() == b"clientid" + f"{client:16.16}".encode()
        assert not any(int(given.otype) == 10 for given in here.ask(name, client=client).options)
        assert not here.ask(name, client=client, use_edns=False).options


def test_an_answer_keeps_its_cookie_while_the_upstream_is_asked(world: Callable[..., World]) -> None:
    here = world()
    miss = here.raw("outside.test", options=[dns.edns.GenericOption(10, b"clientid")])
    assert isinstance(miss, Miss)
    wire = here.pipeline.give_up(miss, FailureKind.NETWORK, now=NOW + 5)
    assert isinstance(wire, bytes)
    assert dns.message.from_wire(wire).options[-1].to_wire()[:8] == b"clientid"
