"""Which generation each data-plane process serves, as its counter page says."""

from __future__ import annotations

from pathlib import Path

from resolver.runtime.counters import CounterPageError, read_counters

GATEWAY = "gateway"
_RESOLVER = "resolver-"


def resolver_name(slot: int) -> str:
    """The name of a worker's process."""
    return f"{_RESOLVER}{slot}"


def page_of(run: Path, name: str) -> Path:
    """The counter page of the process called ``gateway`` or ``resolver-<slot>``."""
    if name.startswith(_RESOLVER):
        return run / f"worker-{name.removeprefix(_RESOLVER)}.counters"
    return run / f"{name}.counters"


def read_page(run: Path, name: str) -> dict[str, int]:
    """The counters of a process; empty if it has written none that can be read."""
    try:
        return read_counters(page_of(run, name))
    except (OSError, CounterPageError):
        return {}


def served_generation(run: Path, name: str) -> int | None:
    """The generation that the process serves; None if it does not say."""
    return read_page(run, name).get("generation")
