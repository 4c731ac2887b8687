"""What each data-plane process counts and which generation it serves, as its counter pages say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from resolver.pages import Page, page_path
from resolver.runtime.counters import CounterPageError, read_counters

GATEWAY = "gateway"
_RESOLVER = "resolver-"


def resolver_name(slot: int) -> str:
    """The name of a worker's process."""
    return f"{_RESOLVER}{slot}"


def page_of(run: Path, name: str) -> Path:
    """The counter page of the process called ``gateway`` or ``resolver-<slot>``."""
    return pages_of(run, name)[0]


def pages_of(run: Path, name: str) -> tuple[Path, ...]:
    """All pages that such a process may have, that of its Python first."""
    slot = name.removeprefix(_RESOLVER)
    if name.startswith(_RESOLVER) and slot.isdigit():
        return tuple(page_path(run, int(slot), page) for page in Page)
    return (run / f"{name}.counters",)


def read_pages(run: Path, name: str) -> dict[str, int]:
    """The counters of a process, those of its cores added to its own; without the pages that cannot be read."""
    total: Counter[str] = Counter()
    for path in pages_of(run, name):
        total.update(_read(path))
    return dict(total)


def served_generation(run: Path, name: str) -> int | None:
    """The generation that the process serves; None if it does not say."""
    return _read(page_of(run, name)).get("generation")


def _read(path: Path) -> dict[str, int]:
    try:
        return read_counters(path)
    except (OSError, CounterPageError):
        return {}
