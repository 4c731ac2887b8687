"""What is told about upstreams, and how often."""

from __future__ import annotations

from resolver.exchange.upstreams import UpstreamState
from resolver.outbound.reports import QUIET_SECONDS, UpstreamReports


def _states(**healthy: bool) -> list[UpstreamState]:
    return [UpstreamState(address=name, healthy=up, rtt=0.0, failures=0) for name, up in healthy.items()]


def _told(reports: UpstreamReports, now: float, **healthy: bool) -> list[tuple[bool, str, str]]:
    return [
        (r.is_problem, r.message.partition(";")[0], r.fields[0][1])
        for r in reports.due(_states(**healthy), now)
    ]


def test_going_and_coming_back_are_told_once() -> None:
    reports = UpstreamReports()
    assert _told(reports, 0, a=True, b=True) == []
    assert _told(reports, 1, a=False, b=True) == [(True, "an upstream does not answer", "a")]
    assert _told(reports, 2, a=False, b=True) == []
    assert _told(reports, 3, a=True, b=False) == [
        (True, "an upstream does not answer", "b"),
        (False, "an upstream answers again", "a"),
    ]


def test_an_upstream_that_left_the_configuration_is_not_said_to_answer_again() -> None:
    reports = UpstreamReports()
    _told(reports, 0, a=False, b=True)
    assert _told(reports, 1, b=True) == []


def test_the_last_upstream_to_go_is_told_as_such() -> None:
    (report,) = UpstreamReports().due(_states(a=False), 0)
    assert report.message.endswith("no upstream is left")


def test_discarded_replies_are_told_with_their_number_and_not_too_often() -> None:
    reports = UpstreamReports()
    for event in ("discarded_id", "discarded_id", "discarded_address", "cache_hits"):
        reports.count(event)
    assert [fields for _, _, fields in _told(reports, 0)] == ["1 address, 2 id"]
    reports.count("discarded_id")
    assert _told(reports, QUIET_SECONDS - 1) == []
    assert [fields for _, _, fields in _told(reports, QUIET_SECONDS)] == ["1 id"]
