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
from admin.api.keys import APPLIANCE
from admin.api.metrics_control import control_metrics, process_metrics
from admin.api.metrics_hits import hit_metrics
from admin.api.metrics_latency import latency_metrics
from admin.api.metrics_pages import page_metrics
from admin.config.lists import ListConfig
from admin.services.place import Place
from admin.services.processes import read_listen_failures, read_states
from admin.services.serving import read_pages


class Numbers:
    """A collector over one moment's facts (prometheus_client's interface)."""

    def __init__(self, condition: Condition, place: Place, lists: Iterable[ListConfig], now: float) -> None:
        """``lists`` are those of the configuration in force; ``now`` is Unix seconds, for ages."""
        self._condition, self._place, self._lists, self._now = condition, place, lists, now

    def collect(self) -> Iterable[Metric]:
        """All metric families."""
        run = self._place.run
        yield from control_metrics(self._condition, self._now)
        yield from process_metrics(read_states(run).values(), len(read_listen_failures(run)))
        pages = {name: read_pages(run, name) for name in self._condition.processes}
        yield from page_metrics(pages)
        yield from latency_metrics(pages)
        yield from hit_metrics(run, self._lists)


async def get_metrics(request: web.Request) -> web.Response:
    """The text format of Prometheus."""
    appliance = request.app[APPLIANCE]
    registry = CollectorRegistry(auto_describe=False)
    lists = appliance.config.lists
    registry.register(Numbers(appliance.condition(), appliance.place, lists, appliance.now()))
    return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
