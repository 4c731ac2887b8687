"""A worker between its parts: what ends no serving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import structlog

from resolver.cookies import MASTER_OCTETS, Cookies
from resolver.counting import Counting
from resolver.worker import Opened, Worker, WorkerPlace


async def test_a_day_that_begins_without_files_or_memory_keeps_the_secrets_of_the_one_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Housekeeping goes on, and with it the sign of life; whoever falls silent is killed."""
    counting: Any = Counting
    worker = Worker(
        WorkerPlace(tmp_path, tmp_path), 0, counting.__new__(Counting), Cookies(bytes(MASTER_OCTETS))
    )
    state: Any = object()
    before = Opened(state, state, day=0)

    def cannot(_generation: object, *, verify: bool) -> Opened:
        assert verify
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(worker, "_latest", before)
    monkeypatch.setattr(worker, "_open_generation", cannot)
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            await worker._follow_the_day()
    assert worker._latest is before
    assert len(logs) == 1
