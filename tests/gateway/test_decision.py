"""Which page, with which status, and what it may say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.decision import SITUATIONS, FilterState, Situation, Visit, decide_page
from resolver.policy.model import ReasonKind
from resolver.policy.reasons import REASONS

if TYPE_CHECKING:
    from resolver.tables.model import ListInfo

MakeView = Callable[..., Any]


@pytest.mark.parametrize(
    ("policy", "host", "situation", "status"),
    [
        ("strict", "bets.example", Situation.CATEGORY, 403),
        ("strict", "www.BETS.example.", Situation.CATEGORY, 403),
        ("network", "adult.example", Situation.CATEGORY, 403),
        ("open", "bets.example", Situation.NOT_BLOCKED, 421),
        ("strict", "illegal.example", Situation.ILLEGAL, 403),
        ("open", "illegal.example", Situation.ILLEGAL, 403),
        ("open", "ordered.example", Situation.ORDER, 451),
        ("strict", "malware.example", Situation.SECURITY, 403),
        ("open", "malware.example", Situation.NOT_BLOCKED, 421),
        ("strict", "chat.example", Situation.OWN_RULE, 403),
        ("strict", "fine.example", Situation.NOT_BLOCKED, 421),
        ("strict", "helpline.example", Situation.NOT_BLOCKED, 421),
        ("strict", "other.example", Situation.NOT_BLOCKED, 421),
        ("paused", "other.example", Situation.PAUSED, 403),
        ("paused", "printer", Situation.PAUSED, 403),
        ("paused", "helpline.example", Situation.NOT_BLOCKED, 421),
        ("paused", "illegal.example", Situation.ILLEGAL, 403),
        ("allow-only", "other.example", Situation.ALLOW_ONLY, 403),
        ("allow-only", "fine.example", Situation.NOT_BLOCKED, 421),
        ("strict", "", Situation.STATUS, 200),
        ("strict", "192.0.2.80", Situation.STATUS, 200),
        ("strict", "2001:db8::80", Situation.STATUS, 200),
        ("strict", "0x7f.1", Situation.STATUS, 200),
        ("strict", "<script>", Situation.BAD_REQUEST, 400),
        ("strict", "a..example", Situation.BAD_REQUEST, 400),
        ("strict", "1.2.3.4.5", Situation.BAD_REQUEST, 400),
        ("strict", "\udcff.example", Situation.BAD_REQUEST, 400),
        (None, "illegal.example", Situation.NOT_SERVED, 403),
        (None, "", Situation.NOT_SERVED, 403),
    ],
)
def test_situation_and_status(
    make_view: MakeView, now: float, policy: str | None, host: str, situation: Situation, status: int
) -> None:
    case = decide_page(make_view(policy), Visit("127.0.0.1", "GET", host), now)
    assert (case.situation, case.status) == (situation, status)


def test_every_reason_that_blocks_has_a_page() -> None:
    assert {*SITUATIONS, ReasonKind.NOT_SERVED} == set(REASONS)


def test_a_grant_ends_by_the_clock(make_view: MakeView, now: float) -> None:
    visit = Visit("127.0.0.1", "GET", "adult.example")
    assert decide_page(make_view(), visit, now).situation is Situation.NOT_BLOCKED
    assert decide_page(make_view(), visit, now + 60).situation is Situation.CATEGORY


@pytest.mark.parametrize("host", ["illegal.example", "hidden.example", "hidden-order.example"])
def test_nothing_of_a_secret_list_reaches_a_page(make_view: MakeView, now: float, host: str) -> None:
    case = decide_page(make_view(), Visit("127.0.0.1", "GET", host), now)
    assert case.status in {403, 451}
    assert (case.host, case.category) == ("", "")


def test_public_lists_name_host_and_category(make_view: MakeView, now: float) -> None:
    case = decide_page(make_view(), Visit("127.0.0.1", "GET", "BETS.example"), now)
    assert (case.host, case.category, case.standard) == ("bets.example", "Gambling", False)


def test_a_category_without_a_title_is_shown_by_its_id(make_view: MakeView, now: float) -> None:
    view = make_view()
    view.tables = replace(view.tables, categories={})
    assert decide_page(view, Visit("127.0.0.1", "GET", "bets.example"), now).category == "gambling"


def test_the_network_s_own_policy_is_told_from_a_chosen_one(make_view: MakeView, now: float) -> None:
    visit = Visit("127.0.0.1", "GET", "adult.example")
    assert decide_page(make_view("network"), visit, now).standard
    assert not decide_page(make_view("strict"), visit, now + 60).standard


def test_an_authority_is_named_only_if_the_operator_named_it(
    make_view: MakeView, now: float, secret_list: ListInfo
) -> None:
    visit, view = Visit("127.0.0.1", "GET", "illegal.example"), make_view()
    named = decide_page(view, visit, now)
    assert (named.authority, named.authority_contact) == ("Example Watch Foundation", "desk@watch.example")
    view.tables = replace(view.tables, lists={"watch": replace(secret_list, authority="")})
    unnamed = decide_page(view, visit, now)
    assert (unnamed.authority, unnamed.authority_contact, unnamed.authority_words) == ("", "", "")
    wordy = replace(secret_list, authority="", page="Ask us.")
    view.tables = replace(view.tables, lists={"watch": wordy})
    assert decide_page(view, visit, now).authority_words == "Ask us."


def test_the_status_page_tells_the_filter_s_state(make_view: MakeView, now: float) -> None:
    case = decide_page(make_view(), Visit("127.0.0.1", "GET", ""), now)
    assert case.state == FilterState(
        ("Gambling", "Adult <sites>", "hidden"), security=True, illegal=True, allow_only=False, paused=False
    )


def test_connect_is_never_given_a_tunnel(make_view: MakeView, now: float) -> None:
    for host in ("", "192.0.2.80", "bets.example", "other.example", "<"):
        assert decide_page(make_view(), Visit("127.0.0.1", "CONNECT", host), now).status >= 400


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300))
def test_any_host_gives_a_page(make_view: MakeView, now: float, host: str) -> None:
    case = decide_page(make_view("allow-only"), Visit("127.0.0.1", "GET", host), now)
    assert case.host in {"", case.host.lower()}
    assert case.host.isascii()
