"""``make fuzz SECONDS=600``: every fuzz program of the tests, two at a time, in equal shares of the time.

What they learn is kept in ``var/fuzz`` for the next run. Exit status 1 with the reproducer's path on a finding, 2 when
nothing could be run.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from deploy.fuzz.builds import ROOT, BuildError
from deploy.fuzz.runner import Finding, Fuzzer, programs, run_all

SEEDS = ROOT.parent / "shared" / "data" / "dns-fuzz-seeds"
AT_ONCE = 2
"""A small machine should stay of use."""


def main() -> int:
    """Build, run, report."""
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--seconds", type=int, default=600, help="for all programs together")
    parser.add_argument(
        "--keep", type=Path, default=ROOT / "var" / "fuzz", help="folder of corpora and findings"
    )
    options = parser.parse_args()
    found = programs(ROOT / "tests")
    seconds = max(1, options.seconds * AT_ONCE // max(len(found), 1))
    fuzzer = Fuzzer(options.keep, SEEDS if SEEDS.is_dir() else None, seconds)
    print(f"{len(found)} programs, {seconds} s each", flush=True)
    try:
        findings = run_all(fuzzer, found, AT_ONCE, _tell)
    except (BuildError, OSError) as error:
        print(f"cannot fuzz: {error}", file=sys.stderr)
        return 2
    return 1 if findings else 0


def _tell(program: Path, finding: Finding | None) -> None:
    name = program.relative_to(ROOT)
    if finding is None:
        print(f"{name}: nothing found", flush=True)
    else:
        print(f"{name}: FOUND\n{finding.words}\nreproducer: {finding.reproducer}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
