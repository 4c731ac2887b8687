"""How the API is used, in counters for /metrics: resource, status, refusals. No subscriber, token or address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric

API_ROOT = "/api/v1/"
OTHER = "other"


class Traffic:
    """Counts since the process started."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, int]] = Counter()
        self._refused: Counter[str] = Counter()

    def answered(self, pattern: str | None, status: int) -> None:
        """A request whose route has this pattern got this status; None if it has no route."""
        self._answers[route_class(pattern), status] += 1

    def refused(self, reason: str) -> None:
        """Somebody was not let in."""
        self._refused[reason] += 1

    def metrics(self) -> Iterator[Metric]:
        """The counters as families of Prometheus."""
        requests = CounterMetricFamily(
            "weir_api_requests", "Requests to the admin API", labels=["resource", "status"]
        )
        for (resource, status), count in sorted(self._answers.items()):
            requests.add_metric([resource, str(status)], count)
        refused = CounterMetricFamily(
            "weir_api_authentications_refused", "Requests without a good credential", labels=["reason"]
        )
        for reason, count in sorted(self._refused.items()):
            refused.add_metric([reason], count)
        yield from (requests, refused)


def route_class(pattern: str | None) -> str:
    """``subscribers`` for all below ``/api/v1/subscribers``; ids are no part of it."""
    if pattern is None:
        return OTHER
    return pattern.removeprefix(API_ROOT).strip("/").partition("/")[0] or OTHER
