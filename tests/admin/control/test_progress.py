"""What is shown of fetches that run."""

from __future__ import annotations

from admin.control.progress import ProgressBoard
from blocklists.sources import Phase, Progress


def test_the_last_word_of_every_fetch() -> None:
    board = ProgressBoard()
    assert board.of("bets") is None
    board.note(Progress("bets", Phase.ASKING))
    board.note(Progress("chat", Phase.WAITING))
    board.note(Progress("bets", Phase.RECEIVING, 10, 20))
    assert board.of("bets") == Progress("bets", Phase.RECEIVING, 10, 20)
    board.forget("bets")
    board.forget("bets")
    assert board.of("bets") is None
    assert board.of("chat") is not None
