"""The memory of evicted questions."""

from __future__ import annotations

from typing import Any

from resolver.exchange.ghosts import Ghosts


def test_a_ghost_is_recalled_once(make_question: Any) -> None:
    ghosts, question = Ghosts(), make_question("a.example")
    assert not ghosts.recall(question)
    ghosts.remember(question)
    assert ghosts.recall(question)
    assert not ghosts.recall(question)


def test_the_oldest_are_forgotten(make_question: Any) -> None:
    ghosts = Ghosts()
    for number in range(5):
        ghosts.remember(make_question(f"n{number}.example"))
    ghosts.trim(2)
    assert len(ghosts) == 2
    assert [ghosts.recall(make_question(f"n{number}.example")) for number in range(5)] == [False] * 3 + [
        True
    ] * 2
