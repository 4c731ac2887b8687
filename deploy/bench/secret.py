"""What secret lists cost a look-up, and whether their hits take other time than those of other lists.

Run as ``python -m deploy.bench.secret`` from the root of the project; prints a Markdown table. A million names stand in
public lists. All rows are measured in turns and medians taken. Nothing is asserted here.
"""

from __future__ import annotations

import random
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from blocklists.snapshot import native
from blocklists.snapshot.classes import Class, pack
from deploy.bench.snapshot import generate, to_wire

KEY, INDEX_KEY = bytes(range(32)), bytes(range(16))
PUBLIC = 1_000_000
SECRET = (0, 1_000, 100_000)
ASKED = 20_000
"""Look-ups of a row, of as many names as there are to ask for."""
TURNS = 15
BATCH = 32
_CLASSES = [Class(0, 0), Class(1, 1), Class(2, 2)]


@dataclass(frozen=True)
class Table:
    """One file and the names to ask it for, all of three labels."""

    snapshot: native.Snapshot
    names: Mapping[str, list[bytes]]


def build(folder: Path, secret: int, public: int = PUBLIC, asked: int = ASKED) -> Table:
    """A table of so many names; hits are asked for among as many public names as there are secret ones."""
    numbers = random.Random(secret)
    known = [name for name in generate(public, 1).split() if name.count(b".") == 1]
    hidden = [b"s" + name for name in generate(4 * secret, 2).split() if name.count(b".") == 1][:secret]
    builder, digests = native.Builder(KEY, public), native.Builder(INDEX_KEY, secret)
    for each, names in ((builder, known), (digests, hidden)):
        each.scan(b"\n".join(names), native.SYNTAX_DOMAINS, 1, _never)
    path = folder / f"{secret}.weir"
    ids = [[0, *[1] * (len(each.sets()) - 1)] for each in (builder, digests)]
    builder.write(str(path), ids[0], pack(_CLASSES), b"", 0, digests, [2 * id_ for id_ in ids[1]])
    rows = {
        "not listed": [b"www.q" + name for name in numbers.sample(known, asked)],
        "security hit": [b"www." + name for name in _repeated(known[: secret or len(known)], asked, numbers)],
        "secret hit": [b"www." + name for name in _repeated(hidden, asked, numbers)],
    }
    snapshot = native.Snapshot.open(str(path), index_key=INDEX_KEY)
    return Table(snapshot, {row: list(map(to_wire, names)) for row, names in rows.items() if names})


def _repeated(names: list[bytes], count: int, numbers: random.Random) -> list[bytes]:
    return numbers.choices(names, k=count) if names else []


def _never(number: int, start: int, end: int) -> None:
    raise AssertionError(f"line {number} of generated text is odd")


def measure(tables: Mapping[int, Table], turns: int = TURNS) -> dict[tuple[int, str, int], float]:
    """Nanoseconds by (secret names, row, batch)."""
    samples: dict[tuple[int, str, int], list[float]] = {}
    for _ in range(turns):
        for secret, table in tables.items():
            for row, wires in table.names.items():
                for batch in (1, BATCH):
                    taken = table.snapshot.time_lookups(wires, 1, batch)
                    samples.setdefault((secret, row, batch), []).append(taken)
    return {key: statistics.median(values) for key, values in samples.items()}


def lines(found: Mapping[tuple[int, str, int], float]) -> Iterator[str]:
    """The table, in Markdown."""
    yield f"| secret names | look-up | ns alone | ns in batches of {BATCH} |"
    yield "|---:|---|---:|---:|"
    for secret, row in dict.fromkeys((secret, row) for secret, row, _ in found):
        yield f"| {secret:,} | {row} | {found[secret, row, 1]:.0f} | {found[secret, row, BATCH]:.0f} |"


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="weir-secret-") as folder:
        found = measure({secret: build(Path(folder), secret) for secret in SECRET})
    print("\n".join(lines(found)))


if __name__ == "__main__":
    main()
