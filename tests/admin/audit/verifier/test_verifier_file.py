"""What the verifier is as a file: short, alone, quick, and small in memory."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from admin.audit import verifier

FILE = Path(verifier.__file__)
LINES = 500
LEAVES = 70_000
MEGABYTES = 110
"""Of which the interpreter with cryptography takes some 40; a million leaves need no more than these."""
SECONDS = 30
"""Ten times what it takes on an idle machine."""


def test_it_can_be_read_in_one_sitting() -> None:
    assert len(FILE.read_text().splitlines()) < LINES


def test_it_imports_the_standard_library_and_cryptography_alone() -> None:
    names = set()
    for node in ast.walk(ast.parse(FILE.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(str(node.module).partition(".")[0])
    assert names - set(sys.stdlib_module_names) == {"cryptography"}


def test_it_runs_alone(small_log: Any, write_files: Any, make_signer: Any, tmp_path: Path) -> None:
    folder = write_files(small_log.files(), tmp_path / "log")
    (tmp_path / "log.vkey").write_text(make_signer().key.text)
    (tmp_path / "verify.py").write_bytes(FILE.read_bytes())
    command = [
        sys.executable,
        "-I",
        "verify.py",
        str(folder),
        "--key",
        "log.vkey",
        "--at",
        "2026-11-23T12:00:00Z",
    ]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=150, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "list.sync list bets" in ended.stdout


_MEASURED = """
import pathlib, runpy, sys, time
start = time.process_time()
try:
    runpy.run_path(sys.argv.pop(0), run_name="__main__")
except SystemExit as end:
    assert end.code == 0, end.code
peak = pathlib.Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]  # ru_maxrss has the parent's
print(int(peak) / 1024, time.process_time() - start)
"""


def test_time_and_memory(make_log: Any, write_files: Any, make_signer: Any, tmp_path: Path) -> None:
    log = make_log().begin()
    for _ in range(LEAVES - 1):
        log.add("heartbeat")
    folder = write_files(log.files(), tmp_path / "log")
    (tmp_path / "log.vkey").write_text(make_signer().key.text)
    arguments = [
        str(FILE),
        str(folder),
        "--key",
        str(tmp_path / "log.vkey"),
        "--json",
        "--at",
        "2027-06-01T00:00:00Z",
    ]
    command = [
        sys.executable,
        "-c",
        f"import sys; sys.argv = {[arguments[0], *arguments]!r}" + _MEASURED,
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    summary, figures = ended.stdout.splitlines()
    memory, seconds = map(float, figures.split())
    assert json.loads(summary)["size"] == LEAVES
    assert memory < MEGABYTES
    assert seconds < SECONDS
