"""What holds for all tests: the data for CI is there, and one test's logging never reaches into the next."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_sessionstart() -> None:
    """Where changes are judged the real lists must be there: a test that skips for want of them shows nothing."""
    if os.environ.get("CI") and not DATA.is_dir():
        raise pytest.UsageError(f"CI is set, but {DATA} is not there: the tests on real lists would all skip")


@pytest.fixture(autouse=True)
def _fresh_logging() -> Iterator[None]:
    """Undo what a process's entry point sets up when a test calls it."""
    yield
    structlog.reset_defaults()
