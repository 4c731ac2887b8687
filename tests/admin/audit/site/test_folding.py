"""What each leaf adds to the sums, and that it does not matter in how many goes they are made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admin.audit.site.folding import GROUPS, LIMITS, LISTS, ROUTINE, RULES, fold
from admin.audit.site.sums import CODEC, MOST_HAPPENINGS, MOST_NODES, Sums, Updates
from resolver.tlog import leaves, manifests
from resolver.tlog.leaf_types import LeafType
from resolver.tlog.leaves import Role
from resolver.tlog.manifests import ListState, Manifest

SECRET = ListState("secret", n=7, commit="11" * 32)


def public(n: int) -> ListState:
    return ListState("public", n=n, raw="22" * 32)


def state_of(story: Any) -> Callable[[str], Manifest]:
    return lambda state: manifests.decode(story.manifests[state])


def folded(story: Any, sums: Sums | None = None) -> Sums:
    sums = sums or Sums()
    for data in story.leaves[sums.size :]:
        fold(sums, leaves.decode(data), state_of(story))
    return sums


def test_every_type_has_its_group() -> None:
    assert set(GROUPS) < set(LeafType)
    assert GROUPS[LeafType.LIST_SUSPEND] == LIMITS
    routine = {kind.value for kind in LeafType if kind not in GROUPS}
    assert routine == {
        "publish", "enforce", "canary", "heartbeat", "stats", "worker.start", "worker.end", "worker.refuse",
        "event.untold",
    }  # fmt: skip


def test_a_list_from_its_first_day_to_its_last(new_story: Any, begin: int) -> None:
    story = new_story()
    story.lists = {"a": public(10), "b": SECRET}
    story.later().change("config.load", Role.OPERATOR)
    first = story.now
    story.lists["a"] = public(12)
    story.later().change("list.sync", list="a", chg={"add": 2, "del": 0, "n": 12})
    story.lists["a"] = ListState("public", n=15, raw="22" * 32, enf="nothing")
    story.later(2 * 86_400).change("list.suspend", Role.OPERATOR, list="a", until=begin + 9_999_999)
    suspended = story.now
    sums = folded(story)
    life = sums.lists["a"]
    assert (life.since, life.enforced, life.enforced_since) == (first, "nothing", suspended)
    assert (life.suspended, life.suspended_until) == (suspended, begin + 9_999_999)
    assert life.counts == {begin // 86_400: 12, begin // 86_400 + 2: 15}
    assert sums.lists["b"].counts == {}
    story.tell("list.resume", list="a")
    del story.lists["a"]
    story.later().change("list.drop", list="a")
    sums = folded(story, sums)
    assert (sums.lists["a"].until, sums.lists["a"].suspended) == (story.now, None)
    story.lists["a"] = public(1)
    story.later().change("list.add", list="a")
    again = folded(story, sums).lists["a"]
    assert (again.since, again.until, again.counts) == (story.now, None, {story.now // 86_400: 1})


def test_a_list_that_becomes_confidential_is_drawn_no_more(new_story: Any) -> None:
    story = new_story()
    story.lists = {"a": public(10)}
    story.change("list.add", list="a")
    story.lists = {"a": SECRET}
    story.later().change("list.change", list="a", conf="secret")
    assert folded(story).lists["a"].counts == {}


def test_a_log_that_follows_another_had_its_lists_before(new_story: Any) -> None:
    story = new_story()
    story.leaves.clear()
    story.lists = {"a": public(1)}
    story.state = "0" * 64
    story.change("log.init", origin=story.origin, vkey=story.vkey.text, last="an older checkpoint\n")
    story.lists["b"] = public(2)
    story.later().change("list.add", list="b")
    sums = folded(story)
    assert (sums.lists["a"].is_older, sums.lists["b"].is_older) == (True, False)


def test_what_happens_often_on_a_day_is_one_line(new_story: Any) -> None:
    story = new_story()
    for _ in range(5):
        story.later(60).tell("list.read", Role.AUDITOR, list="a", how="ask")
    story.tell("list.read", Role.AUDITOR, list="a", how="open")
    story.later(86_400).tell("list.read", Role.AUDITOR, list="a", how="ask")
    told = [(item.word, item.times) for item in folded(story).happenings if item.type == "list.read"]
    assert told == [("ask", 5), ("open", 1), ("ask", 1)]


def test_updates_are_counted_by_month_and_drown_nothing(new_story: Any) -> None:
    story = new_story()
    for _ in range(40):
        story.later(86_400)
        story.tell("list.sync", list="a", chg={"add": 2, "del": 1, "n": 9})
        story.tell("list.sync", list="b")
    story.tell("list.suspend", Role.OPERATOR, list="a")
    sums = folded(story)
    assert [item.type for item in sums.happenings] == ["log.init", "list.suspend"]
    assert sums.updates["a"]["2026-01"] == Updates(30, sums.updates["a"]["2026-01"].last, 60, 30)
    assert sums.updates["b"]["2026-02"] == Updates(10, story.now, None, None)
    assert sums.months["2026-01"] == {RULES: 1, LISTS: 60}


def test_a_self_test_is_news_where_it_changes(new_story: Any) -> None:
    story = new_story()
    story.lists = {"a": SECRET}
    story.change("config.load")
    for result in ("working", "working", "failing", "failing", "off", "working", "working"):
        story.later(90_000).tell("canary", list="a", result=result, day="2026-01-02", paths={"udp": "good"})
    story.tell("canary", list="unknown", result="failing")
    sums = folded(story)
    told = [item.word for item in sums.happenings if item.type == "canary"]
    assert told == ["failing", "working"]
    assert (sums.lists["a"].test, sums.lists["a"].tested) == ("working", story.now)


def test_silences_and_the_end(new_story: Any) -> None:
    story = new_story()
    begun = story.now
    story.later(86_400).tell("heartbeat")
    assert folded(story).silences == []
    story.later(86_401).tell("heartbeat")
    story.later(60).tell("log.close", why="year", next="isp.example/log/2027")
    sums = folded(story)
    assert [(item.begin, item.end) for item in sums.silences] == [(begun + 86_400, begun + 172_801)]
    assert (sums.closed, sums.successor) == ("year", "isp.example/log/2027")
    assert (sums.first, sums.last, sums.size) == (begun, story.now, 4)


def test_what_can_grow_is_bounded(new_story: Any) -> None:
    story = new_story()
    for number in range(MOST_NODES + 10):
        story.later(86_400).tell("enforce", node=f"r{number}", served="44" * 32, snap="ab" * 32)
        story.tell("profile.set", profile=f"p{number}")
    sums = folded(story)
    assert len(sums.nodes) == MOST_NODES
    assert "r0" not in sums.nodes
    assert len(sums.happenings) == MOST_HAPPENINGS


def test_leaves_of_later_versions_are_counted(new_story: Any) -> None:
    story = new_story()
    story.tell("witness.add", name="ngo")
    story.tell("event.untold")
    sums = folded(story)
    assert sums.months["2026-01"][ROUTINE] == 2
    assert [item.type for item in sums.happenings] == ["log.init", "event.untold"]


def test_a_sealed_leaf_says_only_that_it_is_there(new_story: Any) -> None:
    story = new_story()
    sums = folded(story)
    leaf = leaves.Leaf(
        1,
        story.now,
        "enforce",
        leaves.LeafActor("a:0123456789abcdef", Role.SYSTEM),
        "0" * 64,
        "0" * 64,
        seal=2**40,
    )
    fold(sums, leaves.decode(leaves.encode(leaf)), state_of(story))
    assert sums.size == 2


@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(1, 780), max_size=4))
def test_in_one_go_or_in_many(cuts: list[int]) -> None:
    story = _YEAR.get()
    whole, parts = folded(story), Sums()
    for end in [*sorted(cuts), len(story.leaves)]:
        for data in story.leaves[parts.size : end]:
            fold(parts, leaves.decode(data), state_of(story))
        parts = CODEC.validate_json(CODEC.dump_json(parts))
    assert parts == whole


class _Year:
    """One year for all examples."""

    story: Any = None

    def get(self) -> Any:
        return self.story


_YEAR = _Year()


@pytest.fixture(autouse=True)
def _year(of_a_year: Callable[[], Any]) -> None:
    if _YEAR.story is None:
        _YEAR.story = of_a_year()


def test_months_are_those_of_utc(new_story: Any) -> None:
    story = new_story()
    story.now = int(datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC).timestamp())
    story.tell("heartbeat")
    story.later(1).tell("heartbeat")
    assert sorted(folded(story).months) == ["2026-01", "2026-02"]
