"""GET …/held and POST …/preview: the report as JSON, and what can be said instead."""

from __future__ import annotations

from typing import Any

import pytest

from admin.services.actors import Actor
from admin.services.errors import ConflictError, NotFoundError
from admin.services.gate_reports import Origin, VersionReport, version_report
from blocklists.coverage import Coverage
from blocklists.gates import judge
from blocklists.model import Kind, ListCounts, ListSource

SOURCE = ListSource("bets", "https://lists.example/bets", "domains", Kind.SECURITY)
DIGEST = "0123456789abcdef" * 4


class Inspections:
    """Answers as the test says."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.asked: list[bool | None] = []

    async def held(self, actor: Actor, list_id: str) -> VersionReport:
        return self._answer(None)

    async def preview(self, actor: Actor, list_id: str, *, fetch: bool) -> VersionReport:
        return self._answer(fetch)

    def _answer(self, fetch: bool | None) -> VersionReport:
        self.asked.append(fetch)
        if self.fault is not None:
            raise self.fault
        counts = ListCounts(lines=5, entries=5, coverage=Coverage("r", popular=("big.example",), asked=600))
        failures = judge(SOURCE, counts, None, DIGEST)
        return version_report(SOURCE, Origin("held", DIGEST, 1.0), counts, None, failures)


@pytest.fixture
def inspections(appliance: Any) -> Inspections:
    appliance.inspections = Inspections()
    return appliance.inspections  # type: ignore[no-any-return]  # what was just put there


async def test_the_report(local: Any, inspections: Inspections) -> None:
    answer = await local.get("/api/v1/lists/bets/held")
    assert answer.status == 200
    report = await answer.json()
    assert report["preview"] == (
        "It would newly block 1 of 600 popular names (what is asked for here is not sampled)."
    )
    (gate,) = report["gates"]
    assert (gate["gate"], gate["title"], gate["two_persons"]) == ("popular", "Popular names", True)
    assert gate["examples"] == ["big.example"]
    assert (report["entries"], report["entries_before"]) == (5, None)


@pytest.mark.parametrize(("body", "fetch"), [({}, False), ({"fetch": True}, True)])
async def test_a_preview(local: Any, inspections: Inspections, body: dict[str, bool], fetch: bool) -> None:
    answer = await local.post("/api/v1/lists/bets/preview", json=body)
    assert answer.status == 200
    assert inspections.asked == [fetch]


@pytest.mark.parametrize(
    ("fault", "status"),
    [(NotFoundError("No version of list bets is held"), 404), (ConflictError("its server is down"), 409)],
)
async def test_what_can_go_wrong(local: Any, inspections: Inspections, fault: Exception, status: int) -> None:
    inspections.fault = fault
    for call in (local.get("/api/v1/lists/bets/held"), local.post("/api/v1/lists/bets/preview", json={})):
        answer = await call
        assert answer.status == status
        assert (await answer.json())["detail"].startswith(str(fault))


@pytest.mark.parametrize("body", [{"fetch": 1}, {"other": True}])
async def test_a_wrong_question(local: Any, inspections: Inspections, body: dict[str, Any]) -> None:
    answer = await local.post("/api/v1/lists/bets/preview", json=body)
    assert answer.status in (400, 422)
    assert inspections.asked == []
