"""The lists and questions of a benchmark, generated with fixed seeds, so that two runs ask the same.

Names beneath ``cached.example`` exist, those that begin with ``nx-`` do not (see src/target.c); listed names look like
those of real lists. A question file says which answer is the right one, and the generator counts every other.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from deploy.bench.snapshot import four_labels, generate, to_text

BLOCKED_ADDRESS = "192.0.2.80"
FREE_ADDRESS = "198.51.100.7"
CANARY = "canary.bench-list.example"
"""Always listed: the name by which a server shows that its list serves."""
SMALL, LARGE = 2_000, 100_000
ZONES = 50
LINES = 200_000


@dataclass(frozen=True)
class Scenario:
    """Questions, the same without repetition to fill caches, and over how many source addresses they are spread."""

    key: str
    title: str
    questions: Path
    warm: Path
    sources: int = 4096


@dataclass(frozen=True)
class Workload:
    """A list as plain names, one a line, and the scenarios that fit it."""

    listed: Path
    names: int
    scenarios: dict[str, Scenario]


def make_workload(folder: Path, names: int, seed: int = 1) -> Workload:
    """Write everything into a folder."""
    listed = sorted({*generate(names, seed).decode().split()[: names - 1], CANARY})
    path = folder / "list.txt"
    path.write_text("".join(f"{name}\n" for name in listed))
    numbers = random.Random(seed)
    blocked = [_blocked(name, numbers) for name in numbers.choices(listed, k=LINES)]
    small, large = _positive(SMALL), _positive(LARGE)
    mixed = _mixed(small, blocked, numbers)
    unlisted = _unlisted(listed)
    busting = [f"*.zone{number}.busy.example A {FREE_ADDRESS}" for number in range(ZONES)]
    made = [
        ("S1", f"cached, {SMALL:,} names", zipf(small, LINES, numbers), small, 4096),
        ("S1L", f"cached, {LARGE:,} names", zipf(large, LINES, numbers), large, 4096),
        ("S2", f"cache-busting, {ZONES} zones", busting, busting, 4096),
        ("S3", "blocked, half of it subdomains", blocked, blocked[:2000], 4096),
        ("S4", "mixed, 100,000 addresses", mixed, small + _negative(), 100_000),
        ("S5", f"cached, {LARGE:,} unlisted names of four labels, each as often", unlisted, unlisted, 4096),
    ]
    scenarios = {}
    for key, title, questions, warm, sources in made:
        files = folder / f"{key}.questions", folder / f"{key}.warm"
        for file, lines in zip(files, (questions, warm), strict=True):
            file.write_text("\n".join(lines) + "\n")
        scenarios[key] = Scenario(key, title, *files, sources)
    return Workload(path, len(listed), scenarios)


def changed_list(source: Path, target: Path, number: int) -> str:
    """The same list with one name more, ``number`` in it; gives that name."""
    name = f"swap-{number}.bench-list.example"
    temporary = target.with_suffix(".new")
    temporary.write_text(source.read_text() + f"{name}\n")
    temporary.replace(target)
    return name


def zipf(lines: list[str], count: int, numbers: random.Random) -> list[str]:
    """``count`` of the lines, the n-th as often as 1/n."""
    shares = list(accumulate(1 / rank for rank in range(1, len(lines) + 1)))
    return numbers.choices(lines, cum_weights=shares, k=count)


def _positive(count: int) -> list[str]:
    return [f"www{number}.cached.example A {FREE_ADDRESS}" for number in range(count)]


def _negative() -> list[str]:
    return [f"nx-{number}.cached.example A -" for number in range(500)]


def _unlisted(listed: list[str]) -> list[str]:
    """Names that need all look-ups in the list's table and find nothing."""
    _, misses = four_labels("".join(f"{name}\n" for name in listed).encode(), LARGE)
    return [f"{to_text(wire)} A {FREE_ADDRESS}" for wire in misses]


def _blocked(name: str, numbers: random.Random) -> str:
    prefix = numbers.choice(("", "", "www.", "a.b.cdn."))
    return f"{prefix}{name} A {BLOCKED_ADDRESS}"


def _mixed(cached: list[str], blocked: list[str], numbers: random.Random) -> list[str]:
    """80 % cached, 12 % blocked, 5 % that do not exist, 3 % never asked before."""
    lines = zipf(cached, LINES * 80 // 100, numbers) + blocked[: LINES * 12 // 100]
    lines += numbers.choices(_negative(), k=LINES * 5 // 100)
    lines += [f"*.miss.example A {FREE_ADDRESS}"] * (LINES * 3 // 100)
    numbers.shuffle(lines)
    return lines
