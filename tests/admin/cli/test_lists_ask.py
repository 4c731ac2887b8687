"""``weir lists ask``: what is asked of control, and what its answers become."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from admin.cli import lists_ask
from admin.cli.api import RefusedError, UnreachableError

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def control(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What control answers, and what it was asked."""
    known: dict[str, Any] = {"answer": {"list": "vault", "listed": False, "disposition": ""}}

    def post(_config: object, path: str, body: dict[str, Any]) -> dict[str, Any]:
        known["asked"] = path, body
        if isinstance(known["answer"], Exception):
            raise known["answer"]
        return dict(known["answer"])

    monkeypatch.setattr(lists_ask, "post", post)
    return known


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ({"listed": False, "disposition": ""}, 0, "list vault: no"),
        ({"listed": True, "disposition": "dns"}, 1, "list vault: yes; enforcement: dns"),
        (RefusedError(403, "This needs the scope lists:secret"), 2, "lists:secret"),
        (RefusedError(429, "30 questions an hour"), 3, "30 questions"),
        (UnreachableError("the admin API does not answer"), 3, "cannot ask"),
    ],
)
def test_answers(answer: Any, status: int, said: str, weir: Run, control: dict[str, Any]) -> None:
    control["answer"] = answer
    got, out, err = weir("lists", "ask", "vault", "a.example", "--reason", "appeal 7")
    assert (got, said in out + err) == (status, True)
    assert control["asked"] == ("/api/v1/lists/vault/ask", {"text": "a.example", "reason": "appeal 7"})


def test_the_question_may_come_past_the_shells_history(
    weir: Run, control: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("http://a.example/x\n"))
    assert weir("lists", "ask", "vault", "-", "--reason", "why")[0] == 0
    assert control["asked"][1]["text"] == "http://a.example/x"


def test_a_reason_is_needed(weir: Run, control: dict[str, Any]) -> None:
    assert weir("lists", "ask", "vault", "a.example")[0] == 2
    assert "asked" not in control
