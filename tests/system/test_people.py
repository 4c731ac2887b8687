"""``weir subscribers``, ``weir profiles`` and ``weir audit list`` on the running appliance."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.system

BLOCKED = ["A 192.0.2.80"]


@pytest.fixture(scope="module")
def box(
    make_shared_appliance: Callable[..., Any], shared_small_config: Callable[..., Any], shared_upstream: Any
) -> Any:
    appliance = make_shared_appliance(shared_small_config([f"127.0.0.1:{shared_upstream.port}"]))
    appliance.start()
    return appliance


def run(box: Any, *arguments: str, status: int = 0) -> str:
    done = box.weir(*arguments)
    assert done.returncode == status, done.stdout + done.stderr
    return str(done.stdout if status == 0 else done.stderr)


def test_people_come_change_and_go(box: Any) -> None:
    assert "no such event" not in run(box, "audit", "list")
    assert "added" in run(box, "profiles", "set", "kids", "--title", "Kids", "--block", "gambling")
    assert "added" in run(
        box, "subscribers", "set", "home-18", "--profile", "open", "--address", "127.0.0.18"
    )
    assert box.dig("bets.example", source="127.0.0.18").answers != BLOCKED
    said = run(box, "subscribers", "set", "home-18", "--profile", "kids", "--reason", "Größere Kinder")
    assert "changed" in said
    assert box.dig("bets.example", source="127.0.0.18").answers == BLOCKED
    shown = json.loads(run(box, "subscribers", "show", "home-18"))
    assert (shown["profile"], shown["addresses"]) == ("kids", ["127.0.0.18/32"])
    assert [item["id"] for item in json.loads(run(box, "subscribers", "list", "--json"))] == [
        "home-17",
        "home-18",
    ]
    assert "`home-18`" in run(box, "profiles", "remove", "kids", status=1)
    run(box, "subscribers", "set", "home-18", "--paused", "--allow", "a.example", "--deny", "b.example")
    assert "removed" in run(box, "subscribers", "remove", "home-18")
    assert "removed" in run(box, "profiles", "remove", "kids")
    events = json.loads(run(box, "audit", "list", "--subject", "home-18", "--json"))
    assert [event["kind"] for event in events] == ["subscriber.changed"] * 3 + ["subscriber.deleted"]
    assert events[1]["reason"] == "Größere Kinder"
    assert {event["actor_kind"] for event in events} == {"local"}


REFUSED: tuple[tuple[tuple[str, ...], int, str], ...] = (
    (("subscribers", "set", "home-17", "--profile", "strict"), 1, "is declared in"),
    (("subscribers", "set", "home-18", "--profile", "strict"), 2, "addresses: missing"),
    (("subscribers", "set", "home-18"), 2, "name something to set"),
    (("subscribers", "set", "a/b", "--profile", "strict", "--address", "10.0.0.1"), 2, "id"),
    (("subscribers", "show", "nobody"), 2, "there is no subscriber `nobody`"),
    (("subscribers", "remove", "nobody"), 2, "there is no subscriber `nobody`"),
    (("profiles", "set", "kids", "--block", "nonsense"), 2, "block/0"),
    (("profiles", "set", "kids", "--keys", "{"), 2, "is no JSON"),
    (("profiles", "set", "kids", "--keys", "[]"), 2, "is a JSON object"),
    (("audit", "list", "--since", "tomorrow"), 2, "since is no moment in time"),
)


def test_what_is_refused_is_told(box: Any) -> None:
    for arguments, status, words in REFUSED:
        assert words in run(box, *arguments, status=status), arguments
