"""GET /metrics: numbers for Prometheus, read when they are asked for. All names begin with ``weir_``.

Never here: a name, a client's address, a subscriber, how many entries a secret list has, or how often one spoke.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from admin.api.appliance import Condition
from admin.api.describing import Paths, operation, plain_text
from admin.api.keys import APPLIANCE, TRAFFIC
from admin.api.metrics_control import control_metrics, process_metrics
from admin.api.metrics_hits import hit_metrics
from admin.api.metrics_latency import latency_metrics
from admin.api.metrics_log import log_metrics
from admin.api.metrics_pages import page_metrics
from admin.api.metrics_proofs import proof_metrics
from admin.api.metrics_scanning import scanning_metrics
from admin.api.traffic import Traffic
from admin.config.lists import ListConfig
from admin.services.place import Place
from admin.services.processes import read_listen_failures, read_states
from admin.services.serving import read_pages

PATHS: Paths = {
    "/metrics": {
        "get": operation(
            "Metrics in the text format of Prometheus",
            {"200": plain_text("Metrics; all names begin with weir_")},
        )
    }
}


class Numbers:
    """A collector over one moment's facts (prometheus_client's interface)."""

    def __init__(
        self, condition: Condition, place: Place, lists: Iterable[ListConfig], traffic: Traffic
    ) -> None:
        """Numbers of this moment; ``lists`` are those of the configuration in force."""
        self._condition, self._place, self._lists, self._traffic = condition, place, lists, traffic

    def collect(self) -> Iterable[Metric]:
        """All metric families."""
        run = self._place.run
        yield from control_metrics(self._condition)
        yield from process_metrics(read_states(run).values(), len(read_listen_failures(run)))
        pages = {name: read_pages(run, name) for name in self._condition.processes}
        yield from page_metrics(pages)
        yield from latency_metrics(pages)
        yield from proof_metrics(pages)
        yield from hit_metrics(run, self._lists)
        yield from log_metrics(self._condition.log)
        yield from scanning_metrics(self._condition.scanning)
        yield from self._traffic.metrics()


async def get_metrics(request: web.Request) -> web.Response:
    """The text format of Prometheus."""
    appliance = request.app[APPLIANCE]
    registry = CollectorRegistry(auto_describe=False)
    lists, traffic = appliance.config.lists, request.app[TRAFFIC]
    registry.register(Numbers(appliance.condition(), appliance.place, lists, traffic))
    return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
