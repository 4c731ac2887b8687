"""What is asked for today: bounded, of two days at most, silent about little."""

from __future__ import annotations

from admin.services.day_names import FEWEST, MOST, DayNames

DAY = 86_400.0


def _many(start: int, number: int) -> list[str]:
    return [f"n{index}.example" for index in range(start, start + number)]


def test_few_names_are_no_ranking() -> None:
    names = DayNames()
    names.add(_many(0, FEWEST - 1), 0.0)
    assert names.ranking() == ()
    names.add(_many(FEWEST, 1), 0.0)
    assert len(names.ranking()) == FEWEST


def test_most_often_first_and_yesterday_counts() -> None:
    names = DayNames()
    names.add(["often.example"] * 3 + _many(0, FEWEST), 0.5 * DAY)
    names.add(["today.example"] * 9, 1.2 * DAY)
    assert names.ranking()[:2] == ("today.example", "often.example")
    names.add(_many(0, FEWEST), 3.1 * DAY)
    assert "often.example" not in names.ranking()


def test_memory_is_bounded_and_what_is_frequent_stays() -> None:
    names = DayNames()
    names.add(["often.example"] * 5, 0.0)
    for start in range(0, 10 * MOST, MOST):
        names.add(_many(start, MOST), 0.0)
    assert len(names.ranking()) <= MOST
    assert names.ranking()[0] == "often.example"
