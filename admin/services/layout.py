"""The part of a generation that decides which processes and sockets there are, in a small file of its own.

A generation may hold the policies of 100,000 subscribers; whoever starts processes needs three lines of it. The file
is written before its generation is published and names it, so that a crash in between shows: a layout that belongs to
another generation than the one in force is not used, and the generation itself is read instead.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.tables.names import current_generation

if TYPE_CHECKING:
    from resolver.tables.model import Tables

FILE_NAME = "layout.json"


@dataclass(frozen=True, slots=True)
class Layout:
    """Addresses (``host:port``) and number of workers of one generation."""

    generation: int
    listen: tuple[str, ...]
    workers: int
    gateway: tuple[str, ...]


def cores() -> int:
    """How many workers ``auto`` stands for: one per core that this process may use."""
    return len(os.sched_getaffinity(0))


def layout_of(tables: Tables) -> Layout:
    """What a generation asks for."""
    settings = tables.resolver
    return Layout(tables.generation, settings.listen, settings.workers, tables.gateway.listen)


def write_layout(state: Path, layout: Layout) -> None:
    """Write the file whole or not at all; the generation that follows makes it durable. OSError as from write(2)."""
    temporary = state / f".{FILE_NAME}.tmp"
    try:
        temporary.write_bytes(json.dumps(asdict(layout)).encode())
        temporary.rename(state / FILE_NAME)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def read_layout(state: Path) -> Layout:
    """The layout of the generation in force. TablesError if no generation is usable."""
    try:
        layout = _decoded((state / FILE_NAME).read_bytes())
    except (OSError, ValueError):
        return _layout_in_force(state)
    return layout if layout.generation == current_generation(state) else _layout_in_force(state)


def _decoded(data: bytes) -> Layout:
    """ValueError for anything that ``write_layout`` would not have written."""
    match json.loads(data):
        case {
            "generation": int(generation),
            "listen": [*listen],
            "workers": int(workers),
            "gateway": [*gateway],
        } if all(isinstance(text, str) for text in (*listen, *gateway)):
            return Layout(generation, tuple(listen), workers, tuple(gateway))
        case _:
            raise ValueError("no layout")


def _layout_in_force(state: Path) -> Layout:
    # Rarely needed, and half of the data plane to import: the supervisor shall not wait for it.
    from resolver.tables.store import load

    return layout_of(load(state)[0])
