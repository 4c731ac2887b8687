"""Metrics of lists' hits, from the pages in the run folder. Pure but for reading them.

Numbers below the floor are left out. On a box with a secret list nothing is told of single illegal and security lists:
their joint number (``metrics_pages``) less those of the others would be the secret list's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, Metric

from admin.config.lists import ListConfig
from admin.services.hits import FLOOR, action_word
from blocklists.model import BitRole, Confidentiality, Kind
from resolver.hits import HitKey, read_hits


def hit_metrics(run: Path, lists: Iterable[ListConfig]) -> Iterator[Metric]:
    """``weir_list_hits_total`` by list and action, ``weir_category_hits_total`` by category."""
    totals = sum(read_hits(run).values(), Counter[HitKey]())
    configured = {item.id: item for item in lists}
    by_list = CounterMetricFamily(
        "weir_list_hits", "How often a list has spoken, by what it asked for", labels=["list", "action"]
    )
    by_category = CounterMetricFamily(
        "weir_category_hits",
        "How often plain entries of the lists of a category have spoken",
        labels=["category"],
    )
    for key, count in sorted(totals.items()):
        if count < FLOOR:
            continue
        if key.role is BitRole.CATEGORY:
            by_category.add_metric([key.id], count)
        elif key.id in configured and _may_be_told(configured[key.id], configured.values()):
            by_list.add_metric([key.id, action_word(key.action)], count)
    yield from (by_list, by_category)


def _may_be_told(item: ListConfig, lists: Iterable[ListConfig]) -> bool:
    if item.kind not in (Kind.ILLEGAL, Kind.SECURITY):
        return True
    return all(other.confidentiality is not Confidentiality.SECRET for other in lists)
