"""Leaves that say no more than they must, and leaves of later versions that say anything: a report comes of all of them."""

from __future__ import annotations

from typing import Any

import pytest

from admin.audit.report.page import pages
from resolver.tlog.leaf_types import SHAPES, LeafType

NEEDED: dict[str, Any] = {
    "c": 10,
    "category": "gambling",
    "counts": {"gambling": 60},
    "day": "2026-01-02",
    "eps": "1",
    "for": "release",
    "how": "open",
    "k": 50,
    "list": "court",
    "node": "r1",
    "part": "gateway",
    "profile": "base",
    "served": "1" * 64,
    "snap": "2" * 64,
    "stage": "begun",
    "sw": "2.0",
    "who": "a:0011223344556677",
    "why": "other",
}
"""A value for each key that a type of leaf needs."""


@pytest.mark.parametrize("tag", pages().languages)
def test_no_optional_fact_is_needed(maker: Any, tag: str) -> None:
    NEEDED["vkey"], NEEDED["origin"] = maker.vkey.text, "isp.example/blocklog/2026"
    for kind in [*SHAPES.keys() - {LeafType.LOG_INIT, LeafType.LOG_CLOSE}, LeafType.LOG_CLOSE]:
        maker.add("2026-01-03", kind, **{key: NEEDED[key] for key in SHAPES[kind].required})
    found = maker.report("2026-01")
    assert found["acts"]["leaves"]["audit.erase"] == 1
    assert found["acts"]["private_parts_erased"] == 0
    assert found["lists"]["court"]["ages"] == [
        {"at": found["log"]["closed"][0]["at"], "level": None, "enforced": None}
    ]
    assert found["lists"]["court"]["tests"]["results"]["unknown"] == 1
    assert "</html>" in pages().render(found, tag)


def test_facts_of_a_later_version_are_not_read(maker: Any) -> None:
    source = {"auth": {}, "basis": ["court"]}
    for kind in ("list.future", "canary.two"):
        maker.add("2026-01-03", kind, list="court", src=source, day=[], node={}, chg=[])
    found = maker.report("2026-01")
    assert found["lists"]["court"]["authority"] == "Court"
    assert found["dsa"]["orders"]["authorities"] == ["Court"]
    assert found["acts"]["leaves"]["list.future"] == 1
    unknown = maker.add("2026-01-03", "list.future", list="nowhere")
    assert unknown.facts["list"] not in maker.report("2026-01")["lists"]


def test_a_day_without_a_bound_for_its_noise_has_no_numbers(maker: Any) -> None:
    for eps in ("0", "0.000000"):
        maker.add("2026-01-03", "stats", day="2026-01-02", c=10, eps=eps, k=50, counts={"gambling": 60})
    assert maker.report("2026-01")["counters"]["days"] == 0
