"""How many clients walk through secret lists, as the workers' counter pages say: two numbers, and nothing else is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from admin.services.serving import read_pages


@dataclass(frozen=True, slots=True)
class Scanning:
    """``clients`` are over the threshold today, ``displaced`` were pushed out of a full sketch. Sums over the workers: a
    client that several workers have seen counts at each.
    """

    clients: int = 0
    displaced: int = 0


NOBODY_SCANS = Scanning()


def scanning_of(run: Path, processes: Iterable[str]) -> Scanning:
    """The present numbers; a worker whose page cannot be read says nothing."""
    pages = [read_pages(run, name) for name in processes]
    return Scanning(
        sum(page.get("secret_scanning_clients", 0) for page in pages),
        sum(page.get("secret_scanning_displaced", 0) for page in pages),
    )
