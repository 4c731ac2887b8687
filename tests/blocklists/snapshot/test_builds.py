"""The C sources built in other ways: portable arithmetic, scalar compare, other compilers, sanitizers, a fuzzer."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOURCES = Path(__file__).parents[3] / "blocklists" / "snapshot" / "src"
LIBRARY = [
    str(SOURCES / name)
    for name in ("hash.c", "table.c", "overlay.c", "secret.c", "sip.c", "builder.c", "sets.c", "scan.c")
]
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{SOURCES}"]
FUZZ_SECONDS = 5
CC = shutil.which("gcc") or shutil.which("cc")
CLANG = shutil.which("clang")

BUILDS = {
    "plain": ["-O0"],
    "portable multiply": ["-O2", "-DWEIR_PORTABLE_MULTIPLY"],
    "scalar compare": ["-O2", "-DWEIR_SCALAR_MATCH"],
    "native vectors": ["-O3", "-march=native"],
    "all portable, sanitized": [
        "-O1", "-DWEIR_PORTABLE_MULTIPLY", "-DWEIR_SCALAR_MATCH", "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
    ],
}  # fmt: skip


def run(*command: str, timeout: float = 60) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def answers() -> dict[str, str]:
    return {}


@pytest.mark.skipif(CC is None, reason="no C compiler here")
@pytest.mark.parametrize("build", BUILDS)
def test_every_build_gives_the_same_answers(
    tmp_path: Path,
    written: Callable[..., Path],
    wire: Callable[[str], bytes],
    build: str,
    answers: dict[str, str],
) -> None:
    numbers = random.Random(5)
    labels = ["".join(numbers.choices("abcdefgh-_09", k=n)) for n in range(1, 64)]
    names = [".".join(numbers.choices(labels[:20], k=numbers.randrange(1, 9))) for _ in range(3000)]
    names += [f"{label}.example" for label in labels]
    addresses = {(b"\x0a\0\0\0", 8): 3, (bytes(16), 3): 4}
    table = written({name: 1 + n % 9 for n, name in enumerate(names[::2])}, addresses)
    (tmp_path / "names").write_bytes(b"".join(wire(name) for name in names))
    program = str(tmp_path / "look_up")
    run(str(CC), *STRICT, *BUILDS[build], str(HERE / "look_up.c"), *LIBRARY[:5], "-o", program)
    output = run(program, str(table), str(tmp_path / "names"))
    assert output.count("\n") == len(names)
    assert output.count("=") >= len(set(names[::2]))
    assert answers.setdefault("first", output) == output


def fuzzer(folder: Path, source: str, *more: str) -> str:
    """Build a target; skips where clang has no fuzzer."""
    program = str(folder / "fuzz")
    sanitizers = ["-g", "-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"]
    built = subprocess.run(
        [str(CLANG), *STRICT, *sanitizers, str(HERE / source), *LIBRARY, *more, "-o", program],
        capture_output=True,
        text=True,
        check=False,
    )
    if "libclang_rt" in built.stderr:
        pytest.skip("clang has no fuzzer runtime here")
    assert built.returncode == 0, built.stderr
    return program


@pytest.mark.skipif(CLANG is None, reason="no clang here")
def test_fuzzing_the_changes_finds_nothing(tmp_path: Path) -> None:
    program = fuzzer(tmp_path, "fuzz_overlay.c", str(SOURCES / "overlay_writer.c"))
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    # Pokes at every field of the header, at the filter, at class records and at slots.
    places = [*range(0, 128, 8), 4096, 36864, 36864 + 64, 36864 + 4096 * 136]
    for place in places:
        (corpus / str(place)).write_bytes(place.to_bytes(4, "little") + b"\xff" * 8)
    limits = [f"-max_total_time={FUZZ_SECONDS}", "-max_len=512", "-seed=1", f"-artifact_prefix={tmp_path}/"]
    run(program, str(corpus), *limits, timeout=150)


@pytest.mark.skipif(CLANG is None, reason="no clang here")
def test_fuzzing_finds_nothing(tmp_path: Path, written: Callable[..., Path]) -> None:
    program = fuzzer(tmp_path, "fuzz_table.c")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    prefixes = {(bytes(4), 0): 1, (bytes(16), 64): 2}
    table = written({"www.a.example": 1, "b.example": 2}, prefixes, {"www.a.example": 1, **prefixes})
    (corpus / "table").write_bytes(b"\1" + table.read_bytes())
    lists = (
        b"a.example\r\n0.0.0.0 b.example\n127.0.0.1 c.example\n||d.example^\nserver=/e.example/\n# x\n*.f.g\n"
    )
    (corpus / "list").write_bytes(b"\0" + lists)
    limits = [f"-max_total_time={FUZZ_SECONDS}", "-max_len=8192", "-seed=1", f"-artifact_prefix={tmp_path}/"]
    run(program, str(corpus), *limits, timeout=150)


@pytest.mark.skipif(CLANG is None, reason="no clang here")
def test_fuzzing_sorted_lines_finds_nothing(tmp_path: Path) -> None:
    program = fuzzer(tmp_path, "fuzz_lines.c", str(SOURCES / "names.c"), str(SOURCES / "merge.c"))
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "names").write_bytes(b"\0samesame.b\nsamesame.a\nA.b\na.b\nodd\n*.x.y\nshort.a\n# c\n\nlast.a")
    (corpus / "lines").write_bytes(b"\14a\nb\nc\nd\ne\nb\nd\na\nc\nf")
    limits = [f"-max_total_time={FUZZ_SECONDS}", "-max_len=2048", "-seed=1", f"-artifact_prefix={tmp_path}/"]
    run(program, str(corpus), *limits, timeout=150)
