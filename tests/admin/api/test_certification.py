"""Self-tests and certificates over HTTP, and the page."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from admin.api.certificate_page import pages
from admin.services.actors import Actor, ActorKind
from admin.services.probe_records import Change, Enforcement, keep_enforcements, keep_probes
from admin.services.probes import Outcome, Probe, Report, State
from admin.services.quarter import Quarter

PATH = "/api/v1/lists/bets/certification"
BY_TIME = Actor.of_the_box(ActorKind.SELFTEST, "control")


@pytest.fixture
async def filled(appliance: Any, now: float) -> Any:
    """An appliance with an outage of ten minutes, and two versions that came into force."""
    began = Quarter.of(now).begin + 7_200
    probes = [
        Probe("bets", way, "127.0.0.1:53", outcome, "", began + at)
        for at, outcome in ((0, Outcome.GOOD), (300, Outcome.SILENT), (900, Outcome.GOOD))
        for way in ("udp", "tcp")
    ]
    changes = [
        Change("bets", State.FAILING, "udp 127.0.0.1:53: no answer", began + 300, BY_TIME),
        Change("bets", State.WORKING, "", began + 900, BY_TIME),
    ]
    versions = [
        Enforcement("bets", began, began + 2, began - 60, 100, shrank=False),
        Enforcement("bets", began + 50, began + 56, None, 90, shrank=True),
        Enforcement("bets", began, began + 999, None, 100, shrank=False),  # seen again after a restart
    ]
    async with appliance.database.transaction() as transaction:
        await keep_probes(transaction, probes, changes)
        await keep_enforcements(transaction, versions)
    return appliance


async def test_a_certificate_tells_probes_outages_and_latencies(local: Any, filled: Any, now: float) -> None:
    async with local.get(PATH, params={"quarter": str(Quarter.of(now))}) as answer:
        assert answer.status == 200
        body = await answer.json()
    assert [(item["transport"], item["good"], item["failed"]) for item in body["tested"]] == [
        ("tcp", 2, 1),
        ("udp", 2, 1),
    ]
    assert [(span["end"] - span["begin"], span["words"]) for span in body["outages"]] == [
        (600, "udp 127.0.0.1:53: no answer")
    ]
    assert body["enforced_after_fetch"] == {"versions": 2, "median": 4, "longest": 6}
    assert body["enforced_after_publication"] == {"versions": 1, "median": 62, "longest": 62}
    assert body["removed_after_fetch"] == {"versions": 1, "median": 6, "longest": 6}
    assert re.fullmatch("[0-9a-f]{64}", body["software"]["digest"])
    assert {"no-canary", "transport-doh", "hours-without-probes"} <= set(body["uncovered"])


async def test_another_quarter_has_nothing_of_it(local: Any, filled: Any) -> None:
    async with local.get(PATH, params={"quarter": "2020Q1"}) as answer:
        body = await answer.json()
    assert (body["tested"], body["outages"], body["enforced_after_fetch"]["versions"]) == ([], [], 0)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("quarter=2026Q9", 400),
        ("format=pdf", 400),
        ("format=html&language=xx", 422),
        ("language=english", 400),
        ("quarter=2026Q1&quarter=2026Q2", 400),
        ("year=2026", 400),
    ],
)
async def test_what_is_wrongly_asked(local: Any, query: str, status: int) -> None:
    async with local.get(f"{PATH}?{query}") as answer:
        assert answer.status == status


async def test_no_list_and_no_token(local: Any, client: Any) -> None:
    async with local.get("/api/v1/lists/none/certification") as answer:
        assert answer.status == 404
    async with client.get(PATH) as answer:
        assert answer.status == 401


@pytest.mark.parametrize(("language", "words"), [("en", "Self-certification"), ("de", "Selbstauskunft")])
async def test_the_page_speaks_the_reader_s_language(
    local: Any, filled: Any, language: str, words: str
) -> None:
    headers = {"Accept-Language": language}
    async with local.get(PATH, params={"format": "html"}, headers=headers) as answer:
        text = await answer.text()
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert "style-src 'sha256-" in answer.headers["Content-Security-Policy"]
    assert words in text
    assert f'<html lang="{language}"' in text
    assert not re.search(r"(?:src|href)=|url\(|@import|<script", text)


async def test_the_page_escapes_what_lists_are_called(local: Any, filled: Any) -> None:
    async with local.get(PATH) as answer:
        body = await answer.json()
    for tag in pages().languages:
        text = pages().render({**body, "title": "<img src=x>", "authority": "<script>"}, tag)
        assert "<img" not in text
        assert "<script" not in text


async def test_history_and_newest_round(local: Any, filled: Any, now: float) -> None:
    probe = Probe("bets", "udp", "127.0.0.1:53", Outcome.GOOD, "", now)
    report = Report("bets", State.WORKING, now, now, (probe,))
    filled.state = replace(filled.state, selftests=(report,))
    async with local.get("/api/v1/lists/bets/selftest", params={"limit": 4}) as answer:
        first = await answer.json()
    assert first["newest"]["finding"] == "the canary is enforced everywhere"
    async with local.get(first["next"]) as answer:
        rest = await answer.json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (4, 2, None)
    assert [item["at"] for item in first["items"]] == sorted((i["at"] for i in first["items"]), reverse=True)
