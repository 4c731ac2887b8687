"""The whole of a report: what happened in a month is counted once and where it belongs, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from admin.audit.report.computing import printed
from admin.audit.report.period import of
from resolver.tlog.leaves import Role

SNAP = "ab" * 32
JANUARY = of("2026-01")


@pytest.fixture
def month(maker: Any, moment: Callable[[str], int]) -> Any:
    """January 2026 and what came after, as far as it matters."""
    maker.add("2025-12-31 12:00:00", "canary", list="iwf", result="failing")  # it goes on into the month
    source = {"auth": "IWF", "basis": "voluntary"}
    maker.add("2026-01-01 06:00:00", "canary", list="iwf", result="working", day="2026-01-01",
              paths={"udp": "good", "dot": "good"})  # fmt: skip
    maker.lists["iwf"] = replace(maker.lists["iwf"], commit="44" * 32, upd=moment("2026-01-01 09:59:30"))
    maker.change("2026-01-01 10:00:00", "list.sync", list="iwf", src=source)
    maker.add("2026-01-01 10:00:00", "publish", snap=SNAP)
    maker.add("2026-01-01 10:00:02", "enforce", node="r1", snap=SNAP, served=maker.state)
    maker.add("2026-01-01 10:00:08", "enforce", node="r2", snap=SNAP, served=maker.state)
    maker.lists["court"] = replace(
        maker.lists["court"], n=2, raw="55" * 32, upd=moment("2026-01-10 11:59:00")
    )
    maker.change("2026-01-10 12:00:00", "list.sync", list="court", chg={"add": 0, "del": 1, "n": 2})
    maker.add("2026-01-10 12:00:05", "enforce", node="r1", snap=SNAP, served=maker.state)
    maker.lists["adult"] = replace(maker.lists["adult"], enf="nothing")
    maker.change("2026-01-20 00:00:00", "list.suspend", Role.OPERATOR, list="adult")
    for node in ("r1", "r2"):
        maker.add("2026-01-20 00:00:01", "enforce", node=node, snap=SNAP, served=maker.state)
    maker.add("2026-01-20 01:00:00", "list.read", Role.AUDITOR, list="iwf", how="open")
    maker.lists["adult"] = replace(maker.lists["adult"], enf="all")
    maker.change("2026-01-21 00:00:00", "list.resume", Role.OPERATOR, list="adult")
    counts = {"gambling": 120, "illegal-and-security": None}
    for day in ("2026-01-20", "2026-01-20", "2026-01-30"):
        maker.add("2026-01-31 00:02:00", "stats", day=day, c=10, eps="1", k=50, counts=counts)
    maker.add("2026-01-31 12:00:00", "debug.on", Role.OPERATOR)
    maker.add("2026-02-01 00:02:00", "stats", day="2026-01-31", c=20, eps="1", k=50, counts={"gambling": 80})
    maker.lists.pop("adult")
    maker.change("2026-02-01 08:00:00", "list.drop", Role.OPERATOR, list="adult")
    maker.add("2026-02-02 00:00:00", "heartbeat")
    return maker


def report_of(made: Any, period: str = "2026-01") -> dict[str, Any]:
    found: dict[str, Any] = made.report(period)
    return found


def test_lists_have_what_happened_to_them(month: Any, moment: Callable[[str], int]) -> None:
    lists = report_of(month)["lists"]
    assert list(lists) == ["adult", "court", "iwf"]
    iwf, court, adult = lists["iwf"], lists["court"], lists["adult"]
    assert (iwf["title"], iwf["authority"], iwf["legal_basis"], iwf["kind"], iwf["confidentiality"]) == (
        "IWF", "IWF", "voluntary", "illegal", "secret",
    )  # fmt: skip
    assert (iwf["versions"], iwf["added"], iwf["removed"]) == (1, None, None)  # not published
    assert iwf["entries"] == {"first": None, "last": None}
    assert iwf["disclosures"] == {"open": 1, "ask": 0, "challenge": 0}
    assert (court["versions"], court["added"], court["removed"]) == (1, 0, 1)
    assert court["entries"] == {"first": 3, "last": 2}
    assert court["in_force"] == [{"from": JANUARY.begin, "until": JANUARY.end, "enforced": "all"}]
    assert [span["enforced"] for span in adult["in_force"]] == ["all", "nothing", "all"]
    assert adult["seconds"] == {"all": 30 * 86_400, "names": 0, "nothing": 86_400}
    assert (adult["suspensions"], adult["resumptions"]) == (1, 1)
    assert adult["in_force"][1]["from"] == moment("2026-01-20")


def test_of_a_sealed_leaf_it_is_told_that_it_is_there(maker: Any, moment: Callable[[str], int]) -> None:
    before = maker.add("2026-01-02", "heartbeat")
    for kind in ("list.sync", "canary", "stats", "enforce", "key.add"):
        sealed = replace(
            before, seq=len(maker.leaves), type=kind, prev=before.state, seal=moment("2027-01-01"), facts={}
        )
        maker.leaves.append(sealed)
    found = report_of(maker)
    assert found["acts"]["leaves"]["sealed"] == 5
    assert found["acts"]["leaves"]["list.sync"] == 0
    assert found["log"]["leaves"] == len(maker.leaves)


def test_latency_is_measured_to_every_node_and_for_removals_alike(month: Any) -> None:
    found = report_of(month)
    assert found["lists"]["iwf"]["latency"]["enforced"] == {"count": 2, "median": 2, "p95": 8, "longest": 8}
    assert found["lists"]["iwf"]["latency"]["since_fetch"]["longest"] == 38
    court = found["lists"]["court"]["latency"]
    assert court["enforced"]["count"] == 0
    assert court["unblocked"] == {"count": 1, "median": 5, "p95": 5, "longest": 5}
    assert court["not_confirmed"] == 1  # node r2 says so ten days later
    assert found["lists"]["adult"]["latency"]["unblocked"]["longest"] == 1
    assert found["lists"]["adult"]["latency"]["not_confirmed"] == 1  # nobody serves the resumption
    assert found["latency"]["unblocked"]["count"] == 2  # after its silence r2 is measured from here on


def test_an_outage_is_cut_to_the_period(month: Any, moment: Callable[[str], int]) -> None:
    tests = report_of(month)["lists"]["iwf"]["tests"]
    assert tests["outages"] == [{"from": JANUARY.begin, "until": moment("2026-01-01 06:00:00")}]
    assert tests["seconds_failing"] == 6 * 3600
    assert tests["results"] == {"working": 1, "failing": 0, "off": 0, "unknown": 0}
    assert tests["transports"]["dot"]["good"] == 1
    assert report_of(month)["lists"]["court"]["tests"] is None
    before = report_of(month, "2025-12")["lists"]["iwf"]["tests"]
    assert before["outages"] == [{"from": moment("2025-12-31 12:00:00"), "until": None}]
    assert before["seconds_failing"] == 12 * 3600


def test_each_day_counts_once_and_the_last_one_too(month: Any) -> None:
    counters = report_of(month)["counters"]
    assert counters["days"] == 3
    assert counters["days_without_numbers"] == 28
    assert counters["parameters"] == [
        {"c": 10, "eps": "1", "k": 50, "days": 2},
        {"c": 20, "eps": "1", "k": 50, "days": 1},
    ]
    gambling = counters["groups"]["gambling"]
    assert (gambling["sum"], gambling["days_told"], gambling["days_below_k"]) == (320, 3, 0)
    assert gambling["error_95"] == 68  # 1.96 * sqrt(2 * (10**2 + 10**2 + 20**2))
    assert counters["groups"]["illegal-and-security"] == {
        "sum": None, "error_95": None, "days_told": 0, "days_below_k": 2, "months": {},
    }  # fmt: skip


def test_acts_are_counted_by_type_and_role(month: Any) -> None:
    acts = report_of(month)["acts"]
    assert acts["leaves"]["list.sync"] == 2
    assert acts["leaves"]["list.drop"] == 0  # it was in February
    assert acts["by_role"]["operator"] == 3
    assert acts["by_role"]["auditor"] == 1
    assert acts["people"] == 1


def test_the_log_is_named_by_its_root_at_the_end_of_the_period(
    month: Any, moment: Callable[[str], int]
) -> None:
    log = report_of(month)["log"]
    inside = [leaf for leaf in month.leaves if leaf.t < JANUARY.end]
    assert (log["leaves"], log["first_leaf"]) == (len(inside), 6)
    assert log["state"] == inside[-1].state
    assert len(log["silences"]) == 3
    assert log["silences"][0] == {
        "from": moment("2026-01-01 10:00:08"),
        "until": moment("2026-01-10 12:00:00"),
    }
    assert [key["from_leaf"] for key in log["keys"]] == [0]
    assert log["query_samples"] == [{"at": moment("2026-01-31 12:00:00"), "on": True}]
    assert [item["software"] for item in log["software"]] == ["1.0+" + "0" * 64]


def test_a_finished_report_does_not_change_with_what_comes_later(month: Any) -> None:
    before = printed(report_of(month))
    assert json.loads(before)["period"]["complete"] is True
    month.lists["iwf"] = replace(month.lists["iwf"], commit="77" * 32)
    month.change("2026-03-01 00:00:00", "list.sync", list="iwf")
    assert printed(report_of(month)) == before


def test_a_period_that_lasts_is_told_up_to_the_last_leaf(month: Any, moment: Callable[[str], int]) -> None:
    found = report_of(month, "2026-02")
    assert found["period"]["complete"] is False
    assert found["period"]["known_until"] == moment("2026-02-02")
    assert "period-not-over" in found["limits"]
    assert found["lists"]["adult"]["in_force"][0]["until"] == moment("2026-02-01 08:00:00")


def test_periods_without_any_leaf_have_the_same_keys(month: Any) -> None:
    empty, full = report_of(month, "2020-01"), report_of(month)
    assert empty.keys() == full.keys()
    assert empty["lists"] == {}
    assert empty["dsa"].keys() == full["dsa"].keys()
    later = report_of(month, "2027-01")
    assert later["lists"].keys() == {"court", "iwf"}
    assert later["period"]["complete"] is False


def test_the_dsa_part_takes_orders_and_own_initiative_apart(month: Any) -> None:
    dsa = report_of(month)["dsa"]
    assert dsa["orders"] == {
        "lists": 1, "authorities": ["Court"], "versions": 1, "entries_added": 0, "entries_removed": 1,
        "median_seconds_from_fetch_to_force": None,
    }  # fmt: skip
    assert (dsa["own_initiative"]["authorities"], dsa["own_initiative"]["entries_added"]) == (["IWF"], None)
    assert dsa["own_initiative"]["median_seconds_from_fetch_to_force"] == 32
    assert dsa["absent"]["notices-art-16"] == "hosting-only"


def test_the_iwf_part_says_whether_the_tests_passed(month: Any) -> None:
    assert report_of(month)["iwf"]["lists"] == {
        "iwf": {
            "tested": True,
            "passed": False,
            "days": 1,
            "failing": 0,
            "outages": 1,
            "seconds_failing": 21_600,
        }
    }
