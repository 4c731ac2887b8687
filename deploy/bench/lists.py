"""Lists at their full size: one compilation of millions of names, hundreds of lists, and a small change of a large list.

Run as ``python -m deploy.bench.lists [--quick]`` from the root of the project; prints a Markdown table. Each compilation runs
in a process of its own, whose peak of resident memory is taken, texts included. Names are generated with a fixed seed.
Nothing is asserted here.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from blocklists.edits import Edit
from blocklists.guard import NO_GUARD
from blocklists.model import Kind, ListSource
from blocklists.snapshot import native
from blocklists.snapshot.above_stops import AboveStops
from blocklists.snapshot.changing import version_change
from blocklists.snapshot.compiler import compile_snapshot
from blocklists.snapshot.deltas import Deltas, Effect
from blocklists.snapshot.reader import changes_of
from blocklists.suffixes import public_suffixes
from deploy.bench.snapshot import KEY, generate

LARGE, MANY, LISTS, CHANGED = 5_000_000, 20_000_000, 200, 1_000
CATEGORIES = 12
"""Generated names meet by chance in lists of any categories, real ones mostly in lists of the same."""
Result = TypeVar("Result")
QUICK = 20
"""How many times smaller a quick run is."""


@dataclass(frozen=True)
class Compiled:
    """Seconds, bytes and entries of one compilation."""

    seconds: float
    peak: int
    entries: int
    size: int


@dataclass(frozen=True)
class Changed:
    """Seconds from the new text to what it changed, and from there to the table; how many edits that took."""

    found: float
    applied: float
    edits: int


def compile_texts(folder: Path) -> Compiled:
    """Compile every text of a folder, each a list; to be run in a process of its own."""
    start = time.perf_counter()
    texts = [(_source(number), path.read_bytes()) for number, path in enumerate(_paths(folder))]
    report = compile_snapshot(texts, folder / "table.weir", key=KEY, now=0, suffixes=public_suffixes())
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Compiled(seconds, peak, report.entries, report.size)


def change_text(folder: Path, changed: int = CHANGED) -> Changed:
    """Change so many lines of the one list of a folder beside its table: half of them go, half come."""
    before, source, table = _paths(folder)[0].read_bytes(), _source(0), folder / "table.weir"
    after = _changed(before, changed)
    changes = changes_of(table)
    changes.unlink(missing_ok=True)
    native.Changes.create(native.Snapshot.open(str(table), verify=False), str(changes))
    deltas = Deltas(table, {source.id: source}, AboveStops("00", frozenset()))
    start = time.perf_counter()
    change = version_change(source, before, after, public_suffixes(), NO_GUARD, KEY)
    found = time.perf_counter()
    edits: Sequence[Edit] = () if change is None else change.edits
    effects = deltas.apply(source.id, edits)
    deltas.sync()
    applied = time.perf_counter()
    deltas.close()
    if not effects or any(effect is not Effect.NOW for effect in effects):
        raise RuntimeError("the change was not put into force beside the table")
    return Changed(found - start, applied - found, len(edits))


def write_texts(folder: Path, names: int, lists: int) -> None:
    """So many generated names, in so many files."""
    text = generate(names)
    for number, part in enumerate(_parts(text, lists)):
        (folder / f"list-{number:03}.txt").write_bytes(part)


def _parts(text: bytes, lists: int) -> Iterator[bytes]:
    start = 0
    for number in range(1, lists + 1):
        end = len(text) if number == lists else text.index(b"\n", len(text) * number // lists) + 1
        yield text[start:end]
        start = end


def _changed(text: bytes, changed: int) -> bytes:
    lines, numbers = text.split(b"\n"), random.Random(changed)
    for place in numbers.sample(range(len(lines) - 1), changed // 2):
        lines[place] = b"changed-%d.bench.example" % place
    return b"\n".join(lines)


def _paths(folder: Path) -> list[Path]:
    return sorted(folder.glob("list-*.txt"))


def _source(number: int) -> ListSource:
    category = f"category-{number % CATEGORIES}"
    return ListSource(f"bench-{number}", "file:/generated", "domains", Kind.CATEGORY, (category,))


def measure(names: int, lists: int) -> tuple[Compiled, Changed | None]:
    """Compile, and for one list change; each in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _apart(write_texts, place, names, lists)
        compiled: Compiled = _apart(compile_texts, place)
        changed: Changed | None = _apart(change_text, place) if lists == 1 else None
    return compiled, changed


def _apart(work: Callable[..., Result], *arguments: object) -> Result:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(work, *arguments).result()


def run(*, quick: bool) -> str:
    """Measure and give the table."""
    scale = QUICK if quick else 1
    rows = [
        "| names | lists | text → table (s; bar 8) | peak memory (MB; bar 400) | entries | table (MB) |",
        "|---:" * 6 + "|",
    ]
    changes = ["| change of | lines | found (ms) | in force (ms; bar 1,000 together) |", "|---:" * 4 + "|"]
    for names, lists in ((LARGE // scale, 1), (LARGE // scale, LISTS), (MANY // scale, LISTS)):
        compiled, changed = measure(names, lists)
        rows.append(
            f"| {names:,} | {lists} | {compiled.seconds:.2f} | {compiled.peak / 1e6:.0f} | {compiled.entries:,} "
            f"| {compiled.size / 1e6:.1f} |"
        )
        if changed is not None:
            changes.append(
                f"| {names:,} | {CHANGED:,} | {changed.found * 1e3:.0f} | {changed.applied * 1e3:.0f} |"
            )
    return "\n".join([*rows, "", *changes])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that it works")
    print(run(quick=parser.parse_args().quick))


if __name__ == "__main__":
    main()
