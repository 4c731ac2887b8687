"""Whatever happens in whatever order: no exception, exactly one delivery for every waiter, bounds, no lost timer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolver.exchange.events import Trouble

MAX_IN_FLIGHT, MAX_ATTEMPTS, CACHE_SIZE = 5, 7, 12_000

names = st.sampled_from([f"n{number}.example" for number in range(8)])
forms = st.fixed_dictionaries(
    {},
    optional={
        "rcode": st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5, 9]),
        "address": st.just("198.51.100.1"),
        "ttl": st.sampled_from([0, 1, 60, 2**31]),
        "truncated": st.booleans(),
        "wrong_id": st.booleans(),
        "keep_case": st.booleans(),
        "edns": st.booleans(),
        "recursion": st.booleans(),
        "source": st.sampled_from(["192.0.2.1:53", "192.0.2.2:53", "[2001:db8::1]:53"]),
    },
)
steps = st.one_of(
    st.tuples(st.just("ask"), names),
    st.tuples(st.just("look"), names),
    st.tuples(st.just("withdraw"), st.integers(0, 20)),
    st.tuples(st.just("reply"), st.integers(0, 20), forms),
    st.tuples(st.just("garbage"), st.integers(0, 20), st.binary(max_size=40)),
    st.tuples(st.just("fail"), st.integers(0, 20), st.sampled_from(list(Trouble))),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.1, 0.5, 1.9, 5.0, 61.0, 1e5])),
    st.tuples(st.just("jump"), st.sampled_from([-100.0, 1.0, 100.0])),
    st.tuples(
        st.just("reconfigure"), st.sampled_from([("192.0.2.1:53",), ("192.0.2.2:53", "192.0.2.3:53"), ()])
    ),
)


def _pick(talk: Any, number: int) -> int | None:
    """One of the open attempts."""
    return list(talk.open)[number % len(talk.open)] if talk.open else None


def _reply(talk: Any, number: int, form: dict[str, Any]) -> None:
    attempt = _pick(talk, number)
    if attempt is None:
        return
    if "address" not in form:
        form = {key: value for key, value in form.items() if key != "ttl"}
    talk.reply(attempt, **form)


def _garbage(talk: Any, number: int, data: bytes) -> None:
    attempt = _pick(talk, number)
    if attempt is not None:
        talk.datagram(attempt, data)


def _fail(talk: Any, number: int, trouble: Trouble) -> None:
    attempt = _pick(talk, number)
    if attempt is not None:
        talk.fail(attempt, trouble)


def _jump(talk: Any, seconds: float) -> None:
    talk.now += seconds


def _reconfigure(talk: Any, upstreams: tuple[str, ...]) -> None:
    changed = replace(talk.settings, upstreams=upstreams)
    talk.exchange.reconfigure(changed, MAX_ATTEMPTS, talk.now)


ACTIONS: dict[str, Callable[..., Any]] = {
    "ask": lambda talk, name: talk.ask(name),
    "look": lambda talk, name: talk.look(name),
    "withdraw": lambda talk, waiter: talk.withdraw(waiter),
    "reply": _reply,
    "garbage": _garbage,
    "fail": _fail,
    "wait": lambda talk, seconds: talk.wait(seconds),
    "jump": _jump,
    "reconfigure": _reconfigure,
}


def _check_bounds(talk: Any) -> None:
    exchange = talk.exchange
    assert exchange.waiting <= MAX_IN_FLIGHT
    assert exchange.in_flight <= MAX_IN_FLIGHT
    assert exchange.open_attempts == len(talk.open) <= MAX_ATTEMPTS
    assert exchange.cache_bytes <= CACHE_SIZE
    assert (exchange.next_timer() is not None) == (exchange.in_flight > 0), "every flight has a timer"


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(steps, min_size=10, max_size=80), explore=st.booleans())
def test_any_order_of_events(talk_with: Callable[..., Any], script: list[Any], explore: bool) -> None:
    talk = talk_with(
        max_attempts=MAX_ATTEMPTS,
        max_in_flight=MAX_IN_FLIGHT,
        cache_size=CACHE_SIZE,
        min_ttl=0,
        query_timeout=5.0,
    )
    talk.dice.value = 0.0 if explore else 0.5
    withdrawn = set()
    for action, *arguments in script:
        delivered = {each.waiter for each in talk.unseen if hasattr(each, "waiter")}
        if action == "withdraw" and arguments[0] <= talk.waiters and arguments[0] not in delivered:
            withdrawn.add(arguments[0])
        ACTIONS[action](talk, *arguments)
        _check_bounds(talk)

    talk.wait(1e6)
    assert talk.exchange.in_flight == talk.exchange.waiting == len(talk.open) == 0
    assert talk.exchange.next_timer() is None
    deliveries = Counter(each.waiter for each in talk.unseen if hasattr(each, "waiter"))
    assert set(deliveries) == set(range(1, talk.waiters + 1)) - withdrawn
    assert set(deliveries.values()) <= {1}
