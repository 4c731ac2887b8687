"""The core's C built in other ways gives the same answers: compilers, levels, scalar paths, sanitizers, processors.

Every ``c/test_*.c`` beside this file is a program without arguments that ends with 0 if all holds. What it prints must
be the same in every build, so it prints results, never addresses or times. ``deploy/fuzz/builds.py`` says how a
program names further sources.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.fuzz.builds import (
    FOLDERS,
    SANITIZED,
    Build,
    BuildError,
    archive,
    link,
    needed,
    on_every_core,
    shipped_sources,
)

HERE = Path(__file__).parent
PROGRAMS = sorted((HERE / "c").glob("test_*.c"))
SCALAR = ("-DWEIR_SCALAR_MATCH", "-DWEIR_PORTABLE_MULTIPLY")
MAX_RUN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Way:
    """A build and how its programs are run."""

    build: Build
    runner: tuple[str, ...] = ()

    @property
    def missing(self) -> str:
        """The first program that this machine lacks; empty if it has all."""
        tools = (self.build.compiler, self.build.archiver, *self.runner)
        return next((tool for tool in tools if shutil.which(tool) is None), "")


def _cross(triplet: str, emulator: str, *flags: str) -> Way:
    return Way(Build(f"{triplet}-gcc", ("-O2", "-static", *flags), f"{triplet}-ar"), (emulator,))


WAYS = {
    "gcc": Way(Build("gcc", ("-O3",))),
    "gcc, not optimised": Way(Build("gcc", ("-O0",))),
    "clang": Way(Build("clang", ("-O3",))),
    "gcc, scalar": Way(Build("gcc", ("-O2", *SCALAR))),
    "gcc, this processor": Way(Build("gcc", ("-O3", "-march=native"))),
    "clang, sanitized": Way(Build("clang", SANITIZED)),
    "clang, sanitized and scalar": Way(Build("clang", (*SANITIZED, *SCALAR))),
    "aarch64": _cross("aarch64-linux-gnu", "qemu-aarch64"),
    "armv7": _cross("arm-linux-gnueabihf", "qemu-arm"),
}


@pytest.fixture(scope="module")
def printed() -> dict[str, str]:
    """What each program printed in the first build that ran."""
    return {}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", WAYS)
def test_every_build_gives_the_same_answers(tmp_path: Path, printed: dict[str, str], name: str) -> None:
    way = WAYS[name]
    if way.missing:
        pytest.skip(f"{way.missing} is not here")
    library = archive(way.build, shipped_sources(), tmp_path / "library")

    def try_program(source: Path) -> None:
        program = link(way.build, source, library, tmp_path / source.stem)
        done = subprocess.run(
            [*way.runner, str(program)], capture_output=True, text=True, timeout=MAX_RUN_SECONDS, check=False
        )
        assert done.returncode == 0, f"{source.name}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
        assert printed.setdefault(source.name, done.stdout) == done.stdout, source.name

    on_every_core(try_program, PROGRAMS)


def test_all_sources_are_shipped() -> None:
    """A C file that nobody builds would be tested by nobody either."""
    shipped = set(shipped_sources())
    assert set(FOLDERS[0].glob("*.c")) <= shipped
    assert all(source.is_file() for source in shipped)


def test_a_program_names_what_it_needs(tmp_path: Path) -> None:
    program = tmp_path / "test_x.c"
    (tmp_path / "helper.c").touch()
    for comment, names in {
        "int main;": [],
        "/* Tests x. */ /* Needs: nothing.c */": [],
        "/* Needs: helper.c builder.c\n * Tests x. */": ["helper.c", "builder.c"],
        "/* Tests x.\n * Needs: sets.c */": ["sets.c"],
    }.items():
        program.write_text(comment)
        assert [path.name for path in needed(program)] == names
    program.write_text("/* Needs: nothing.c */")
    with pytest.raises(BuildError, match=r"test_x\.c.*nothing\.c"):
        needed(program)


def test_what_the_compiler_says_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "src" / "broken.c"
    broken.parent.mkdir()
    broken.write_text("int f(void) { return missing; }")
    with pytest.raises(BuildError, match="missing"):
        archive(Build("gcc"), [broken], tmp_path / "library")
