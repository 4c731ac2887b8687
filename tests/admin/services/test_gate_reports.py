"""Reports on versions that do not serve: complete for open lists, silent about what stands in secret ones."""

from __future__ import annotations

import pytest

from admin.services.gate_reports import TITLES, Origin, version_report
from blocklists.coverage import Coverage
from blocklists.gates import Gate, GateFailure
from blocklists.model import Confidentiality, Kind, ListCounts, ListSource

ORIGIN = Origin("held", "d" * 64, 1.0)
NOW = ListCounts(
    lines=400, entries=400, coverage=Coverage("r", popular=("a.example", "b.example"), asked=600)
)
BEFORE = ListCounts(lines=9000, entries=9000, coverage=Coverage("r", popular=("a.example",), asked=600))
SHRUNK = GateFailure(Gate.SHRINK, "The list shrank from 9,000 to 400 entries.", "Look.")
POPULAR = GateFailure(Gate.POPULAR, "1 of the 600 most popular names.", "Ask.", True, ("b.example",))


def _source(confidentiality: Confidentiality) -> ListSource:
    return ListSource("l", "file:/l", "domains", Kind.ILLEGAL, confidentiality=confidentiality)


def test_every_gate_has_a_title() -> None:
    assert set(TITLES) == set(Gate)


def test_of_a_public_list_all_is_told() -> None:
    report = version_report(_source(Confidentiality.PUBLIC), ORIGIN, NOW, BEFORE, (SHRUNK, POPULAR))
    assert (report.entries, report.entries_before, report.newly_blocked, report.of) == (400, 9000, 1, 600)
    assert report.examples == ("b.example",)
    assert report.gates[0].message == SHRUNK.message
    assert report.gates[1].examples == ("b.example",)


def test_of_a_secret_list_gates_and_guarded_numbers_alone() -> None:
    report = version_report(_source(Confidentiality.SECRET), ORIGIN, NOW, BEFORE, (SHRUNK, POPULAR))
    assert (report.entries, report.entries_before, report.examples) == (None, None, ())
    assert report.gates[0].message == "Far smaller than before. Of a secret list no numbers are told."
    assert report.gates[1].message == POPULAR.message
    assert ".example" not in str(report)
    assert "400" not in str(report)


@pytest.mark.parametrize(
    ("today", "asked", "words"), [(3, 500, "3 of today's top 500 names"), (0, 0, "1 of 600")]
)
def test_the_preview(today: int, asked: int, words: str) -> None:
    covered = Coverage("r", popular=("b.example",), asked=600, today=today, today_asked=asked)
    report = version_report(
        _source(Confidentiality.PUBLIC), ORIGIN, ListCounts(entries=9, coverage=covered), None, ()
    )
    assert words in report.preview


@pytest.mark.parametrize(
    ("covered", "told", "words"),
    [
        (0, 0, "fewer than 10 of"),
        (9, 0, "fewer than 10 of"),
        (10, 10, "at least 10 of"),
        (37, 30, "at least 30 of"),
    ],
)
def test_of_a_secret_list_a_preview_tells_tens(covered: int, told: int, words: str) -> None:
    names = tuple(f"n{number}.example" for number in range(covered))
    counts = ListCounts(entries=50, coverage=Coverage(popular=names, asked=600))
    source = ListSource(
        "watch", "file:/watch", "domains", Kind.ILLEGAL, confidentiality=Confidentiality.SECRET
    )
    report = version_report(source, Origin("held", "00", 0.0), counts, None, ())
    assert (report.newly_blocked, report.examples) == (told, ())
    assert words in report.preview
