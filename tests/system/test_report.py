"""The transparency report of a running appliance: from its own log, and from a copy by somebody who has only that."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from resolver.day_hits import DayWords, day_path, days_of, read_day

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
CLIENTS = 30


TODAY = (datetime.now(UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
"""In days of Unix time; a test that begins before midnight is about that day."""


@pytest.fixture
def box(make_appliance: Any, small_config: Any) -> Any:
    """A public list and a secret one, and the counters of yesterday that workers have left."""
    config = small_config(["127.0.0.1:9"], workers=2)
    url = config["lists"][0]["url"]
    secret = {"kind": "illegal", "confidentiality": "secret", "legal_basis": "voluntary", "authority": "IWF"}
    config["lists"].append({"id": "watch", "url": url, "format": "domains", **secret})
    made = make_appliance(config)
    run = made.data / "run"
    run.mkdir(parents=True)
    DayWords(day_path(run, 0, TODAY - 1, "aa"), ("gambling", "quiet"), 10).core[0] += 5_000
    made.start()
    return made


def report(folder: Path, *options: str) -> dict[str, Any]:
    """What ``weir report`` prints of a log, its key beside it, for yesterday and today."""
    now = datetime.now(UTC)
    first = (now - timedelta(days=1)).date().isoformat()
    command = [
        str(Path(sys.executable).parent / "weir"),
        "report",
        "--from",
        first,
        "--to",
        now.date().isoformat(),
    ]
    options = ("--log", str(folder), "--key", str(folder.with_name("log.vkey")), *options)
    done = subprocess.run([*command, *options], capture_output=True, timeout=150)
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_report_tells_what_the_appliance_did(box: Any, tmp_path: Path) -> None:
    log = box.data / "log"
    box.eventually((log / "checkpoint").exists, "a log")
    listed = Path(box.config["lists"][0]["url"].removeprefix("file:"))
    listed.write_text("bets.example\nmore.example\n")
    box.eventually(lambda: report(log)["lists"]["bets"]["versions"] == 2, "a second version", 60)
    box.eventually(lambda: report(log)["acts"]["leaves"]["enforce"] > 0, "a node that serves it", 30)
    shutil.copytree(log, tmp_path / "copy" / "log")
    shutil.copy(box.data / "log.vkey", tmp_path / "copy" / "log.vkey")
    found = report(tmp_path / "copy" / "log")
    assert found["counters"]["days"] == 1
    numbers = found["counters"]["groups"]
    assert abs(numbers["gambling"]["sum"] - 5_000) < 300
    assert numbers["quiet"] == {
        "sum": None,
        "error_95": None,
        "days_told": 0,
        "days_below_k": 1,
        "months": {},
    }
    assert TODAY - 1 not in days_of(box.data / "run")
    watch, bets = found["lists"]["watch"], found["lists"]["bets"]
    assert (watch["confidentiality"], watch["authority"], watch["entries"]["last"]) == ("secret", "IWF", None)
    assert bets["seconds"]["all"] > 0
    assert bets["entries"]["last"] == 2
    assert found["log"]["leaves"] == sum(found["acts"]["leaves"].values())


def test_hits_are_counted_for_today_within_each_clients_share(box: Any) -> None:
    for client in range(CLIENTS):
        for _ in range(2):
            box.dig("bets.example", source=f"127.0.0.{client + 100}")

    def counted() -> int:
        pages = read_day(box.data / "run", TODAY)
        assert all(0 < page.at_most <= 10 for page in pages)
        return sum(page.hits.total() for page in pages)

    box.eventually(lambda: counted() > 0, "hits of today")
