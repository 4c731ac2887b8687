"""Finished reports beside the log: once, complete, and the same for whoever computes them from a copy."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from admin.audit.report.computing import printed
from admin.audit.report.issuing import due, issue, write_index
from admin.audit.report.period import of
from admin.audit.report.verified import RefusedError, UnreadableError, report_of


@pytest.fixture
def log(maker: Any, tmp_path: Path) -> Path:
    """A log that reaches into February, with numbers of two days of January."""
    for day, number in (("2026-01-30", 70), ("2026-01-31", None)):
        maker.add(f"{day} 23:59:59", "stats", day=day, c=10, eps="1", k=50, counts={"gambling": number})
    maker.add("2026-02-02", "heartbeat")
    maker.write(tmp_path / "log")
    return tmp_path / "log"


def keys(maker: Any) -> list[str]:
    return [maker.vkey.text]


def test_a_copy_gives_the_same_bytes(maker: Any, log: Path, moment: Any) -> None:
    copied = log.with_name("copy")
    shutil.copytree(log, copied)
    now = moment("2026-02-03")
    assert issue(log, keys(maker), of("2026-01"), now)
    written = (log / "reports" / "2026-01.json").read_bytes()
    assert written == printed(report_of(str(copied), keys(maker), of("2026-01"), now + 86_400))
    assert json.loads(written)["period"]["complete"] is True


def test_a_report_comes_in_all_forms_with_an_index(maker: Any, log: Path, moment: Any) -> None:
    assert issue(log, keys(maker), of("2026-01"), moment("2026-02-03"))
    names = {path.name for path in (log / "reports").iterdir()}
    assert names >= {"2026-01.json", "2026-01.en.html", "2026-01.de.html", "index.html", "index.de.html"}
    assert not any(name.startswith(".") for name in names)
    index = json.loads((log / "reports" / "index.json").read_bytes())
    (row,) = index["reports"]
    assert (row["name"], row["first_day"], row["last_day"]) == ("2026-01", "2026-01-01", "2026-01-31")
    assert set(row["files"]) == {name for name in names if name.startswith("2026-01.")}
    assert 'href="2026-01.en.html"' in (log / "reports" / "index.html").read_text()
    statistics = json.loads((log / "stats" / "2026-01.json").read_bytes())
    assert statistics["days"] == {
        "2026-01-30": {"c": 10, "eps": "1", "k": 50, "counts": {"gambling": 70}},
        "2026-01-31": {"c": 10, "eps": "1", "k": 50, "counts": {"gambling": None}},
    }


def test_what_is_not_complete_is_not_issued(maker: Any, log: Path, moment: Any) -> None:
    assert not issue(log, keys(maker), of("2026-02"), moment("2026-02-03"))
    assert not issue(log, keys(maker), of("2025-11"), moment("2026-02-03"))
    assert not (log / "reports").exists()


def test_only_what_is_missing_is_due(maker: Any, log: Path, moment: Any) -> None:
    assert [item.name for item in due(log, date(2026, 2, 3))] == ["2026-01", "2025"]
    issue(log, keys(maker), of("2026-01"), moment("2026-02-03"))
    assert [item.name for item in due(log, date(2026, 2, 3))] == ["2025"]


def test_a_log_that_does_not_verify_gives_nothing(maker: Any, log: Path, moment: Any) -> None:
    path = next((log / "state").iterdir())
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RefusedError, match=path.name):
        issue(log, keys(maker), of("2026-01"), moment("2026-02-03"))
    assert not (log / "reports").exists()


@pytest.mark.parametrize("lines", [[], [""], ["no key"], ["a+b+c"]])
def test_without_a_key_nothing_is_told(log: Path, lines: list[str]) -> None:
    with pytest.raises(UnreadableError, match="key"):
        report_of(str(log), lines, of("2026-01"), 2e9)


def test_a_full_disk_leaves_no_report(
    maker: Any, log: Path, moment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("admin.audit.report.issuing.write_file", full)
    with pytest.raises(OSError, match="No space"):
        issue(log, keys(maker), of("2026-01"), moment("2026-02-03"))
    assert [item.name for item in due(log, date(2026, 2, 3))] == ["2026-01", "2025"]


def test_an_index_leaves_strange_files_alone(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    for name in ("2026-13.json", "notes.json", "2026-1.json", ".2026-01.json.tmp"):
        (folder / name).write_text("x")
    write_index(tmp_path)
    assert json.loads((folder / "index.json").read_bytes()) == {"reports": []}


def test_the_process_ends_with_what_it_found(maker: Any, log: Path) -> None:
    def run(folder: Path) -> tuple[int, str]:
        command = [sys.executable, "-m", "admin.audit.report", "--log", str(folder), "--keys", f"{log}.vkey"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=150)
        return done.returncode, done.stderr

    assert run(log)[0] == 0
    status, words = run(log.with_name("none"))
    assert (status, "checkpoint" in words) == (3, True)
    origin, size, _, *rest = maker.note().split(b"\n")
    (log / "checkpoint").write_bytes(b"\n".join((origin, size, base64.b64encode(bytes(32)), *rest)))
    assert run(log)[0] == 1
