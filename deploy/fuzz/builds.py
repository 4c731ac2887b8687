"""How the core's C is built for tests and fuzzing: the sources that ship, by any compiler, with any flags.

A test or fuzz program is one C file. It is linked with the core's own sources, taken from an archive so that only
what it uses comes along; a program may therefore also ``#include`` a source to reach its static functions. What it needs
beyond the core stands in its first comment::

    /* Needs: builder.c sets.c */

Those files are looked for beside the program, then among the sources of the core and of the snapshot.
"""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[2]
MODULE = "resolver.core.native"
FOLDERS = (ROOT / "resolver/core/src", ROOT / "blocklists/snapshot/src")
STRICT = (
    "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-Wno-unused-parameter",
    *(f"-I{folder}" for folder in FOLDERS),
)  # fmt: skip
SANITIZED = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
MAX_COMPILE_SECONDS = 120

_T = TypeVar("_T")
_NEEDS = re.compile(r"Needs:((?:\s+\w+\.c)+)")
_FIRST_COMMENT = re.compile(r"\s*/\*.*?\*/", re.DOTALL)


class BuildError(Exception):
    """A compiler refused; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Build:
    """One way to build: the compiler's program, the archiver beside it, and flags."""

    compiler: str
    flags: tuple[str, ...] = ()
    archiver: str = "ar"


def shipped_sources(root: Path = ROOT) -> list[Path]:
    """The C files of the extension module, as the packaging names them; none of them knows Python."""
    modules = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["ext-modules"]
    sources = next(module["sources"] for module in modules if module["name"] == MODULE)
    return [root / source for source in sources if source.endswith(".c")]


def needed(program: Path, folders: Sequence[Path] = FOLDERS) -> list[Path]:
    """The extra sources that a program's first comment names. BuildError if one is nowhere."""
    comment = _FIRST_COMMENT.match(program.read_text())
    named = _NEEDS.search(comment.group()) if comment else None
    return [_find(name, program, folders) for name in (named.group(1).split() if named else ())]


def _find(name: str, program: Path, folders: Sequence[Path]) -> Path:
    for folder in (program.parent, *folders):
        if (folder / name).is_file():
            return folder / name
    raise BuildError(f"{program}: its first comment needs {name}, which is neither beside it nor a source")


def archive(build: Build, sources: Sequence[Path], folder: Path) -> Path:
    """Compile ``sources`` into an archive in ``folder`` (made here). BuildError with the compiler's words."""

    def compile_one(source: Path) -> None:
        room = folder / source.parent.parent.name  # two rooms may have files of one name
        room.mkdir(parents=True, exist_ok=True)
        _run(build.compiler, *STRICT, *build.flags, "-c", str(source), "-o", str(room / f"{source.stem}.o"))

    folder.mkdir(parents=True)
    on_every_core(compile_one, sources)
    made = folder / "core.a"
    _run(build.archiver, "rcs", str(made), *(str(path) for path in sorted(folder.glob("*/*.o"))))
    return made


def on_every_core(work: Callable[[_T], None], items: Iterable[_T]) -> None:
    """Do the work, which is done by other processes, for all items, as many at a time as there are cores."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for _ in pool.map(work, items):
            pass


def link(build: Build, program: Path, library: Path, output: Path) -> Path:
    """Compile and link one program. BuildError with the compiler's words."""
    sources = [str(program), *(str(path) for path in needed(program))]
    _run(build.compiler, *STRICT, *build.flags, *sources, str(library), "-pthread", "-o", str(output))
    return output


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=MAX_COMPILE_SECONDS, check=False)
    if done.returncode != 0:
        raise BuildError(f"{' '.join(command)}\n{done.stderr[-4000:]}")
