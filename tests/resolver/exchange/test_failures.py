"""How long a failure keeps a question from being asked."""

from __future__ import annotations

from typing import Any

import pytest

from resolver.exchange import failures
from resolver.exchange.failures import Failure, FailureMemory
from resolver.exchange.model import FailureKind


@pytest.mark.parametrize(
    ("kind", "stale", "hold"),
    [
        (FailureKind.UNREACHABLE, False, 1.0),
        (FailureKind.NETWORK, False, 5.0),
        (FailureKind.UNREACHABLE, True, 30.0),
        (FailureKind.NETWORK, True, 30.0),
        (FailureKind.OVERLOAD, False, 0.0),
        (FailureKind.OVERLOAD, True, 0.0),
    ],
)
def test_hold(make_question: Any, kind: FailureKind, stale: bool, hold: float) -> None:
    memory, question = FailureMemory(), make_question("a.example")
    failure = Failure(kind, (), 100.0)
    memory.remember(question, failure)
    if hold:
        assert memory.recent(question, 100.0 + hold - 0.01, stale=stale) is failure
    assert memory.recent(question, 100.0 + hold, stale=stale) is None


def test_an_answer_ends_it(make_question: Any) -> None:
    memory, question = FailureMemory(), make_question("a.example")
    memory.remember(question, Failure(FailureKind.NETWORK, (), 0.0))
    memory.forget(question)
    memory.forget(question)
    assert memory.recent(question, 0.0, stale=True) is None


def test_the_newest_are_kept(make_question: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "MAX_FAILURES", 3)
    memory = FailureMemory()
    questions = [make_question(f"n{number}.example") for number in range(4)]
    for question in (*questions[:3], questions[0], questions[3]):
        memory.remember(question, Failure(FailureKind.NETWORK, (), 0.0))
    known = [memory.recent(question, 0.0, stale=False) is not None for question in questions]
    assert known == [True, False, True, True]
    assert len(memory) == 3
