"""``weir audit text`` as a person runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from admin.cli import audit_text
from admin.cli.api import RefusedError

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that control was asked for; it answers with the path."""
    paths: list[str] = []

    def lines(_config: object, path: str, _header: str) -> tuple[bytes, str]:
        paths.append(path)
        if "gone" in path:
            raise RefusedError(409, "list gone is secret")
        return path.encode(), ""

    monkeypatch.setattr(audit_text, "lines", lines)
    return paths


def test_texts_come_out_or_into_a_file(weir: Run, folder: Path, asked: list[str]) -> None:
    assert weir("audit", "text", "bets", "--version", "0123", "--file", "out")[0] == 0
    assert (folder / "out").read_bytes() == b"/api/v1/lists/bets/text?version=0123"
    assert weir("audit", "text", "bets", "--edits", "--file", "out")[0] == 0
    assert weir("audit", "text", "--protected", "--file", "out")[0] == 0
    assert asked[1:] == ["/api/v1/lists/bets/text?part=edits", "/api/v1/audit/protected-names"]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ((), 2, "or --protected"),
        (("bets", "--protected"), 2, "or --protected"),
        (("gone",), 1, "secret"),
        (("bets", "--file", "no/such/folder"), 3, "no/such/folder"),
    ],
)
def test_what_is_refused_is_said(
    weir: Run, asked: list[str], arguments: tuple[str, ...], status: int, words: str
) -> None:
    found, _, err = weir("audit", "text", *arguments)
    assert found == status
    assert words in err
