"""The documented form of a report: README.md names every key, and every report has them all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import admin.audit.report
from admin.audit.report import dsa, iwf
from admin.audit.report.computing import FORMAT

README = Path(admin.audit.report.__file__).with_name("README.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (.*) \|$", re.MULTILINE)


def documented() -> dict[str, set[str]]:
    """Key → the words in code quotes of its row."""
    table = README.partition("## The JSON document")[2]
    return {key: set(re.findall(r"`([\w-]+)`", words)) for key, words in ROW.findall(table)}


def numbers(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [item for inner in value.values() for item in numbers(inner)]
    if isinstance(value, list):
        return [item for inner in value for item in numbers(inner)]
    return [value]


def test_the_document_and_its_description_have_the_same_keys(maker: Any) -> None:
    report, table = maker.report("2025-12"), documented()
    assert report["format"] == FORMAT
    assert set(report) == set(table) - {"comparison"}
    for part in ("period", "log", "latency", "acts", "counters"):
        assert set(report[part]) <= table[part], part
    assert set(report["lists"]["iwf"]) <= table["lists"] | {"tests"}
    assert {"absent"} <= set(report["dsa"]) & set(report["iwf"])


def test_there_are_whole_numbers_and_words_alone(maker: Any) -> None:
    assert {type(item) for item in numbers(maker.report("2025-12"))} <= {int, str, bool, type(None)}


def test_what_is_absent_has_a_reason() -> None:
    reasons = {dsa.FROM_THE_PROVIDER, dsa.HOSTING_ONLY, dsa.NOT_RECORDED}
    assert set(dsa.ABSENT.values()) == reasons
    assert set(iwf.ABSENT.values()) == {iwf.FROM_THE_PROVIDER}
