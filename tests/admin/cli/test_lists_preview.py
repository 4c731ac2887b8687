"""``weir lists preview --file``: a list is judged before it is configured; and a report on the terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from admin.cli.lists_preview import lines_of

Run = Callable[..., tuple[int, str, str]]


def _preview(weir: Run, folder: Path, text: str, *more: str) -> tuple[int, str, str]:
    path = folder / "new.txt"
    path.write_text(text)
    return weir("lists", "preview", "--file", str(path), *more)


def test_a_harmless_list_passes(weir: Run, tmp_path: Path) -> None:
    status, out, _ = _preview(weir, tmp_path, "bets.example\nmore.example\n")
    assert status == 0
    assert "2 entries; none serve now" in out
    assert "It would newly block 0 of" in out
    assert "It passes all gates." in out


def test_one_entry_is_no_plural(weir: Run, tmp_path: Path) -> None:
    assert "  1 entry; none serve now" in _preview(weir, tmp_path, "bets.example\n")[1]


def test_what_the_gates_would_hold(weir: Run, tmp_path: Path) -> None:
    status, out, _ = _preview(weir, tmp_path, "google.com\nocsp.digicert.com\n", "--as", "security/domains")
    assert status == 1
    assert "HELD: Protected names" in out
    assert "HELD: Popular names" in out
    assert "Among them: google.com" in out
    assert "What to do: Compare with the list's publisher" in out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ((), "name one of"),
        (("bets", "--file", "x"), "name one of"),
        (("--file", "x", "--as", "security"), "write category"),
        (("--file", "x", "--as", "security/nothing"), "write category"),
        (("--url", "http://lists.example/"), "begins with https"),
    ],
)
def test_what_is_no_question(weir: Run, more: tuple[str, ...], words: str) -> None:
    status, _, complaint = weir("lists", "preview", *more)
    assert status == 2
    assert words in " ".join(complaint.replace("│", " ").split())


@pytest.mark.parametrize(("text", "words"), [(None, "new.txt"), ("<html>", "A web page came")])
def test_what_cannot_be_had(weir: Run, tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "new.txt"
    if text is not None:
        path.write_text(text)
    status, _, complaint = weir("lists", "preview", "--file", str(path))
    assert status == 3
    assert words in complaint


def test_nobody_answers(weir: Run) -> None:
    assert weir("lists", "held", "bets")[0] == 3
    assert weir("lists", "preview", "bets")[0] == 3


def test_a_secret_list_has_no_numbers_of_entries() -> None:
    report = {
        "list_id": "watch",
        "digest": "0123456789abcdef",
        "origin": "held",
        "entries": None,
        "entries_before": None,
        "preview": "It would newly block 1 of 600 popular names.",
        "examples": [],
        "notices": ["Something."],
        "gates": [],
    }
    lines = list(lines_of(report))
    assert lines == [
        "list watch: version 0123456789ab (held)",
        "  It would newly block 1 of 600 popular names.",
        "  Something.",
        "  It passes all gates.",
    ]
