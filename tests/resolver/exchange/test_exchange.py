"""Conversations with the exchange: what is asked of whom, what is believed, what the waiters get."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from resolver.exchange.events import Trouble
from resolver.exchange.model import FailureKind, Question

ONE, TWO = "192.0.2.1:53", "192.0.2.2:53"
SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, FORMERR = 2, 3, 4, 5, 1


def test_a_miss_is_asked_answered_and_kept(talk: Any) -> None:
    waiter = talk.ask("a.example")
    attempt = talk.expect_query(ONE)
    talk.reply(attempt, address="198.51.100.1", ttl=300)
    talk.expect_address(waiter, "198.51.100.1")
    talk.expect_close(attempt)
    talk.expect_silence()

    talk.wait(299)
    assert talk.look("a.example").addresses == (bytes((198, 51, 100, 1)),)
    talk.wait(1)
    assert talk.look("a.example") is None
    assert talk.counts == {"cache_misses": 1, "cache_hits": 1, "upstream_queries": 1}


def test_identical_questions_share_one_query(talk: Any) -> None:
    first = talk.ask("a.example")
    attempt = talk.expect_query()
    second = talk.ask("a.example")
    talk.expect_silence()
    other = talk.ask("a.example", dnssec_ok=True)
    talk.expect_query()
    talk.reply(attempt, address="198.51.100.1")
    talk.expect_address(first, "198.51.100.1")
    talk.expect_address(second, "198.51.100.1")
    talk.expect_close(attempt)
    talk.expect_silence()
    assert talk.counts["coalesced"] == 1
    assert talk.exchange.waiting == 1, f"the question with DNSSEC is another one: {other}"


@pytest.mark.parametrize("rcode", [SERVFAIL, REFUSED, NOTIMP, 9])
def test_a_refusal_sends_the_question_to_the_next_upstream(talk: Any, rcode: int) -> None:
    waiter = talk.ask("a.example")
    first = talk.expect_query(ONE)
    talk.reply(first, rcode=rcode)
    talk.expect_close(first)
    second = talk.expect_query(TWO)
    talk.reply(second, address="198.51.100.1")
    talk.expect_address(waiter, "198.51.100.1")
    talk.expect_close(second)
    assert talk.counts["upstream_errors"] == 1


def test_refusals_from_all_are_a_network_failure_with_their_ede(talk: Any) -> None:
    waiter = talk.ask("a.example")
    first = talk.expect_query(ONE)
    talk.reply(first, rcode=SERVFAIL, ede=6)
    talk.expect_close(first)
    second = talk.expect_query(TWO)
    talk.reply(second, rcode=SERVFAIL)
    talk.expect_close(second)
    resolution = talk.expect_failure(waiter, FailureKind.NETWORK)
    assert resolution.ede == ((6, b""),)
    talk.expect_silence()


def test_a_failure_is_remembered_for_seconds_only(talk: Any) -> None:
    waiter = talk.ask("a.example")
    for _ in range(2):
        attempt = talk.expect_query()
        talk.reply(attempt, rcode=SERVFAIL)
        talk.expect_close(attempt)
    talk.expect_failure(waiter, FailureKind.NETWORK)

    talk.wait(4.9)
    talk.expect_failure(talk.ask("a.example"), FailureKind.NETWORK)
    talk.expect_silence()
    talk.wait(0.2)
    talk.ask("a.example")
    talk.expect_query()
    assert talk.counts["failures_remembered"] == 1


def test_a_referral_is_no_answer(talk: Any, to_wire: Any) -> None:
    talk.ask("a.example")
    first = talk.expect_query(ONE)
    talk.reply(first, recursion=False, authorities=[("example", 2, 60, to_wire("ns.example"))])
    talk.expect_close(first)
    talk.expect_query(TWO)


def test_silence_moves_on_but_a_late_reply_is_welcome(talk: Any) -> None:
    waiter = talk.ask("a.example")
    first = talk.expect_query(ONE)
    talk.wait(0.8)
    second = talk.expect_query(TWO)
    talk.wait(0.1)
    talk.reply(first, address="198.51.100.1")
    talk.expect_address(waiter, "198.51.100.1")
    talk.expect_close(first, second)
    states = talk.exchange.upstream_states()
    assert states[0].failures == 0
    assert states[0].rtt is not None
    assert talk.counts["upstream_timeouts"] == 1


def test_all_silent_is_unreachable_within_the_query_timeout(talk: Any) -> None:
    waiter = talk.ask("a.example")
    talk.wait(4.99)
    queries = len([each for each in talk.unseen if hasattr(each, "endpoint")])
    assert 2 <= queries <= 12
    assert talk.exchange.waiting == 1
    talk.wait(0.01)
    assert talk.exchange.waiting == 0
    assert not talk.open
    talk.unseen.clear()
    assert talk.counts["failures_unreachable"] == 1
    talk.expect_failure(talk.ask("a.example"), FailureKind.UNREACHABLE)
    assert waiter == 1


def test_an_icmp_refusal_is_felt_at_once(talk: Any) -> None:
    waiter = talk.ask("a.example")
    first = talk.expect_query(ONE)
    talk.fail(first)
    talk.expect_close(first)
    second = talk.expect_query(TWO)
    talk.fail(second)
    talk.expect_close(second)
    talk.expect_failure(waiter, FailureKind.NETWORK)
    assert talk.counts["upstream_unreachable"] == 2


def test_without_upstreams_a_question_fails_at_once(talk_with: Any) -> None:
    talk = talk_with(upstreams=())
    talk.expect_failure(talk.ask("a.example"), FailureKind.UNREACHABLE)
    assert talk.exchange.next_timer() is None


# ---- what is believed ----


@pytest.mark.parametrize(
    ("form", "counter"),
    [
        ({"wrong_id": True}, "discarded_id"),
        ({"source": "192.0.2.66:53"}, "discarded_address"),
        ({"source": "192.0.2.1:54"}, "discarded_address"),
        ({"asked": b"\x01b\x07example\x00\x00\x01\x00\x01"}, "discarded_question"),
        ({"asked": b"\x01a\x07example\x00\x00\x1c\x00\x01"}, "discarded_question"),
        ({"answers": [("a.example", 1, 60, b"\x01\x02\x03")]}, "discarded_malformed"),
        ({"answers": [("bank.example", 1, 60, b"\x01\x02\x03\x04")]}, "discarded_malformed"),
    ],
)
def test_a_forged_datagram_is_discarded_and_the_real_one_awaited(
    talk: Any, form: dict[str, Any], counter: str
) -> None:
    waiter = talk.ask("a.example")
    attempt = talk.expect_query(ONE)
    talk.reply(attempt, **{"address": "203.0.113.66", **form} if "answers" not in form else form)
    talk.expect_silence()
    assert talk.counts[counter] == 1
    talk.reply(attempt, address="198.51.100.1")
    talk.expect_address(waiter, "198.51.100.1")


@pytest.mark.parametrize("data", [b"", b"\x00" * 11, b"\xff" * 12, b"garbage that is long enough"])
def test_garbage_is_discarded(talk: Any, data: bytes) -> None:
    talk.ask("a.example")
    attempt = talk.expect_query(ONE)
    talk.datagram(attempt, data)
    talk.expect_silence()
    assert sum(talk.counts[each] for each in talk.counts if each.startswith("discarded")) == 1


def test_our_own_query_sent_back_is_no_reply(talk: Any) -> None:
    talk.ask("a.example")
    attempt = talk.expect_query(ONE)
    talk.datagram(attempt, talk.open[attempt].data)
    talk.expect_silence()
    assert talk.counts["discarded_malformed"] == 1


def test_guessing_of_ids_moves_the_question_to_tcp(talk: Any) -> None:
    waiter = talk.ask("a.example")
    attempt = talk.expect_query(ONE)
    for _ in range(2):
        talk.reply(attempt, wrong_id=True, address="203.0.113.66")
        talk.expect_silence()
    talk.reply(attempt, wrong_id=True, address="203.0.113.66")
    talk.expect_close(attempt)
    stream = talk.expect_query(ONE, tcp=True)
    talk.reply(stream, address="198.51.100.1")
    talk.expect_address(waiter, "198.51.100.1")
    assert talk.counts["discarded_id"] == 3
    assert talk.counts["upstream_tcp"] == 1


def test_a_flood_from_anywhere_moves_the_question_to_tcp(talk: Any) -> None:
    talk.ask("a.example")
    attempt = talk.expect_query(ONE)
    for _ in range(10):
        talk.datagram(attempt, b"x" * 40, "203.0.113.66:53")
    talk.expect_close(attempt)
    talk.expect_query(ONE, tcp=True)


def test_truncation_is_followed_by_tcp_to_the_same_upstream(talk: Any) -> None:
    waiter = talk.ask("a.example")
    attempt = talk.expect_query(ONE)
    talk.reply(attempt, truncated=True)
    talk.expect_close(attempt)
    stream = talk.expect_query(ONE, tcp=True)
    talk.reply(stream, address="198.51.100.1")
    talk.expect_address(waiter, "198.51.100.1")
    talk.expect_close(stream)


def test_tcp_that_fails_sends_the_question_to_the_next_upstream(talk: Any) -> None:
    talk.ask("a.example")
    attempt = talk.expect_query(ONE)
    talk.reply(attempt, truncated=True)
    talk.expect_close(attempt)
    stream = talk.expect_query(ONE, tcp=True)
    talk.fail(stream)
    talk.expect_close(stream)
    talk.expect_query(TWO)


def test_tcp_that_is_silent_is_given_up(talk: Any) -> None:
    talk.ask("a.example")
    attempt = talk.expect_query(ONE)
    talk.reply(attempt, truncated=True)
    talk.expect_close(attempt)
    stream = talk.expect_query(ONE, tcp=True)
    talk.wait(2.0)
    talk.expect_close(stream)
    talk.expect_query(TWO)


@pytest.mark.parametrize(
    "form", [{"truncated": True}, {"wrong_id": True}, {"answers": [("b.example", 1, 9, b"1")]}]
)
def test_over_tcp_an_unfit_message_ends_the_try(talk: Any, form: dict[str, Any]) -> None:
    talk.ask("a.example")
    attempt = talk.expect_query(ONE)
    talk.reply(attempt, truncated=True)
    talk.expect_close(attempt)
    stream = talk.expect_query(ONE, tcp=True)
    talk.reply(stream, **form)
    talk.expect_close(stream)
    talk.expect_query(TWO)


def test_changed_case_asks_over_tcp_and_is_remembered_when_it_is_the_upstreams_habit(talk_with: Any) -> None:
    talk = talk_with(upstreams=(ONE,))
    waiter = talk.ask("a.example")
    attempt = talk.expect_query(ONE)
    talk.reply(attempt, keep_case=False, address="203.0.113.66")
    talk.expect_close(attempt)
    stream = talk.expect_query(ONE, tcp=True)
    talk.reply(stream, keep_case=False, address="198.51.100.1")
    talk.expect_address(waiter, "198.51.100.1")
    talk.expect_close(stream)
    assert talk.counts["discarded_case"] == 1

    second = talk.ask("a-name-of-letters.example")
    attempt = talk.expect_query(ONE)
    assert b"a-name-of-letters" in talk.open[attempt].data, (
        "an upstream that loses case is asked in lower case"
    )
    talk.reply(attempt, keep_case=False, address="198.51.100.2")
    talk.expect_address(second, "198.51.100.2")
    talk.expect_close(attempt)

    talk.wait(601)
    talk.ask("another-name-of-letters.example")
    attempt = talk.expect_query(ONE)
    assert b"another-name-of-letters" not in talk.open[attempt].data


def test_changed_case_over_udp_only_is_taken_for_forgery(talk: Any) -> None:
    waiter = talk.ask("a.example")
    attempt = talk.expect_query(ONE)
    talk.reply(attempt, keep_case=False, address="203.0.113.66")
    talk.expect_close(attempt)
    stream = talk.expect_query(ONE, tcp=True)
    talk.reply(stream, address="198.51.100.1")
    talk.expect_address(waiter, "198.51.100.1")
    talk.expect_close(stream)
    talk.ask("a-name-of-letters.example")
    attempt = talk.expect_query()
    assert b"a-name-of-letters" not in talk.open[attempt].data


@pytest.mark.parametrize("rcode", [FORMERR, NOTIMP])
def test_an_upstream_without_edns_is_asked_without(talk_with: Any, rcode: int) -> None:
    talk = talk_with(upstreams=(ONE,))
    waiter = talk.ask("a.example")
    attempt = talk.expect_query(ONE)
    talk.reply(attempt, rcode=rcode, edns=False)
    talk.expect_close(attempt)
    plain = talk.expect_query(ONE)
    assert talk.open[plain].data[10:12] == b"\x00\x00", "no OPT record"
    talk.reply(plain, address="198.51.100.1", edns=False)
    talk.expect_address(waiter, "198.51.100.1")
    talk.expect_close(plain)

    talk.ask("b.example")
    assert talk.open[talk.expect_query()].data[10:12] == b"\x00\x00", "it is remembered"
    talk.wait(301)
    talk.unseen.clear()
    talk.ask("c.example")
    assert talk.open[talk.expect_query()].data[10:12] == b"\x00\x01", "and tried again after a while"


def test_a_header_alone_may_say_formerr(talk: Any) -> None:
    talk.ask("a.example")
    attempt = talk.expect_query(ONE)
    talk.datagram(attempt, talk.open[attempt].data[:2] + b"\x80\x01" + bytes(8))
    talk.expect_close(attempt)
    talk.expect_query(ONE)


def test_formerr_with_edns_is_final_for_this_upstream(talk: Any) -> None:
    talk.ask("a.example")
    attempt = talk.expect_query(ONE)
    talk.reply(attempt, rcode=FORMERR, edns=True)
    talk.expect_close(attempt)
    talk.expect_query(TWO)


# ---- staleness ----


def test_a_stale_answer_is_given_after_1_8_seconds_and_the_refresh_goes_on(talk: Any) -> None:
    talk.store("a.example", "198.51.100.1", ttl=60)
    talk.wait(61)
    waiter = talk.ask("a.example")
    first = talk.expect_query()
    talk.wait(1.79)
    assert talk.exchange.waiting == 1
    talk.wait(0.01)
    assert talk.exchange.waiting == 0
    delivery = [each for each in talk.unseen if getattr(each, "waiter", None) == waiter]
    assert delivery[0].resolution.stale
    assert talk.exchange.in_flight == 1

    talk.unseen.clear()
    talk.expect_address(talk.ask("a.example"), "198.51.100.1", stale=True)
    talk.reply(first, address="198.51.100.2", ttl=60)
    assert talk.look("a.example").addresses == (bytes((198, 51, 100, 2)),)
    assert talk.counts["stale_answers"] == 2


def test_an_overdue_stale_answer_is_not_forgotten_when_another_event_comes_first(talk: Any) -> None:
    talk.store("a.example", "198.51.100.1", ttl=60)
    talk.wait(61)
    waiter = talk.ask("a.example")
    attempt = talk.expect_query()
    talk.now += 1.9  # the loop was busy: no timer has fired yet
    talk.datagram(attempt, b"garbage", ONE)
    talk.expect_address(waiter, "198.51.100.1", stale=True)


def test_a_failed_refresh_is_not_repeated_for_30_seconds(talk: Any) -> None:
    talk.store("a.example", "198.51.100.1", ttl=60)
    talk.wait(61)
    waiter = talk.ask("a.example")
    for _ in range(2):
        attempt = talk.expect_query()
        talk.fail(attempt)
        talk.expect_close(attempt)
    talk.expect_address(waiter, "198.51.100.1", stale=True)
    talk.wait(29.9)
    talk.expect_address(talk.ask("a.example"), "198.51.100.1", stale=True)
    talk.expect_silence()
    talk.wait(0.2)
    talk.ask("a.example")
    talk.expect_query()


def test_beyond_the_stale_window_there_is_only_failure(talk_with: Any) -> None:
    talk = talk_with(serve_stale=100.0)
    talk.store("a.example", "198.51.100.1", ttl=60)
    talk.wait(160)
    waiter = talk.ask("a.example")
    for _ in range(2):
        attempt = talk.expect_query()
        talk.fail(attempt)
        talk.expect_close(attempt)
    talk.expect_failure(waiter, FailureKind.NETWORK)


def test_no_stale_answer_when_it_is_switched_off(talk_with: Any) -> None:
    talk = talk_with(serve_stale=0.0, upstreams=(ONE,))
    talk.store("a.example", "198.51.100.1", ttl=60)
    talk.wait(60)
    waiter = talk.ask("a.example")
    attempt = talk.expect_query()
    talk.fail(attempt)
    talk.expect_close(attempt)
    talk.expect_failure(waiter, FailureKind.NETWORK)


def test_a_new_negative_answer_refutes_a_stale_one(talk: Any, make_soa: Any) -> None:
    talk.store("a.example", "198.51.100.1", ttl=60)
    talk.wait(61)
    waiter = talk.ask("a.example")
    attempt = talk.expect_query()
    talk.reply(attempt, rcode=NXDOMAIN, authorities=[make_soa(ttl=300, minimum=30)])
    resolution = talk.expect_delivery(waiter)
    assert resolution.answer.rcode == NXDOMAIN
    assert resolution.answer.ttl == 30
    assert talk.look("a.example").rcode == NXDOMAIN


# ---- prefetch ----


def _ask_three_times(talk: Any, name: str) -> None:
    for _ in range(3):
        assert talk.look(name) is not None


def test_a_popular_answer_is_asked_for_again_before_it_expires(talk: Any) -> None:
    talk.store("a.example", "198.51.100.1", ttl=100)
    _ask_three_times(talk, "a.example")
    talk.wait(89)
    talk.look("a.example")
    talk.expect_silence()
    talk.wait(2)
    assert talk.look("a.example") is not None
    attempt = talk.expect_query()
    talk.look("a.example")
    talk.expect_silence()
    talk.reply(attempt, address="198.51.100.2", ttl=100)
    talk.expect_close(attempt)
    talk.wait(50)
    assert talk.look("a.example").addresses == (bytes((198, 51, 100, 2)),)
    assert talk.counts["prefetches"] == 1


def test_a_failed_prefetch_is_not_repeated_with_every_hit(talk: Any) -> None:
    talk.store("a.example", "198.51.100.1", ttl=200)
    _ask_three_times(talk, "a.example")
    talk.wait(185)
    talk.look("a.example")
    for _ in range(2):
        attempt = talk.expect_query()
        talk.fail(attempt)
        talk.expect_close(attempt)
    _ask_three_times(talk, "a.example")
    talk.expect_silence()


@pytest.mark.parametrize("settings", [{"prefetch": False}, {"max_in_flight": 0}])
def test_no_prefetch_when_it_is_off_or_there_is_no_room(talk_with: Any, settings: dict[str, Any]) -> None:
    talk = talk_with()
    talk.store("a.example", "198.51.100.1", ttl=100)
    talk.exchange.reconfigure(replace(talk.settings, **settings), 100, talk.now)
    _ask_three_times(talk, "a.example")
    talk.wait(95)
    assert talk.look("a.example") is not None
    talk.expect_silence()


def test_a_prefetch_that_the_core_asks_for_obeys_the_same_limits(talk: Any) -> None:
    asked, other = Question(b"\x01a\x07example\x00", 1), Question(b"\x01b\x07example\x00", 1)
    talk.store("a.example", "198.51.100.1", ttl=100)
    assert len(talk.exchange.prefetch(asked, talk.now)) == 1
    assert talk.exchange.prefetch(asked, talk.now) == [], "it is being asked for"
    talk.exchange.reconfigure(replace(talk.settings, prefetch=False), 100, talk.now)
    assert talk.exchange.prefetch(other, talk.now) == []
    assert talk.counts["prefetches"] == 1


# ---- bounds ----


def test_more_questions_than_the_bound_are_turned_away_at_once(talk_with: Any) -> None:
    talk = talk_with(max_in_flight=2)
    talk.store("old.example", "198.51.100.1", ttl=60)
    talk.wait(61)
    talk.ask("a.example")
    talk.ask("a.example")
    talk.unseen.clear()
    talk.expect_failure(talk.ask("c.example"), FailureKind.OVERLOAD)
    talk.expect_failure(talk.ask("a.example"), FailureKind.OVERLOAD)
    talk.expect_address(talk.ask("old.example"), "198.51.100.1", stale=True)
    talk.expect_silence()
    assert talk.counts["overload"] == 3


def test_sockets_are_bounded(talk_with: Any) -> None:
    talk = talk_with(max_attempts=2)
    talk.ask("a.example")
    talk.ask("b.example")
    talk.expect_query()
    talk.expect_query()
    talk.expect_failure(talk.ask("c.example"), FailureKind.OVERLOAD)
    talk.wait(1)
    talk.expect_silence()
    assert talk.exchange.open_attempts == 2, (
        "no second try while no socket is free; the first is still awaited"
    )


def test_no_socket_left_is_overload_and_nobodys_fault(talk: Any) -> None:
    waiter = talk.ask("a.example")
    attempt = talk.expect_query()
    talk.fail(attempt, Trouble.NO_SOCKET)
    talk.expect_close(attempt)
    talk.expect_failure(waiter, FailureKind.OVERLOAD)
    assert all(state.failures == 0 for state in talk.exchange.upstream_states())
    talk.ask("a.example")
    talk.expect_query()


def test_a_question_sends_a_bounded_number_of_queries(talk_with: Any) -> None:
    talk = talk_with(upstreams=(ONE,), query_timeout=1e6)
    talk.ask("a.example")
    talk.wait(1e5)
    assert talk.counts["upstream_queries"] == 12


def test_every_waiter_has_its_own_deadline(talk: Any) -> None:
    first = talk.ask("a.example")
    talk.wait(4)
    second = talk.ask("a.example")
    talk.unseen.clear()
    talk.wait(1)
    deliveries = [each.waiter for each in talk.unseen if hasattr(each, "waiter")]
    assert deliveries == [first]
    talk.unseen.clear()
    talk.wait(3.99)
    assert talk.exchange.waiting == 1
    talk.wait(0.02)
    deliveries = [each.waiter for each in talk.unseen if hasattr(each, "waiter")]
    assert deliveries == [second]


def test_a_queue_of_impatient_clients_does_not_keep_a_flight_alive(talk: Any) -> None:
    for _ in range(30):
        talk.ask("a.example")
        talk.wait(0.5)
        if talk.counts["failures_unreachable"] and not talk.exchange.in_flight:
            break
    assert talk.now <= 1010.5


def test_a_waiter_that_withdraws_gets_nothing_but_the_answer_is_kept(talk: Any) -> None:
    waiter = talk.ask("a.example")
    attempt = talk.expect_query()
    talk.withdraw(waiter)
    talk.withdraw(waiter)
    talk.reply(attempt, address="198.51.100.1")
    talk.expect_close(attempt)
    talk.expect_silence()
    assert talk.look("a.example") is not None


def test_events_of_closed_attempts_are_ignored(talk: Any) -> None:
    waiter = talk.ask("a.example")
    attempt = talk.expect_query()
    sent = talk.open[attempt]
    talk.reply(attempt, address="198.51.100.1")
    talk.expect_address(waiter, "198.51.100.1")
    talk.expect_close(attempt)
    talk.open[attempt] = sent
    talk.reply(attempt, address="203.0.113.66")
    talk.fail(attempt)
    talk.expect_silence()


def test_stopping_serves_every_waiter_and_closes_everything(talk: Any) -> None:
    waiters = [talk.ask("a.example"), talk.ask("a.example"), talk.ask("b.example")]
    talk.unseen.clear()
    talk.stop()
    delivered = [each.waiter for each in talk.unseen if hasattr(each, "waiter")]
    assert sorted(delivered) == waiters
    assert not talk.open
    assert talk.exchange.next_timer() is None


# ---- health ----


def test_a_dead_upstream_is_left_alone_probed_and_taken_back(talk: Any) -> None:
    for name in ("a.example", "b.example", "c.example"):
        talk.ask(name)
        dead = talk.expect_query(ONE)
        talk.fail(dead)
        talk.expect_close(dead)
        other = talk.expect_query(TWO)
        talk.reply(other, address="198.51.100.1")
        talk.unseen.clear()
    assert [state.healthy for state in talk.exchange.upstream_states()] == [False, True]

    talk.ask("d.example")
    talk.reply(talk.expect_query(TWO), address="198.51.100.1")
    talk.unseen.clear()
    talk.wait(1.1)
    waiter = talk.ask("e.example")
    served = talk.expect_query(TWO)
    probe = talk.expect_query(ONE)
    talk.reply(served, address="198.51.100.1")
    talk.expect_address(waiter, "198.51.100.1")
    talk.expect_close(served)
    talk.reply(probe, address="198.51.100.1")
    talk.expect_close(probe)
    talk.expect_silence()
    assert [state.healthy for state in talk.exchange.upstream_states()] == [True, True]
    assert talk.counts["upstream_probes"] == 1


def test_a_probe_that_answers_first_serves_the_client(talk: Any) -> None:
    for name in ("a.example", "b.example", "c.example"):
        talk.ask(name)
        talk.fail(talk.expect_query(ONE))
        talk.unseen.popleft()
        talk.reply(talk.expect_query(TWO), address="198.51.100.1")
        talk.unseen.clear()
    talk.wait(1.1)
    waiter = talk.ask("e.example")
    served, probe = talk.expect_query(TWO), talk.expect_query(ONE)
    talk.reply(probe, address="198.51.100.9")
    talk.expect_close(probe)
    talk.expect_address(waiter, "198.51.100.9")
    talk.expect_close(served)
    assert talk.exchange.in_flight == 0


def test_a_failed_probe_is_not_the_questions_failure(talk: Any) -> None:
    for name in ("a.example", "b.example", "c.example"):
        talk.ask(name)
        talk.fail(talk.expect_query(ONE))
        talk.unseen.popleft()
        talk.reply(talk.expect_query(TWO), address="198.51.100.1")
        talk.unseen.clear()
    talk.wait(1.1)
    waiter = talk.ask("e.example")
    served, probe = talk.expect_query(TWO), talk.expect_query(ONE)
    talk.reply(served, address="198.51.100.1", ttl=0)
    talk.expect_address(waiter, "198.51.100.1")
    talk.expect_close(served)
    talk.fail(probe)
    talk.expect_close(probe)
    talk.ask("e.example")
    talk.expect_query(TWO)


def test_when_all_are_down_they_are_asked_all_the_same(talk: Any) -> None:
    for name in ("a.example", "b.example", "c.example"):
        talk.ask(name)
        for _ in range(2):
            attempt = talk.expect_query()
            talk.fail(attempt)
            talk.expect_close(attempt)
        talk.unseen.clear()
    assert not any(state.healthy for state in talk.exchange.upstream_states())
    waiter = talk.ask("d.example")
    talk.reply(talk.expect_query(), address="198.51.100.1")
    talk.expect_address(waiter, "198.51.100.1")
    assert any(state.healthy for state in talk.exchange.upstream_states())


# ---- time and settings ----


@pytest.mark.parametrize("jump", [-500.0, 1e9])
def test_a_jump_of_the_clock_loses_no_waiter(talk: Any, jump: float) -> None:
    waiters = {talk.ask("a.example"), talk.ask("b.example")}
    talk.now += jump
    talk.ask("a.example")
    talk.wait(1001)
    delivered = [each.waiter for each in talk.unseen if hasattr(each, "waiter")]
    assert waiters <= set(delivered)
    assert len(delivered) == 3
    assert not talk.open


def test_new_settings_keep_the_cache_and_the_questions_in_flight(talk: Any) -> None:
    talk.store("kept.example", "198.51.100.7")
    waiter = talk.ask("a.example")
    attempt = talk.expect_query()
    talk.exchange.reconfigure(replace(talk.settings, upstreams=("192.0.2.3:53",)), 50, talk.now)
    talk.reply(attempt, address="198.51.100.1")
    talk.expect_address(waiter, "198.51.100.1")
    talk.expect_close(attempt)
    assert talk.look("kept.example") is not None
    talk.ask("b.example")
    talk.expect_query("192.0.2.3:53")


def test_bad_settings_change_nothing(talk: Any) -> None:
    with pytest.raises(ValueError, match="upstream 'nonsense'"):
        talk.exchange.reconfigure(replace(talk.settings, upstreams=("nonsense",), cache_size=0), 50, talk.now)
    assert [state.address for state in talk.exchange.upstream_states()] == [ONE, TWO]


def test_a_smaller_cache_takes_effect_at_once(talk: Any) -> None:
    for number in range(20):
        talk.store(f"n{number}.example", "198.51.100.1")
    talk.exchange.reconfigure(replace(talk.settings, cache_size=5_000), 50, talk.now)
    assert talk.exchange.cache_bytes <= 5_000
    assert talk.counts["cache_evictions"] == 20 - talk.exchange.cache_entries
