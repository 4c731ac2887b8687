"""A report over logs that follow one another: read as one, from either key, and each named with its root."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from admin.audit.report.computing import printed
from admin.audit.report.issuing import issue
from admin.audit.report.page import NoPdfError, pages
from admin.audit.report.period import between, of
from admin.audit.report.verified import RefusedError, UnreadableError, report_of

SNAP = "ab" * 32
NEXT = "isp.example/blocklog/2027"
TURN = between("2026-12", "2027-01")


@pytest.fixture
def turned(maker: Any, moment: Any) -> Any:
    """The log of 2027, after that of 2026; a list changes around the turn, and the last day is told after it."""
    maker.add("2026-12-30 00:02:00", "stats", day="2026-12-29", c=10, eps="1", k=50, counts={"gambling": 70})
    maker.lists["adult"] = replace(maker.lists["adult"], enf="nothing")
    maker.change("2026-12-31 12:00:00", "list.suspend", list="adult")
    maker.add("2026-12-31 12:00:02", "enforce", node="r1", snap=SNAP, served=maker.state)
    maker.add("2026-12-31 23:59:59", "list.sync", list="court", chg={"add": 2, "del": 0, "n": 5})
    made = maker.follow("2027-01-01 00:00:04", "2027-01-01 00:00:05", NEXT)
    made.add("2027-01-01 00:00:06", "enforce", node="r1", snap=SNAP, served=made.state)
    made.lists["court"] = replace(made.lists["court"], n=5, upd=moment("2026-12-31 23:59:58"))
    made.change("2027-01-01 00:00:07", "publish", snap=SNAP)
    made.add("2027-01-01 00:00:09", "enforce", node="r1", snap=SNAP, served=made.state)
    made.add("2027-01-01 00:02:00", "stats", day="2026-12-31", c=10, eps="1", k=50, counts={"gambling": 80})
    made.lists["adult"] = replace(made.lists["adult"], enf="all")
    made.change("2027-01-02 12:00:00", "list.resume", list="adult")
    made.add("2027-02-02 00:00:00", "heartbeat")
    made.manifests |= maker.manifests
    return made


def test_a_period_reaches_over_the_turn_of_the_year(turned: Any, moment: Any) -> None:
    found = turned.report("2026-12")
    assert found["period"]["complete"] is True
    assert found["log"]["origin"] == turned.before.origin
    assert found["log"]["earlier"] == []
    assert found["counters"]["groups"]["gambling"]["sum"] == 150, (
        "the last day's numbers stand in the next log"
    )
    found = turned.report("2027-01")
    assert found["log"]["origin"] == NEXT
    (earlier,) = found["log"]["earlier"]
    end = turned.before.checkpoint()
    assert earlier == {
        "origin": turned.before.origin, "first_leaf": len(turned.before.leaves) - 2, "leaves": end.size,
        "root": end.root.hex(),
    }  # fmt: skip
    assert found["log"]["first_leaf"] == 0
    assert "log-begins-in-the-period" not in found["limits"]
    (suspended, resumed) = found["lists"]["adult"]["in_force"]
    assert (suspended["from"], suspended["enforced"]) == (of("2027-01").begin, "nothing")
    assert resumed["from"] == moment("2027-01-02 12:00:00")


def test_a_decision_in_one_log_comes_into_force_in_the_next(turned: Any) -> None:
    court = turned.report("2026-12")["lists"]["court"]
    assert court["versions"] == 1
    assert court["latency"]["enforced"]["count"] == 0, "after the period"
    assert turned.report("2026")["lists"]["court"]["added"] == 2
    turned.before.leaves[-3] = replace(turned.before.leaves[-3], t=turned.leaves[0].t - 1)
    found = turned.report("2027-01")["lists"]["court"]
    assert found["latency"]["enforced"] == {"count": 1, "median": 5, "p95": 5, "longest": 5}
    assert found["latency"]["not_confirmed"] == 1


def test_without_the_next_log_a_year_is_not_over(turned: Any) -> None:
    alone = turned.before.report("2026")
    assert alone["period"]["complete"] is False
    assert "period-not-over" in alone["limits"]


def test_every_key_gives_the_same_bytes(turned: Any, tmp_path: Path, moment: Any) -> None:
    turned.write(tmp_path / "log")
    keys = [[turned.vkey.text], [turned.before.vkey.text], [turned.vkey.text, turned.before.vkey.text]]
    now = moment("2027-02-03")
    found = [report_of(str(tmp_path / "log"), lines, TURN, now) for lines in keys]
    assert printed(found[0]) == printed(found[1]) == printed(found[2])
    walked = found[0]["log"]
    assert walked["earlier"][0]["root"] == turned.before.checkpoint().root.hex()
    turned.leaves.pop()  # of February
    assert (walked["leaves"], walked["root"]) == (len(turned.leaves), turned.checkpoint().root.hex())
    for tag in pages().languages:
        page = pages().render(found[0], tag)
        assert walked["earlier"][0]["root"] in page
        assert walked["root"] in page


def test_reports_of_both_years_are_issued_beside_the_present_log(
    turned: Any, tmp_path: Path, moment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_pdf(_page: str) -> bytes:
        raise NoPdfError("not here: it takes a second each")

    monkeypatch.setattr("admin.audit.report.issuing.to_pdf", no_pdf)
    turned.write(tmp_path / "log")
    for name in ("2026-12", "2027-01"):
        assert issue(tmp_path / "log", [turned.vkey.text], of(name), moment("2027-02-03"))
        assert json.loads((tmp_path / "log" / "reports" / f"{name}.json").read_bytes())["period"]["complete"]
    days = json.loads((tmp_path / "log" / "stats" / "2026-12.json").read_bytes())["days"]
    assert list(days) == ["2026-12-29", "2026-12-31"]


def test_a_year_that_is_not_there_or_not_true_gives_no_report(
    turned: Any, tmp_path: Path, moment: Any
) -> None:
    turned.write(tmp_path / "log")
    now, keys, log = moment("2027-02-03"), [turned.vkey.text], str(tmp_path / "log")
    assert report_of(log, keys, of("2027-01-02"), now)["log"]["earlier"] == []
    bundle = next((tmp_path / "log" / "2026" / "tile" / "entries").rglob("*.p/*"))
    bundle.write_bytes(bundle.read_bytes().replace(b'"adult"', b'"adulx"'))
    with pytest.raises(RefusedError):
        report_of(log, keys, TURN, now)
    shutil.rmtree(tmp_path / "log" / "2026")
    with pytest.raises(UnreadableError, match="the log before it is needed"):
        report_of(log, keys, TURN, now)
