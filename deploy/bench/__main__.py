"""``make bench``: the tables and bars of the design, as Markdown on standard output and in a file, and as a plot."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from deploy.bench import lists, snapshot
from deploy.bench.plot import svg
from deploy.bench.report import markdown
from deploy.bench.rig import unwind_on_sigterm
from deploy.bench.session import DEFAULT_SERVERS, PEERS, SCENARIOS, Plan, run

QUICK = {"names": 50_000, "rounds": 1, "seconds": 0.5, "swaps": 2, "subscribers": 2_000}


def parse(words: list[str]) -> tuple[argparse.Namespace, Plan]:
    """The command line as a plan; the namespace holds where the results go."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="two minutes: shows that it works, not for quoting"
    )
    parser.add_argument("--only", type=_known(SCENARIOS), help=f"scenarios: {','.join(SCENARIOS)}")
    names = ("echo", *(peer.name for peer in PEERS))
    parser.add_argument("--servers", type=_known(names), help=f"servers: {','.join(names)}")
    parser.add_argument("--names", type=int, help="how many names are listed (1000000)")
    parser.add_argument("--rounds", type=int, help="rounds per scenario (3)")
    parser.add_argument("--seconds", type=float, help="seconds per run (1.5)")
    parser.add_argument(
        "--subscribers", type=int, help="subscribers of the second Weir in S4 (100000; 0: none)"
    )
    parser.add_argument("--swaps", type=int, help="changes of each kind in S6, for Weir (10)")
    parser.add_argument("--delay", type=int, default=0, help="milliseconds that the upstream waits (0)")
    parser.add_argument("--loopback", action="store_true", help="no namespaces, even where they can be had")
    parser.add_argument("--rps", action="store_true", help="charge the server's receive work to its CPU")
    parser.add_argument("--no-snapshot", action="store_true", help="leave the compiled table's section out")
    parser.add_argument("--lists", action="store_true", help="only lists at full size (deploy.bench.lists)")
    parser.add_argument("--folder", type=Path, default=Path("var/bench"), help="files of the run (var/bench)")
    parser.add_argument("--report", type=Path, help="Markdown file (FOLDER/bench.md)")
    parser.add_argument("--plot", type=Path, help="SVG file (FOLDER/bench.svg)")
    told = parser.parse_args(words)
    plan = Plan(
        told.folder.resolve(), delay_ms=told.delay, loopback=told.loopback, steer=told.rps,
        servers=told.servers or DEFAULT_SERVERS, scenarios=told.only or SCENARIOS,
    )  # fmt: skip
    changes = dict(QUICK) if told.quick else {}
    for key in ("names", "rounds", "seconds", "subscribers", "swaps"):
        if getattr(told, key) is not None:
            changes[key] = getattr(told, key)
    return told, replace(plan, **changes)  # type: ignore[arg-type]  # the keys are Plan's own, with its types


def _known(names: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    def split(text: str) -> tuple[str, ...]:
        chosen = tuple(text.split(","))
        for name in chosen:
            if name not in names:
                raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(names)}")
        return chosen

    return split


def main() -> None:
    """Run the benchmark."""
    unwind_on_sigterm()
    told, plan = parse(sys.argv[1:])
    if told.lists:
        print(lists.run(quick=told.quick))
        return
    plan.folder.mkdir(parents=True, exist_ok=True)
    results = run(plan)
    report = told.report or plan.folder / "bench.md"
    text = "# Benchmark\n\n" + markdown(results)
    print(text, flush=True)
    report.write_text(text)
    (told.plot or plan.folder / "bench.svg").write_text(svg(results))
    if not told.no_snapshot:
        section = f"## The compiled table\n\n{snapshot.run(quick=told.quick)}\n"
        print(section)
        report.write_text(f"{text}\n{section}")


if __name__ == "__main__":
    main()
