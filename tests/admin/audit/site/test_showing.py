"""The page beside the log: brought up, kept whole, made anew where what it is made of is lost or of another log."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from admin.audit.shelving import shelve
from admin.audit.site.page import Operator
from admin.audit.site.reading import MovedError, counted
from admin.audit.site.showing import PROGRAM, show
from admin.audit.site.sums import CODEC, Sums
from blocklists.durable import read_record, write_record
from resolver.tlog.canonical import FormatError

OPERATOR = Operator(
    "Example Broadband", "filter@isp.example", "https://isp.example/filter", "https://x.example/log/"
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "log-page"
    folder.mkdir()
    return folder


def text(log: Path, name: str = "index.html") -> str:
    return (log / name).read_text(encoding="utf-8")


def test_what_is_put_beside_a_log(new_story: Any, log: Path, work: Path) -> None:
    story = new_story()
    story.write(log)
    before = {path for path in log.rglob("*") if path.is_file()}
    show(log, work, OPERATOR)
    after = {path for path in log.rglob("*") if path.is_file()}
    assert after - before == {log / "index.html", log / "index.de.html", log / "verify.py"}
    assert (log / "verify.py").read_bytes() == PROGRAM.read_bytes()
    assert 'lang="de"' in text(log, "index.de.html")
    assert "after 1 records" in text(log)
    assert [path.name for path in work.iterdir()] == ["2026.sums"]


def test_it_goes_on_where_it_was(
    new_story: Any, log: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = new_story()
    for _ in range(300):
        story.later(60).tell("heartbeat")
    story.write(log)
    show(log, work, OPERATOR)
    read: list[str] = []
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(str(path)) or real(path))
    story.later(60).tell("profile.set", profile="family")
    story.write(log)
    show(log, work, OPERATOR)
    assert [path for path in read if "/tile/" in path] == [str(log / "tile/entries/001.p/46")]
    assert "after 302 records" in text(log)
    assert "The profile “family” was added or changed." in text(log)


def test_what_is_the_same_is_not_written_again(new_story: Any, log: Path, work: Path) -> None:
    new_story().write(log)
    show(log, work, OPERATOR)
    before = {path: path.stat().st_mtime_ns for path in log.rglob("*")}
    show(log, work, OPERATOR)
    assert {path: path.stat().st_mtime_ns for path in log.rglob("*")} == before


@pytest.mark.parametrize("damage", [b"", b"[]", b"0" * 64 + b"\n{}", None])
def test_lost_sums_are_made_anew(new_story: Any, log: Path, work: Path, damage: bytes | None) -> None:
    story = new_story()
    story.later().tell("heartbeat")
    story.write(log)
    show(log, work, OPERATOR)
    wanted, kept = read_record(work / "2026.sums", CODEC), work / "2026.sums"
    if damage is None:
        write_record(kept, CODEC, Sums(version=0, origin=story.origin, size=1))
    else:
        kept.write_bytes(damage)
    show(log, work, OPERATOR)
    assert read_record(kept, CODEC) == wanted


def test_sums_of_another_or_longer_log_do_not_count(new_story: Any, log: Path, work: Path) -> None:
    story, kept = new_story(), work / "2026.sums"
    story.write(log)
    for other in (Sums(origin="else/2026", size=1), Sums(origin=story.origin, size=2)):
        write_record(kept, CODEC, other)
        sums, _ = counted(log, kept)
        assert (sums.size, sums.origin) == (1, story.origin)


def test_damaged_logs_are_told_of(new_story: Any, log: Path, work: Path) -> None:
    story = new_story()
    for _ in range(256):
        story.later(60).tell("heartbeat")
    story.write(log)
    bundle = log / "tile/entries/000"
    whole = bundle.read_bytes()
    bundle.write_bytes(whole[:-1])
    with pytest.raises(FormatError):
        counted(log, work / "x")
    bundle.unlink()
    with pytest.raises(FormatError, match="tile/entries/000 is missing"):
        counted(log, work / "x")
    bundle.write_bytes(whole)
    (log / "tile/entries/001.p/1").unlink()
    with pytest.raises(MovedError):
        counted(log, work / "x")


def test_earlier_logs_get_their_last_page_and_a_link(new_story: Any, log: Path, work: Path) -> None:
    story = new_story()
    story.write(log)
    show(log, work, OPERATOR)
    story.later().tell("log.close", why="year", next="isp.example/log/2027")
    story.write(log)
    shelve(log, "2026")
    later = new_story("isp.example/log/2027")
    later.write(log)
    show(log, work, OPERATOR)
    assert "closed at the end of its year" in text(log / "2026")
    assert 'href="2026/index.html"' in text(log)
    assert 'href="2026/index.de.html"' in text(log, "index.de.html")
    (log / "2026/checkpoint").touch()
    before = (log / "2026/index.html").stat().st_mtime_ns
    show(log, work, OPERATOR)
    assert (log / "2026/index.html").stat().st_mtime_ns == before


def test_no_folder_is_made_for_a_log_that_is_being_put_away(new_story: Any, log: Path, work: Path) -> None:
    with pytest.raises(OSError, match="log"):
        show(log, work, OPERATOR)
    assert not log.exists()
    new_story().write(log)
    show(log, work, OPERATOR)
    (log / "index.html").unlink()


def test_a_full_disk_leaves_the_page_before(
    new_story: Any, log: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = new_story()
    story.write(log)
    show(log, work, OPERATOR)
    before = text(log)
    story.later().tell("heartbeat")
    story.write(log)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="No space"):
        show(log, work, OPERATOR)
    assert text(log) == before


def test_the_program(new_story: Any, log: Path, work: Path) -> None:
    def run(*more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "admin.audit.site", "--log", str(log), "--work", str(work), *more]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=150)

    done = run()
    assert (done.returncode, "log" in done.stderr) == (3, True)
    new_story().write(log)
    assert run("--address=https://x.example/log", "--name=--odd").returncode == 0
    assert "python3 verify.py https://x.example/log/ --key" in text(log)
    assert '<p class="node">--odd' in text(log)
    (log / "keys.json").write_bytes(b"{")
    done = run()
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
