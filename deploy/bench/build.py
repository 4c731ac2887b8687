"""The benchmark's own C programs, compiled when their sources are newer: load generator, bare echo, upstream."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parent / "src"
FLAGS = ("-O2", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra")
PARTS = {
    "load": ("load.c", "options.c", "questions.c", "flight.c", "link.c"),
    "echo": ("echo.c",),
    "target": ("target.c",),
}


@dataclass(frozen=True)
class Programs:
    """Where the compiled programs are."""

    load: Path
    echo: Path
    target: Path


def build(folder: Path) -> Programs:
    """Compile into a folder what is missing or stale there; SystemExit with the compiler's words when that fails."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise SystemExit("no C compiler is installed: run deploy/bootstrap --dev")
    folder.mkdir(parents=True, exist_ok=True)
    newest = max(path.stat().st_mtime for path in SOURCES.iterdir())
    for name, parts in PARTS.items():
        program = folder / name
        if program.exists() and program.stat().st_mtime > newest:
            continue
        command = [compiler, *FLAGS, *(str(SOURCES / part) for part in parts), "-o", str(program)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{name} cannot be compiled:\n{done.stderr}")
    return Programs(*(folder / name for name in PARTS))
