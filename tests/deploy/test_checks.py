"""`make check` is part of the tests: formatter, linters, types and import rules hold, or the tests are red."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

CHECKS = {
    "lint": ["ruff", "check", "--quiet"],
    "format": ["ruff", "format", "--check", "--quiet"],
    "types": ["mypy"],
    "imports": ["lint-imports"],
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("check", CHECKS)
def test_the_check_is_green(check: str) -> None:
    program, *arguments = CHECKS[check]
    if not (BIN / program).exists():
        pytest.skip(f"{program} is not installed: run deploy/bootstrap --dev")
    done = subprocess.run(
        [str(BIN / program), *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_make_check_runs_all_of_them() -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    printed = subprocess.run(
        ["make", "-n", "check"], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60
    ).stdout
    for program, *arguments in CHECKS.values():
        assert " ".join([program, *(word for word in arguments if word != "--quiet")]) in printed
