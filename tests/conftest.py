"""What holds for all tests: one test's logging never reaches into the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _fresh_logging() -> Iterator[None]:
    """Undo what a process's entry point sets up when a test calls it."""
    yield
    structlog.reset_defaults()
