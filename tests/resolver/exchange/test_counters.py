"""Every counter is counted somewhere, and nothing else is; conversations check the numbers."""

from __future__ import annotations

import ast
from pathlib import Path

from resolver.exchange import counters
from resolver.exchange.counters import COUNTERS


def _texts(path: Path) -> set[str]:
    return {
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_counter_is_used() -> None:
    here = Path(counters.__file__)
    used = set().union(*(_texts(path) for path in here.parent.glob("*.py") if path != here))
    assert set(COUNTERS) - used == set()


def test_names_are_distinct() -> None:
    assert len(set(COUNTERS)) == len(COUNTERS)
