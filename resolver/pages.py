"""Where the counters of a worker are kept: the pages that it has, by the names of their files. What is counted never."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path


class Page(StrEnum):
    """The pages of a worker, by the ending of their files."""

    PYTHON = "counters"
    CORE = "core"
    """Of the thread that serves UDP."""
    CORE_TCP = "core-tcp"
    """Of the core that the event loop asks, for TCP."""


def page_path(run: Path, slot: int, page: Page = Page.PYTHON) -> Path:
    """The file of a worker's page in the run folder."""
    return run / f"worker-{slot}.{page}"
