"""Running fuzz programs: build, corpus, seeds, time, findings. ``LLVMFuzzerTestOneInput`` is all that a program has."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deploy.fuzz.builds import SANITIZED, Build, archive, link, shipped_sources

LONGEST_INPUT = 70_000
"""Octets: a DNS message over TCP, with room for what a program puts before it."""
GRACE_SECONDS = 60
"""What a run may take beyond its time: the corpus is read first."""

_FUZZER = Build("clang", (*SANITIZED, "-fsanitize=fuzzer-no-link"))
_PROGRAM = Build("clang", (*SANITIZED, "-fsanitize=fuzzer"))


@dataclass(frozen=True, slots=True)
class Finding:
    """What a program stopped at: the end of its words, and the input that brings it there (the corpus if none is kept)."""

    words: str
    reproducer: Path


@dataclass(frozen=True, slots=True)
class Fuzzer:
    """Where corpora and findings are kept, what to begin with, and how long each program runs."""

    keep: Path
    seeds: Path | None
    seconds: int

    def run(self, program: Path, library: Path, folder: Path) -> Finding | None:
        """Build one program in ``folder`` and run it. BuildError if it cannot be built."""
        built = link(_PROGRAM, program, library, folder / program.stem)
        corpus = self.keep / program.stem
        corpus.mkdir(parents=True, exist_ok=True)
        command = [
            str(built), str(corpus), *([str(self.seeds)] if self.seeds else []), f"-max_total_time={self.seconds}",
            f"-max_len={LONGEST_INPUT}", "-timeout=10", "-print_final_stats=1", f"-artifact_prefix={corpus}-",
        ]  # fmt: skip
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=self.seconds + GRACE_SECONDS,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Finding(f"did not end after {self.seconds} s", corpus)
        return None if done.returncode == 0 else self._finding(done.stderr, corpus)

    def _finding(self, words: str, corpus: Path) -> Finding:
        kinds = ("crash", "timeout", "oom", "leak")
        inputs = [path for kind in kinds for path in self.keep.glob(f"{corpus.name}-{kind}-*")]
        newest = max(inputs, key=lambda path: path.stat().st_mtime, default=corpus)
        return Finding(words[-6000:], newest)


def programs(tests: Path) -> list[Path]:
    """All fuzz programs below a folder."""
    return sorted(tests.rglob("fuzz_*.c"))


def run_all(
    fuzzer: Fuzzer, found: Sequence[Path], at_once: int, tell: Callable[[Path, Finding | None], None]
) -> list[Finding]:
    """Run all, ``at_once`` at a time; ``tell`` hears of each when it ends. BuildError if one cannot be built."""
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(at_once) as pool:
        folder = Path(temporary)
        library = archive(_FUZZER, shipped_sources(), folder / "library")

        def one(program: Path) -> Finding | None:
            finding = fuzzer.run(program, library, folder)
            tell(program, finding)
            return finding

        return [finding for finding in pool.map(one, found) if finding is not None]
