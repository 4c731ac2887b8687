"""How a certificate comes from facts: outages, latencies, numbers that may be told, quarters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.services.certificate import (
    FLOOR,
    Coverage,
    Enforced,
    Span,
    Told,
    latencies,
    latency,
    shown_entries,
    spans,
    uncovered,
)
from admin.services.probes import State
from admin.services.quarter import Quarter
from blocklists.model import Confidentiality, Kind, ListSource
from blocklists.properties import Handling

FAILING, WORKING, OFF, UNKNOWN = State.FAILING, State.WORKING, State.OFF, State.UNKNOWN


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ([], ()),
        ([(10, WORKING)], ()),
        ([(110, FAILING), (120, WORKING)], (Span(110, 120, "why"),)),
        ([(110, FAILING), (112, FAILING), (120, WORKING)], (Span(110, 120, "why"),)),
        ([(110, FAILING), (112, UNKNOWN), (120, WORKING)], (Span(110, 120, "why"),)),
        ([(110, FAILING), (115, OFF), (120, FAILING)], (Span(110, 115, "why"), Span(120, None, "why"))),
        ([(10, FAILING), (120, WORKING)], (Span(100, 120, "why"),)),
        ([(10, FAILING)], (Span(100, None, "why"),)),
        ([(10, FAILING), (20, WORKING)], ()),
        ([(110, FAILING), (250, WORKING)], (Span(110, None, "why"),)),
        ([(250, FAILING)], ()),
    ],
)
def test_outages_have_begin_and_end(told: list[tuple[float, State]], found: tuple[Span, ...]) -> None:
    events = [Told(at, state, "why") for at, state in told]
    assert spans(events, FAILING, 100, 200) == found


@given(st.lists(st.tuples(st.floats(0, 300), st.sampled_from(State))))
def test_outages_lie_within_the_quarter_and_apart(told: list[tuple[float, State]]) -> None:
    events = [Told(at, state, "") for at, state in sorted(told, key=lambda item: item[0])]
    last = 100.0
    for span in spans(events, FAILING, 100, 200):
        assert last <= span.begin < 200
        last = 200.0 if span.end is None else span.end
        assert span.begin <= last <= 200


def test_latencies_are_medians_of_what_can_be_measured() -> None:
    found = [
        Enforced(100, 101, 40, shrank=False),
        Enforced(200, 203, None, shrank=True),
        Enforced(300, 309, 290, shrank=True),
        Enforced(400, 390, 380, shrank=False),  # the clock was set back meanwhile
    ]
    fetched, published, removed = latencies(found)
    assert (fetched.versions, fetched.median, fetched.longest) == (3, 3, 9)
    assert (published.versions, published.median) == (3, 19)
    assert (removed.versions, removed.median) == (2, 6)
    assert latency([]).median is None


@pytest.mark.parametrize(
    ("confidentiality", "number", "shown"),
    [
        (Confidentiality.PUBLIC, 3, 3),
        (Confidentiality.PUBLIC, 0, 0),
        (Confidentiality.RESTRICTED, FLOOR - 1, None),
        (Confidentiality.RESTRICTED, FLOOR, FLOOR),
        (Confidentiality.RESTRICTED, 0, 0),
        (Confidentiality.SECRET, 100_000, None),
    ],
)
def test_numbers_of_entries(confidentiality: Confidentiality, number: int, shown: int | None) -> None:
    assert shown_entries(confidentiality, {"entries_dns": number})["dns"] == shown


def test_without_a_version_no_number_is_told() -> None:
    assert set(shown_entries(Confidentiality.PUBLIC, {}).values()) == {None}


def test_what_was_not_tested_is_said() -> None:
    source = ListSource("one", "file:/list", "domains", Kind.ILLEGAL, handling=Handling(canary="c.test"))
    tested = [Coverage("udp", 5, 0, 0, 3), Coverage("tcp", 0, 0, 4, 0)]
    words = set(uncovered(source, tested, 4, listens_ipv6=True))
    assert {"transport-tcp", "transport-dot", "transport-doh", "transport-https"} <= words
    assert {"hours-without-probes", "ipv6-source", "https-pages"} <= words
    assert not {"transport-udp", "no-canary"} & words
    bare = ListSource("one", "file:/list", "domains", Kind.ILLEGAL)
    assert "no-canary" in set(uncovered(bare, [], 0, listens_ipv6=False))


@pytest.mark.parametrize("text", ["2026Q0", "2026Q5", "26Q1", "2026q1", " 2026Q1", "2026Q1\n", "٢٠٢٦Q1", ""])
def test_what_is_no_quarter(text: str) -> None:
    with pytest.raises(ValueError, match="write for example 2026Q4"):
        Quarter.parse(text)


@given(st.integers(2000, 2998), st.integers(1, 4))
def test_quarters_follow_each_other(year: int, number: int) -> None:
    quarter = Quarter(year, number)
    assert Quarter.parse(str(quarter)) == quarter
    assert Quarter.of(quarter.begin) == quarter == Quarter.of(quarter.end - 1)
    assert Quarter.of(quarter.end).begin == quarter.end
