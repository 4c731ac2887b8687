"""Events that wait for the database: durable, in order, bounded, and read back as if a stranger had written them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

import admin.services.owed_events as module
from admin.audit.events import Event, EventKind
from admin.services.actors import Actor, ActorKind
from admin.services.owed_events import OwedEvents

ROOT = Actor.of_the_box(ActorKind.LOCAL, "root")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "owed-events"


def owe(owed: OwedEvents, *subjects: str) -> None:
    for subject in subjects:
        owed.add(Event(EventKind.CONFIG_LOADED, subject), ROOT, 7.0)


def subjects(owed: OwedEvents) -> list[str]:
    return [item.event.subject for item in owed.waiting()[1]]


def test_what_is_owed_outlives_the_process_and_what_is_paid_does_not(path: Path) -> None:
    owed = OwedEvents(path)
    owe(owed, "a", "b", "c")
    assert path.stat().st_mode & 0o777 == 0o600
    again = OwedEvents(path)
    until, waiting = again.waiting()
    assert [(item.event.subject, item.at, item.actor.holder) for item in waiting] == [
        (name, 7.0, "local:root") for name in "abc"
    ]
    owe(again, "d")
    again.paid(until)
    assert subjects(again) == subjects(OwedEvents(path)) == ["d"]
    again.paid(again.waiting()[0])
    assert not again
    assert not path.exists()


def test_every_event_has_a_mark_of_its_own(path: Path) -> None:
    owed = OwedEvents(path)
    owe(owed, "a", "a")
    owed.add(Event(EventKind.VAULT_ROTATED, "vault"), ROOT, 7.0, "given")
    marks = [item.event.detail["change"] for item in owed.waiting()[1]]
    assert len(set(marks)) == 3
    assert marks[2] == "given"
    assert marks == [item.event.detail["change"] for item in OwedEvents(path).waiting()[1]]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_that_was_torn_costs_itself_and_nothing_else(path: Path, cut: int) -> None:
    owe(OwedEvents(path), "a", "b")
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    with capture_logs():
        owed = OwedEvents(path)
    assert subjects(owed) == (["a", "b"] if cut == 1 else ["a"])
    owe(owed, "c")
    assert subjects(OwedEvents(path))[-1] == "c"
    assert subjects(OwedEvents(path)) == subjects(owed)


@pytest.mark.parametrize("data", [b"\n", b"\x00" * 90, b"x" * 200 + b"\n", b"0123456789abcdef {}\n"])
def test_garbage_is_said_and_passed_over(path: Path, data: bytes) -> None:
    owe(OwedEvents(path), "a")
    path.write_bytes(data + path.read_bytes())
    with capture_logs() as logs:
        owed = OwedEvents(path)
    assert subjects(owed) in (["a"], [])  # garbage without an end takes the line behind it along
    assert bool(logs) is bool(data.strip())
    owe(owed, "b")
    assert subjects(OwedEvents(path))[-1] == "b"


def test_a_full_disk_costs_the_file_and_not_the_event(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owed = OwedEvents(path)
    owe(owed, "a")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(os, "fsync", full)
        owe(owed, "b")
    assert "in memory only" in logs[0]["event"]
    assert subjects(owed) == ["a", "b"]
    owe(owed, "c")
    assert subjects(OwedEvents(path)) == ["a", "b", "c"]


def test_of_too_many_the_oldest_are_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OWED", 3)
    owed = OwedEvents(path)
    with capture_logs() as logs:
        owe(owed, *"abcde")
    assert len(logs) == 2
    assert subjects(owed) == subjects(OwedEvents(path)) == ["c", "d", "e"]
    until, _ = owed.waiting()
    owe(owed, "f")
    owed.paid(until)
    assert subjects(owed) == ["f"]


def test_without_a_file_memory_holds_them(tmp_path: Path) -> None:
    owed = OwedEvents(None)
    owe(owed, "a")
    assert subjects(owed) == ["a"]
    assert list(tmp_path.iterdir()) == []
