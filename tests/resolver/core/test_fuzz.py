"""Every fuzz program of the C code runs for a moment, and the runner says so when one finds something."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.fuzz import runner
from deploy.fuzz.builds import ROOT, SANITIZED, Build, BuildError, archive, on_every_core, shipped_sources
from deploy.fuzz.runner import Finding, Fuzzer, programs, run_all

SECONDS = 2
SEEDS = ROOT.parent / "shared" / "data" / "dns-fuzz-seeds"
PROGRAMS = programs(ROOT / "tests")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The core, built for fuzzing."""
    folder = tmp_path_factory.mktemp("fuzz")
    probe = folder / "probe.c"
    probe.write_text("int LLVMFuzzerTestOneInput(void) { return 0; }")
    if shutil.which("clang") is None:
        pytest.skip("no clang here")
    done = subprocess.run(
        ["clang", "-fsanitize=fuzzer", str(probe), "-o", str(folder / "probe")],
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip("clang has no fuzzer runtime here")
    build = Build("clang", (*SANITIZED, "-fsanitize=fuzzer-no-link"))
    return archive(build, shipped_sources(), folder / "library")


@pytest.fixture(scope="module")
def found(library: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Finding | BuildError | None]:
    """What each program has found in its moment, as many at a time as there are cores."""
    folder = tmp_path_factory.mktemp("found")
    fuzzer = Fuzzer(folder / "keep", SEEDS if SEEDS.is_dir() else None, SECONDS)
    ended: dict[Path, Finding | BuildError | None] = {}

    def try_program(program: Path) -> None:
        try:
            ended[program] = fuzzer.run(program, library, folder)
        except BuildError as error:
            ended[program] = error

    on_every_core(try_program, PROGRAMS)
    return ended


@pytest.mark.timeout(600)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_nothing_is_found(found: dict[Path, Finding | BuildError | None], program: Path) -> None:
    assert found[program] is None


def test_a_finding_comes_with_its_reproducer(library: Path, tmp_path: Path) -> None:
    program = tmp_path / "fuzz_bad.c"
    program.write_text(
        "#include <stddef.h>\n#include <stdint.h>\n#include <stdlib.h>\n"
        "int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)\n"
        "{\n    if (size > 0 && data[0] == 'x')\n        abort();\n    return 0;\n}\n"
    )
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    (seeds / "one").write_bytes(b"xyz")
    found = Fuzzer(tmp_path / "keep", seeds, SECONDS).run(program, library, tmp_path)
    assert isinstance(found, Finding)
    assert found.reproducer.parent == tmp_path / "keep"
    assert found.reproducer.read_bytes().startswith(b"x")
    assert "deadly signal" in found.words


@pytest.mark.usefixtures("library")
@pytest.mark.timeout(600)
def test_a_program_that_cannot_be_built_is_no_clean_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "shipped_sources", list)  # it needs none of them
    program = tmp_path / "fuzz_broken.c"
    program.write_text("int LLVMFuzzerTestOneInput(void) { return missing; }")
    assert programs(tmp_path) == [program]
    with pytest.raises(BuildError, match="missing"):
        run_all(Fuzzer(tmp_path / "keep", None, 1), [program], 1, lambda *_: None)


def test_make_fuzz_runs_it() -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    printed = subprocess.run(
        ["make", "-n", "fuzz", "SECONDS=7"], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60
    ).stdout
    assert "-m deploy.fuzz --seconds 7" in printed
