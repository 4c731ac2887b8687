"""Plain words on any terminal."""

from __future__ import annotations

import sys

import pytest

from admin.cli.terminal import coloured, complain, paragraph, table


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert (
        table([("a", "bbb", "c"), ("aaaa", "b", "")], ("h", "h", "h"))
        == "h     h    h\na     bbb  c\naaaa  b"
    )


def test_a_cell_cannot_give_orders_to_the_terminal() -> None:
    assert table([("a\x1b[2J\n", "b")]) == "a�[2J�  b"


def test_a_complaint_cannot_give_orders_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    complain("the server said \x1b[2J\x9b2J\rweir: all is well\nand more")
    assert capsys.readouterr().err == "weir: the server said �[2J�2J�weir: all is well\nand more\n"


@pytest.mark.parametrize(
    ("environ", "is_terminal", "has_colour"),
    [({}, True, True), ({}, False, False), ({"NO_COLOR": "1"}, True, False), ({"TERM": "dumb"}, True, False)],
)
def test_colour_is_for_people_at_a_terminal(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], is_terminal: bool, has_colour: bool
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    assert ("\x1b[" in coloured("block", "red")) is has_colour


def test_a_paragraph_fits_a_terminal_and_is_one_line_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "list bets: " + "word " * 40 + "https://lists.example/" + "a" * 100
    assert paragraph(text) == text
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    lines = paragraph(text).splitlines()
    assert all(len(line) <= 80 for line in lines[:-1])
    assert lines[-1] == "  https://lists.example/" + "a" * 100
    assert all(line.startswith("  ") for line in lines[1:])
