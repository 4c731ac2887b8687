"""What is said of attempts that fail: once, however often they are made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin.audit.doubt import LogStoppedError
from admin.control.publishing import Published
from admin.control.putting import attempt
from admin.control.record import Record


async def test_what_keeps_failing_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record, problem = Record(0.0), "the disk is full"

    async def put() -> Published | None:
        raise LogStoppedError(problem)

    for _ in range(3):
        assert not await attempt(put, record, tmp_path)
    assert capsys.readouterr().out.count("the disk is full") == 1
    problem = "the key is gone"
    assert not await attempt(put, record, tmp_path)
    assert "the key is gone" in capsys.readouterr().out
    assert record.condition(()).publish_failures == 4
