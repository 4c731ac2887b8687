"""``weir audit export``, ``private`` and ``erase`` as a person runs them; an export goes on whatever cut it off."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from admin.cli import audit_export, audit_private
from admin.cli.api import Answer, RefusedError, UnreachableError
from admin.cli.export_file import SUFFIX, ExportFile, ExportFileError

Run = Callable[..., tuple[int, str, str]]


class Control:
    """Events 1 to ``last``, each a line of its own length, three at once."""

    def __init__(self) -> None:
        self.last = 8
        self.asked: list[int] = []
        self.fault: Exception | None = None

    def line(self, number: int) -> bytes:
        return b"event %d%s\n" % (number, b"." * number)

    def lines(self, _config: object, path: str, header: str) -> tuple[bytes, str]:
        assert header == "Weir-Cursor"
        after = int(parse_qs(urlsplit(path).query)["cursor"][0])
        self.asked.append(after)
        if self.fault is not None:
            raise self.fault
        until = min(self.last, after + 3)
        return b"".join(map(self.line, range(after + 1, until + 1))), str(until)

    @property
    def all(self) -> bytes:
        return b"".join(map(self.line, range(1, self.last + 1)))


@pytest.fixture
def control(monkeypatch: pytest.MonkeyPatch) -> Control:
    made = Control()
    monkeypatch.setattr(audit_export, "lines", made.lines)
    return made


def test_an_export_into_a_file_and_on(weir: Run, control: Control, folder: Path) -> None:
    assert weir("audit", "export", "--file", "out")[0] == 0
    assert (folder / "out").read_bytes() == control.all
    control.last = 11
    assert weir("audit", "export", "--file", "out", "--resume")[0] == 0
    assert (folder / "out").read_bytes() == control.all
    assert control.asked.count(0) == 1
    assert weir("audit", "export", "--file", "out")[0] == 2  # it has something in it
    assert weir("audit", "export", "--file", "out", "--resume", "--format", "json")[0] == 2


def test_a_file_that_was_moved_away_begins_anew_without_gap(
    weir: Run, control: Control, folder: Path
) -> None:
    weir("audit", "export", "--file", "out")
    first = (folder / "out").read_bytes()
    (folder / "out").rename(folder / "old")
    control.last = 12
    assert weir("audit", "export", "--file", "out", "--resume")[0] == 0
    assert first + (folder / "out").read_bytes() == control.all


@pytest.mark.parametrize("cut", range(0, 120, 9))
def test_a_crash_at_any_byte_costs_nothing(weir: Run, control: Control, folder: Path, cut: int) -> None:
    weir("audit", "export", "--file", "out")
    side = (folder / f"out{SUFFIX}").read_bytes()
    control.last = 14
    weir("audit", "export", "--file", "out", "--resume")
    # As if the process had ended after so many bytes, before the cursor said so.
    whole = (folder / "out").read_bytes()
    size = json.loads(side)["size"]
    (folder / "out").write_bytes(whole[: min(len(whole), size + cut)])
    (folder / f"out{SUFFIX}").write_bytes(side)
    assert weir("audit", "export", "--file", "out", "--resume")[0] == 0
    assert (folder / "out").read_bytes() == control.all


@pytest.mark.parametrize("side", [b"", b"{", b'{"format":"ocsf","sequence":"x","size":0}', b"\xff"])
def test_a_damaged_cursor_is_refused(weir: Run, control: Control, folder: Path, side: bytes) -> None:
    (folder / f"out{SUFFIX}").write_bytes(side)
    status, _, err = weir("audit", "export", "--file", "out", "--resume")
    assert (status, "--after" in err) == (2, True)


def test_a_full_disk_leaves_the_cursor_where_it_was(
    control: Control, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = ExportFile(folder / "out", "ocsf", 0, resume=False)
    target.add(control.line(1), 1)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            target.add(control.line(2), 2)
    again = ExportFile(folder / "out", "ocsf", 0, resume=True)
    assert again.sequence == 1
    again.add(control.line(2), 2)
    assert (folder / "out").read_bytes() == control.line(1) + control.line(2)
    with pytest.raises(ExportFileError, match="something in it"):
        ExportFile(folder / "out", "ocsf", 0, resume=False)


def test_an_export_to_the_terminal(weir: Run, control: Control) -> None:
    status, out, _ = weir("audit", "export", "--after", "6")
    assert (status, out.encode()) == (0, control.line(7) + control.line(8))


@pytest.mark.parametrize(
    ("arguments", "fault", "status"),
    [
        (("--resume",), None, 2),
        (("--file", "out", "--resume", "--after", "3"), None, 2),
        (("--format", "cef"), None, 2),
        (("--file", "nowhere/out"), None, 3),
        ((), UnreachableError("the admin API does not answer"), 3),
        ((), RefusedError(403, "This needs the scope audit:read"), 1),
    ],
)
def test_what_cannot_be_exported(
    weir: Run, control: Control, arguments: tuple[str, ...], fault: Exception | None, status: int
) -> None:
    control.fault = fault
    assert weir("audit", "export", *arguments)[0] == status


def test_an_export_follows_through_a_restart_of_control(
    weir: Run, control: Control, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = iter(range(5))

    def sleep(_: float) -> None:
        match next(waits):
            case 0:
                control.last = 10
            case 1:
                control.fault = UnreachableError("the admin API does not answer")
            case 2:
                control.fault, control.last = None, 12
            case _:
                raise KeyboardInterrupt

    monkeypatch.setattr(audit_export.time, "sleep", sleep)
    status, _, err = weir("audit", "export", "--file", "out", "--follow")
    assert (status, "trying again" in err) == (0, True)
    assert (folder / "out").read_bytes() == control.all


def test_a_private_part_is_shown(weir: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    item = {"private": '{"reason":"x"}', "opening": "00", "erased": False}

    def ask(_config: object, *arguments: Any) -> Answer:
        asked.append(arguments)
        return Answer({"items": [item]}, "")

    monkeypatch.setattr(audit_private, "ask", ask)
    status, out, _ = weir("audit", "private", "7", "--reason", "audit ü")
    assert (status, json.loads(out)) == (0, [item])
    assert asked == [("GET", "/api/v1/audit/private/7", None, {"Weir-Reason": "audit %C3%BC"})]
    item["erased"] = True
    assert weir("audit", "private", "7", "--reason", "again")[0] == 1
    assert weir("audit", "private", "7")[0] == 2


@pytest.mark.parametrize(
    ("waits", "said"), [(True, "A second person"), (False, "Erased: 3 events, 2 openings")]
)
def test_an_erasure_says_whether_it_waits(
    weir: Run, monkeypatch: pytest.MonkeyPatch, waits: bool, said: str
) -> None:
    asked: list[Any] = []

    def post(_config: object, path: str, body: dict[str, Any]) -> dict[str, Any]:
        asked.append((path, body))
        return {"waits": waits, "events": 3, "parts": 2}

    monkeypatch.setattr(audit_private, "post", post)
    status, out, _ = weir("audit", "erase", "--holder", "Anna", "--reason", "left us")
    assert (status, said in out) == (0, True)
    assert asked == [("/api/v1/audit/erasures", {"holder": "Anna", "reason": "left us"})]
