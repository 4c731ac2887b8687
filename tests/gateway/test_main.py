"""The command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.__main__ import main


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "missing"
    assert main(["--state", str(tmp_path), "--run", str(missing)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("gateway: ")
    assert str(missing) in said


@pytest.mark.parametrize(
    "arguments", [[], ["--state", "x"], ["--run", "x"], ["--state", "x", "--run", "x", "--odd"]]
)
def test_wrong_usage_is_exit_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: python -m gateway" in capsys.readouterr().err
