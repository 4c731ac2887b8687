"""The command as a whole: help, usage, and what it costs to ask for either."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

Run = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("verb", ["serve", "check", "config", "lists"])
def test_help_names_every_verb(weir: Run, verb: str) -> None:
    status, out, _ = weir("--help")
    assert status == 0
    assert f"\n  {verb} " in out


@pytest.mark.parametrize(
    "arguments",
    [(), ("chek",), ("check",), ("check", "a.b", "--nonsense"), ("config",), ("lists",), ("config", "check", "x"),
     ("serve", "--only", "everything"), ("serve", "--slot", "1"), ("serve", "--only", "gateway", "--slot", "1")],
)  # fmt: skip
def test_a_wrong_usage_is_status_2(weir: Run, arguments: tuple[str, ...]) -> None:
    status, out, err = weir(*arguments)
    assert status == 2
    assert "Traceback" not in out + err
    assert "Usage: weir" in out + err


def test_help_loads_nothing_that_it_does_not_need() -> None:
    code = (
        "import sys; from admin.cli.app import run; status = run(['--help']); "
        "heavy = {'pydantic', 'yaml', 'dns', 'aiohttp', 'admin.config', 'blocklists'} & set(sys.modules); "
        "sys.exit(f'loaded: {heavy}' if heavy else status)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=150)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_closed_pipe_is_no_failure() -> None:
    code = "import sys; from admin.cli import main; sys.exit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "config", "reference"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=150)
    assert (process.returncode, err) == (0, b"")
