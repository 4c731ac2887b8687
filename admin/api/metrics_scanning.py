"""Metrics of clients that walk through secret lists: how many, and nothing that tells who, what or which list. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from admin.services.scanning import Scanning


def scanning_metrics(scanning: Scanning) -> Iterator[Metric]:
    """Sums over all workers."""
    yield GaugeMetricFamily(
        "weir_secret_scanning_clients",
        "Clients that have met more distinct names of secret lists today than telemetry.secret_scan_threshold",
        scanning.clients,
    )
    yield GaugeMetricFamily(
        "weir_secret_scanning_displaced",
        "Clients that a full sketch gave up today: scanning may be missed",
        scanning.displaced,
    )
