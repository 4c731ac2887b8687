"""``make bench``: every measurement that exists so far, as Markdown on standard output."""

from __future__ import annotations

import argparse
import platform
from pathlib import Path

from deploy.bench import front, snapshot


def _machine() -> str:
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{model}, Linux {platform.release()}, Python {platform.python_version()}"


def main() -> None:
    """Run the benchmarks; ``--quick`` for a short look, not for quoting."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--quick", action="store_true", help="small sizes and short runs")
    quick = parser.parse_args().quick
    print(f"Machine: {_machine()}\n")
    print("## Snapshot\n")
    print(snapshot.run(quick=quick))
    print("\n## Front\n")
    print(front.run(seconds=1 if quick else 5, rounds=1 if quick else 3))


if __name__ == "__main__":
    main()
