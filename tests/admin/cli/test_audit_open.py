"""``weir audit open``, ``openings`` and ``challenge`` as a person runs them, and the folder of an opened list."""

from __future__ import annotations

import errno
import io
import itertools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from admin.cli import audit_open
from admin.cli.api import Answer, RefusedError, UnreachableError
from admin.cli.opened_folder import FolderError, Opened, read_folder, write_folder, write_private

Run = Callable[..., tuple[int, str, str]]
STATE = "ab" * 32
OPENING = {
    "id": "7f", "list": "vault", "state": STATE, "purpose": "text", "reason": "inspection", "stage": "open",
    "asker": "Eva", "asker_role": "auditor", "asked": 1.0, "agreer": "Anna", "agreer_role": "operator",
    "agreed": 2.0, "ends": 86_402.0, "left": 9,
}  # fmt: skip
ANSWER = {"answer": "absent", "statement": "{}", "opening": "00", "origin": "box/weir/2027", "index": 5}


class Control:
    """What control was asked; what it answers is written by the test."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.texts: dict[str, bytes | Exception] = {
            "entries": b"domain zqa.example\n",
            "edits": RefusedError(404, "list vault: nobody had changed single entries of it in that state"),
        }
        self.answer = dict(ANSWER)

    def headed(self, _config: object, path: str) -> tuple[bytes, dict[str, str]]:
        self.asked.append(("GET", path))
        text = self.texts[path.partition("part=")[2]]
        if isinstance(text, Exception):
            raise text
        return text, {"Weir-Opening": "cd" * 32, "Weir-Leaf": "box/weir/2027#3"}

    def post(self, _config: object, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(("POST", path, body))
        return self.answer if path.endswith("challenge") else OPENING

    def get(self, _config: object, path: str) -> dict[str, Any]:
        self.asked.append(("GET", path))
        return {"items": [OPENING]}

    def ask(self, _config: object, *arguments: Any) -> Answer:
        self.asked.append(arguments)
        return Answer({}, "")


@pytest.fixture
def control(monkeypatch: pytest.MonkeyPatch) -> Control:
    made = Control()
    for name in ("headed", "post", "get", "ask"):
        monkeypatch.setattr(audit_open, name, getattr(made, name))
    return made


def test_an_opening_is_asked_for_and_agreed_to(weir: Run, control: Control) -> None:
    status, out, _ = weir("audit", "open", "vault", "--state", STATE, "--reason", "inspection")
    assert (status, "weir audit openings --agree 7f" in out) == (0, True)
    assert (
        weir("audit", "open", "vault", "--at", "1970-01-01T00:00:05", "--reason", "x", "--challenge")[0] == 0
    )
    assert weir("audit", "open", "vault", "--at", "yesterday", "--reason", "x")[0] == 2
    assert weir("audit", "openings", "--agree", "7f", "--reason", "due")[0] == 0
    assert weir("audit", "openings", "--end", "7f", "--reason", "no")[0] == 0
    wish = {"list": "vault", "reason": "inspection", "purpose": "text", "state": STATE}
    late = {"list": "vault", "reason": "x", "purpose": "challenge", "at": 5.0}
    assert control.asked == [
        ("POST", "/api/v1/audit/openings", wish),
        ("POST", "/api/v1/audit/openings", late),
        ("POST", "/api/v1/audit/openings/7f/approve", {"reason": "due"}),
        ("DELETE", "/api/v1/audit/openings/7f", None, {"Weir-Reason": "no"}),
    ]
    status, out, _ = weir("audit", "openings")
    assert (status, "Eva (auditor)" in out, "Anna (operator)" in out) == (0, True, True)
    assert json.loads(weir("audit", "openings", "--json")[1]) == [OPENING]


@pytest.mark.parametrize(
    "arguments",
    [
        ("open", "vault"),
        ("open", "vault", "-o", "shown"),
        ("open", "vault", "--state", STATE, "-o", "shown", "--reason", "x"),
        ("openings", "--agree", "a", "--end", "b"),
        ("challenge", "vault"),
    ],
)
def test_what_is_asked_wrongly(weir: Run, control: Control, arguments: tuple[str, ...]) -> None:
    assert weir("audit", *arguments)[0] == 2
    assert control.asked == []


def test_an_opened_list_is_written_for_its_owner_alone(weir: Run, control: Control, folder: Path) -> None:
    control.texts["edits"] = b"add domain zqb.example\n"
    status, out, err = weir("audit", "open", "vault", "--state", STATE, "-o", "shown")
    assert (status, "zqa" in out + err, "has the list" in err) == (0, False, True)
    shown = folder / "shown"
    assert {path.name for path in shown.iterdir()} == {"entries.txt", "edits.txt", "opening.json"}
    assert {path.stat().st_mode & 0o777 for path in shown.iterdir()} == {0o600}
    list_id, state, parts = read_folder(shown)
    assert (list_id, state, [part.part for part in parts]) == ("vault", STATE, ["edits", "entries"])
    assert (parts[1].text, parts[1].opening) == (b"domain zqa.example\n", "cd" * 32)
    # Nothing is asked for twice by mistake: each time is a leaf of the log.
    control.asked.clear()
    assert weir("audit", "open", "vault", "--state", STATE, "-o", "shown")[0] == 2
    assert control.asked == []


def test_a_list_without_edits_has_none_in_its_folder(weir: Run, control: Control, folder: Path) -> None:
    status, out, _ = weir("audit", "open", "vault", "--state", STATE, "-o", "shown")
    assert (status, "nobody had changed" in out) == (0, True)
    assert not (folder / "shown/edits.txt").exists()


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (RefusedError(409, "a second person must agree first"), 1),
        (RefusedError(404, "nobody has asked"), 2),
        (RefusedError(503, "the log is stopped"), 3),
        (UnreachableError("nobody answers"), 3),
    ],
)
def test_what_is_refused_leaves_no_file(
    weir: Run, control: Control, folder: Path, fault: Exception, status: int
) -> None:
    control.texts["entries"] = fault
    assert weir("audit", "open", "vault", "--state", STATE, "-o", "shown")[0] == status
    assert not (folder / "shown").exists()


def test_a_folder_that_cannot_be_written(weir: Run, control: Control, folder: Path) -> None:
    (folder / "shown").write_text("a file")
    status, _, err = weir("audit", "open", "vault", "--state", STATE, "-o", "shown")
    assert (status, "name a new folder" in err) == (3, True)


@pytest.mark.parametrize(("said", "status"), [("absent", 0), ("listed", 1)])
def test_a_challenge(
    weir: Run, control: Control, folder: Path, monkeypatch: pytest.MonkeyPatch, said: str, status: int
) -> None:
    control.answer["answer"] = said
    monkeypatch.setattr("sys.stdin", io.StringIO("zqa.example\n"))
    done = weir("audit", "challenge", "vault", "-", "--state", STATE, "-o", "answer.json")
    assert (done[0], said in done[1], "zqa" in done[1] + done[2]) == (status, True, False)
    assert control.asked[0][2]["text"] == "zqa.example"
    kept = folder / "answer.json"
    assert (json.loads(kept.read_text()), kept.stat().st_mode & 0o777) == (control.answer, 0o600)
    # The file is there: what was answered is said, that it could not be kept too.
    done = weir("audit", "challenge", "vault", "a.example", "--state", STATE, "-o", "answer.json")
    assert (done[0], said in done[2]) == (3, True)


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff",
        b'{"list": "a", "state": "b", "parts": [], "v": 1}',
        b'{"list": "a", "state": "b", "parts": {"entries": 5}, "v": 1}',
        b'{"list": "a", "state": "b", "parts": {"../../x": {"opening": "", "leaf": ""}}, "v": 1}',
        b'{"list": "a", "state": "b", "parts": {"entries": {"opening": ""}}, "v": 1}',
        b'{"list": "a", "state": "b", "parts": {}, "v": 2}',
    ],
)
def test_a_damaged_record_is_none(tmp_path: Path, record: bytes) -> None:
    (tmp_path / "opening.json").write_bytes(record)
    (tmp_path / "entries.txt").write_bytes(b"")
    with pytest.raises(FolderError, match="no record"):
        read_folder(tmp_path)


def test_nothing_is_written_over_and_no_link_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "entries.txt").symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError):
        write_folder(tmp_path, "a", STATE, {"entries": Opened("entries", b"x", "", "")})
    with pytest.raises(FileExistsError):
        write_private(tmp_path / "victim", b"x")
    assert (tmp_path / "victim").read_text() == "mine"


@pytest.mark.parametrize("fails", [1, 2])
def test_a_full_disk_leaves_nothing_of_a_list_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    calls = itertools.count(1)

    def full(_number: int) -> None:
        if next(calls) >= fails:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    parts = {"entries": Opened("entries", b"domain zqa.example\n", "cd" * 32, "x#1")}
    with pytest.raises(OSError, match="No space"):
        write_folder(tmp_path / "shown", "vault", STATE, parts)
    assert list((tmp_path / "shown").iterdir()) == []
