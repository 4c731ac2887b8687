"""What the tests of this room share: a list source, and the folder of real lists beside the repository."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blocklists.model import Kind, ListSource, Scope
from blocklists.properties import Fetching, Fields, Hashes, HashShape

_NEEDED: dict[str, dict[str, Any]] = {
    "csv": {"fetching": Fetching(fields=Fields("1")), "scope": Scope.DOMAIN},
    "json": {"fetching": Fetching(fields=Fields("")), "scope": Scope.DOMAIN},
    "hashes": {"fetching": Fetching(hashes=Hashes(HashShape.EXPRESSION))},
}
"""What a list of these formats must say."""

_DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real lists and public test tables; the test is skipped where it is absent."""
    if not _DATA.is_dir():
        pytest.skip(f"no test data at {_DATA}")
    return _DATA


@pytest.fixture(scope="session")
def source() -> Callable[..., ListSource]:
    """Makes a list source of a format, with what the format needs; further fields by keyword."""

    def make(format: str = "domains", **fields: Any) -> ListSource:
        known = _NEEDED.get(format, {})
        return replace(ListSource("test", "file:/nowhere", format, Kind.CATEGORY), **(known | fields))

    return make
