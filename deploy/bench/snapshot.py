"""The compiled snapshot: text to table, bytes per entry, resident memory, look-up time, beside bare memory latency.

Run as ``python -m deploy.bench.snapshot [--quick]`` from the root of the project; prints a Markdown table. Names are
generated with a fixed seed. Runs of all sizes are interleaved and medians taken, so that a busy moment of the machine
hits every row alike. Nothing is asserted here.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from blocklists.model import Kind, ListSource
from blocklists.snapshot import native
from blocklists.snapshot.compiler import compile_snapshot

KEY = bytes(range(32))
SIZES, QUICK_SIZES = (1_000_000, 10_000_000), (50_000, 200_000)
RUNS, QUICK_RUNS = 3, 1
LOOKUPS = 1_000_000
BATCH = 32
HOT_SHARE = 64 / 154
"""The part of the file that a miss reads: lines without their cold words."""

_ALPHABET = bytes(b"etaoinshrdlucmfwypvbgkjqxz0123456789etaoinshrdlucmfwypvbgk-"[n % 58] for n in range(256))
_ENDINGS = [
    (44, b".com"), (7, b".net"), (6, b".org"), (6, b".ru"), (4, b".info"), (4, b".xyz"), (4, b".top"), (4, b".de"),
    (3, b".co.uk"), (3, b".com.br"), (3, b".online"), (3, b".site"), (3, b".fr"), (3, b".shop"), (3, b".it"),
]  # fmt: skip
_SUBDOMAINS = [
    (62, b""),
    (12, b"www."),
    (6, b"ads."),
    (5, b"m."),
    (5, b"cdn-7."),
    (4, b"mail."),
    (6, b"a.track."),
]


@dataclass
class Measured:
    """What the runs of one size gave. Seconds are per million names, times in nanoseconds, sizes in bytes."""

    names: int
    entries: int = 0
    file_bytes: float = 0
    resident: float = 0
    samples: dict[str, list[float]] = field(default_factory=dict)

    def add(self, row: str, value: float) -> None:
        """One more sample of a row."""
        self.samples.setdefault(row, []).append(value)

    def median(self, row: str) -> float:
        """The middle of a row's samples."""
        return statistics.median(self.samples[row])


def generate(names: int, seed: int = 1) -> bytes:
    """A domain list: second-level labels of 4 to 19 characters, a third of the names with labels before them."""
    numbers = random.Random(seed)
    endings = [ending for weight, ending in _ENDINGS for _ in range(weight)]
    subdomains = [prefix for weight, prefix in _SUBDOMAINS for _ in range(weight)]
    lines = []
    for start in range(0, names, 100_000):
        count = min(100_000, names - start)
        letters = numbers.randbytes(20 * count).translate(_ALPHABET)
        dice = numbers.randbytes(3 * count)
        for n in range(count):
            label = letters[20 * n : 20 * n + 4 + dice[3 * n] % 16]
            prefix, ending = (
                subdomains[dice[3 * n + 1] % len(subdomains)],
                endings[dice[3 * n + 2] % len(endings)],
            )
            lines.append(prefix + b"x" + label[1:-1] + b"n" + ending)
    return b"\n".join(lines) + b"\n"


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "domains": lambda text: text,
    "hosts": lambda text: b"0.0.0.0 " + text[:-1].replace(b"\n", b"\n0.0.0.0 ") + b"\n",
    "adblock": lambda text: b"||" + text[:-1].replace(b"\n", b"^\n||") + b"^\n",
}


def to_wire(name: bytes) -> bytes:
    """A dotted name in wire form."""
    return b"".join(bytes([len(label)]) + label for label in name.split(b".")) + b"\0"


def to_text(wire: bytes) -> str:
    """A name in wire form without its last dot."""
    labels = []
    while length := wire[0]:
        labels.append(wire[1 : 1 + length].decode())
        wire = wire[1 + length :]
    return ".".join(labels)


def four_labels(text: bytes, count: int) -> tuple[list[bytes], list[bytes]]:
    """Names of four labels: some that a list of ``text`` lists at a parent or exactly, some that it does not."""
    numbers = random.Random(2)
    hits: list[bytes] = []
    while len(hits) < count:
        start = text.index(b"\n", numbers.randrange(len(text) - 300)) + 1
        name = text[start : text.index(b"\n", start)]
        labels = name.count(b".") + 1
        if labels <= 4:
            hits.append(to_wire(b"a." * (4 - labels) + name))
    letters = numbers.randbytes(12 * count).translate(_ALPHABET)
    misses = [
        to_wire(
            b"www.q" + letters[12 * n : 12 * n + 4] + b".z" + letters[12 * n + 4 : 12 * n + 12] + b"q.com"
        )
        for n in range(count)
    ]
    return hits, misses


def mapped_bytes(path: Path) -> int:
    """PSS of this process's mapping of a file, from /proc/self/smaps."""
    here = False
    total = 0
    for line in Path("/proc/self/smaps").read_text().splitlines():
        key, _, rest = line.partition(":")
        if " " in key:
            here = line.endswith(str(path))
        elif here and key == "Pss":
            total += int(rest.split()[0]) * 1024
    return total


def _compile(form: str, text: bytes, path: Path, measured: Measured) -> None:
    source = ListSource("bench", "file:/generated", form, Kind.CATEGORY, ("bench",))
    start = time.perf_counter()
    report = compile_snapshot([(source, text)], path, key=KEY, now=0, suffixes=())
    measured.add(form, (time.perf_counter() - start) / measured.names * 1e6)
    measured.entries, measured.file_bytes = report.entries, report.size / report.entries


def _look_up(path: Path, hits: Sequence[bytes], misses: Sequence[bytes], measured: Measured) -> None:
    table = native.Snapshot.open(str(path))
    table.time_lookups(misses, 1)
    for row, wires, batch in (
        ("miss", misses, 1),
        ("hit", hits, 1),
        ("misses", misses, BATCH),
        ("hits", hits, BATCH),
    ):
        measured.add(row, table.time_lookups(wires, 1, batch))
    measured.resident = mapped_bytes(path) / table.entries
    dependent, independent = native.time_memory(int(table.size * HOT_SHARE), LOOKUPS)
    measured.add("dependent", dependent)
    measured.add("independent", independent)
    table.close()


def measure(sizes: Sequence[int], runs: int, lookups: int = LOOKUPS) -> list[Measured]:
    """Run everything for every size, ``runs`` times."""
    results = [Measured(size) for size in sizes]
    texts = [generate(size) for size in sizes]
    names = [four_labels(text, lookups) for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.weir"
        for _ in range(runs):
            for measured, text, (hits, misses) in zip(results, texts, names, strict=True):
                for form, write in FORMS.items():
                    _compile(form, write(text), path, measured)
                _look_up(path, hits, misses, measured)
    return results


ROWS: list[tuple[str, Callable[[Measured], str]]] = [
    ("text → table, domains (s per million; bar 1)", lambda m: f"{m.median('domains'):.2f}"),
    ("text → table, hosts (s per million; bar 1)", lambda m: f"{m.median('hosts'):.2f}"),
    ("text → table, adblock (s per million; bar 1)", lambda m: f"{m.median('adblock'):.2f}"),
    ("file (bytes per entry; bar 20)", lambda m: f"{m.file_bytes:.1f}"),
    ("mapped pages after the look-ups (PSS, bytes per entry; bar 16)", lambda m: f"{m.resident:.1f}"),
    (f"look-up of 4 labels, {BATCH} together, miss (ns; bar 200)", lambda m: f"{m.median('misses'):.0f}"),
    (f"look-up of 4 labels, {BATCH} together, hit (ns; bar 200)", lambda m: f"{m.median('hits'):.0f}"),
    ("look-up of 4 labels, one after another, miss (ns)", lambda m: f"{m.median('miss'):.0f}"),
    ("look-up of 4 labels, one after another, hit (ns)", lambda m: f"{m.median('hit'):.0f}"),
    ("memory of that size, one dependent read (ns)", lambda m: f"{m.median('dependent'):.0f}"),
    ("memory of that size, one independent read (ns)", lambda m: f"{m.median('independent'):.1f}"),
]
"""The data plane starts its look-ups in batches. One after another, a miss waits for one dependent memory read and a
hit for two: the line, then the words that verify it."""


def table(results: Sequence[Measured]) -> str:
    """The Markdown table."""
    head = "| | " + " | ".join(f"{measured.names:,} names" for measured in results) + " |"
    rule = "|---|" + "---:|" * len(results)
    rows = [f"| {title} | " + " | ".join(map(show, results)) + " |" for title, show in ROWS]
    return "\n".join((head, rule, *rows))


def _cache() -> str:
    try:
        return Path("/sys/devices/system/cpu/cpu0/cache/index3/size").read_text().strip()
    except OSError:
        return "unknown"


def run(*, quick: bool) -> str:
    """Measure and give the table with its conditions."""
    sizes, runs = (QUICK_SIZES, QUICK_RUNS) if quick else (SIZES, RUNS)
    results = measure(sizes, runs, LOOKUPS // 10 if quick else LOOKUPS)
    return f"Medians of {runs} interleaved runs; last-level cache {_cache()}.\n\n{table(results)}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, one run: shows that it works")
    print(run(quick=parser.parse_args().quick))


if __name__ == "__main__":
    main()
