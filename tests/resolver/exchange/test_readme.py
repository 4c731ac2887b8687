"""The README's table of limits says what the code says."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

README = Path(__file__).parents[3] / "resolver" / "exchange" / "README.md"
ROW = re.compile(r"^\| `(\w+)\.([A-Z_]+)` \| ([0-9.]+) \|", re.MULTILINE)


def test_limits() -> None:
    rows = ROW.findall(README.read_text())
    assert len(rows) > 20
    for module, name, value in rows:
        assert str(getattr(import_module(f"resolver.exchange.{module}"), name)) == value, f"{module}.{name}"


def test_every_module_has_a_row() -> None:
    text = README.read_text()
    missing = [path.stem for path in README.parent.glob("*.py") if f"`{path.stem}`" not in text]
    assert missing == ["__init__"]
