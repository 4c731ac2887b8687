"""Versions, differences, review queue and ages of entries over HTTP."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from admin.api.list_life import KeptVersion, VersionDifference
from admin.api.lists_history import SHOWN
from blocklists.differences import Difference
from blocklists.entry_life import ReviewPart
from blocklists.ledger import Since, Step
from blocklists.model import Entry, ListCounts, Scope
from blocklists.records import Serving

SINCE = Since(1_700_000_000.0, "v1", exact=True)
SINCE_SHOWN = {"at": 1_700_000_000.0, "version": "v1", "exact": True}


def entry(name: str) -> Entry:
    return Entry(name, Scope.DOMAIN)


async def test_versions(appliance: Any, local: Any) -> None:
    version = Serving("d" * 64, 10, 1.0, ListCounts(), etag='"e"', accepted=2.0)
    appliance.lists.answer = (
        KeptVersion(version, 5, Step(2.0, "d" * 64, 3, 4), serves=True, text_kept=True),
        KeptVersion(version, None, None, serves=False, text_kept=False),
    )
    first, second = (await (await local.get("/api/v1/lists/bets/versions")).json())["versions"]
    assert (first["entries"], first["added"], first["removed"], first["serves"]) == (5, 3, 4, True)
    assert (second["entries"], second["added"], second["removed"], second["serves"]) == (
        None,
        None,
        None,
        False,
    )


@pytest.mark.parametrize(
    ("query", "asked"),
    [("", ("", "")), ("?before=aa&after=bb", ("aa", "bb"))],
)
async def test_a_difference(appliance: Any, local: Any, query: str, asked: tuple[str, str]) -> None:
    names = Difference((entry("new.example"),), (entry("old.example"),))
    appliance.lists.answer = VersionDifference("bets", "a", "b", 1, 1, names)
    answer = await local.get(f"/api/v1/lists/bets/diff{query}")
    assert await answer.json() == {
        "list": "bets",
        "before": "a",
        "after": "b",
        "added": 1,
        "removed": 1,
        "names": {
            "added": [{"name": "new.example", "scope": "domain"}],
            "removed": [{"name": "old.example", "scope": "domain"}],
            "complete": True,
        },
    }
    assert appliance.lists.asked == [("diff", "bets", "root", *asked)]


@pytest.mark.parametrize(("query", "number"), [("", SHOWN), ("?all=false", SHOWN), ("?all=true", SHOWN + 1)])
async def test_a_large_difference_is_cut_unless_all_is_asked_for(
    appliance: Any, local: Any, query: str, number: int
) -> None:
    many = tuple(entry(f"n{n}.example") for n in range(SHOWN + 1))
    appliance.lists.answer = VersionDifference("bets", "a", "b", len(many), 0, Difference(many))
    names = (await (await local.get(f"/api/v1/lists/bets/diff{query}")).json())["names"]
    assert (len(names["added"]), names["complete"]) == (number, number > SHOWN)


async def test_texts_are_compared_one_pair_at_a_time(
    appliance: Any, local: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each comparison takes memory by the lists' size, and a thread that a decision may be waiting for."""
    running = most = 0

    async def compared(*_asked: Any) -> VersionDifference:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(100):
            await asyncio.sleep(0)
        running -= 1
        return VersionDifference("bets", "a", "b", 0, 0, None)

    monkeypatch.setattr(appliance.lists, "difference", compared)
    answers = await asyncio.gather(*(local.get("/api/v1/lists/bets/diff") for _ in range(4)))
    assert ([answer.status for answer in answers], most) == ([200] * 4, 1)


async def test_a_long_answer_is_written_beside_the_loop(
    appliance: Any, local: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []

    def shown(listed: Any) -> dict[str, Any]:
        threads.append(threading.get_ident())
        return {"name": listed.name, "scope": "domain"}

    monkeypatch.setattr("admin.api.lists_history._entry", shown)
    appliance.lists.answer = VersionDifference("bets", "a", "b", 1, 0, Difference((entry("new.example"),)))
    assert (await local.get("/api/v1/lists/bets/diff?all=true")).status == 200
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.parametrize(("added", "names"), [(4, None), (None, None)])
async def test_of_a_secret_list_numbers_at_most(appliance: Any, local: Any, added: Any, names: Any) -> None:
    appliance.lists.answer = VersionDifference("bets", "a", "b", added, added, names)
    said = await (await local.get("/api/v1/lists/bets/diff")).json()
    assert (said["added"], said["names"]) == (added, None)


async def test_the_review_queue_in_pages(appliance: Any, local: Any) -> None:
    appliance.lists.answer = ReviewPart(((entry("old.example"), SINCE),), 17)
    said = await (await local.get("/api/v1/lists/bets/review?limit=1&cursor=5")).json()
    assert said == {
        "list": "bets",
        "items": [{"name": "old.example", "scope": "domain", "since": SINCE_SHOWN}],
        "next": "/api/v1/lists/bets/review?limit=1&cursor=17",
    }
    assert appliance.lists.asked == [("review", "bets", "root", 5, 1)]
    appliance.lists.answer = ReviewPart((), None)
    assert (await (await local.get("/api/v1/lists/bets/review")).json())["next"] is None


async def test_since_when(appliance: Any, local: Any) -> None:
    appliance.lists.known_since = SINCE
    said = await (await local.get("/api/v1/lists/bets/since?name=BETS.example.")).json()
    assert said == {"list": "bets", "name": "bets.example", "since": SINCE_SHOWN}
    appliance.lists.known_since = None
    assert (await (await local.get("/api/v1/lists/bets/since?name=bets.example")).json())["since"] is None


@pytest.mark.parametrize(
    "query",
    [
        "diff?all=yes",
        "diff?befor=aa",
        "review?cursor=x",
        "review?cursor=-1",
        "review?limit=0",
        "since",
        "since?name=a b",
    ],
)
async def test_what_is_wrongly_asked(appliance: Any, local: Any, query: str) -> None:
    assert (await local.get(f"/api/v1/lists/bets/{query}")).status == 400
    assert appliance.lists.asked == []
