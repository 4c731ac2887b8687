"""The part of a generation that decides which processes and sockets there are, in a small file of its own.

A generation may hold the policies of 100,000 subscribers; whoever starts processes needs three lines of it. The file
is written before its generation is published and names it, so that a crash in between shows: a layout that belongs to
another generation than the one in force is not used, and the generation itself is read instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from resolver.tables import store
from resolver.tables.model import Tables

FILE_NAME = "layout.json"


@dataclass(frozen=True, slots=True)
class Layout:
    """Addresses (``host:port``) and number of workers of one generation."""

    generation: int
    listen: tuple[str, ...]
    workers: int
    gateway: tuple[str, ...]


_codec: TypeAdapter[Layout] = TypeAdapter(Layout)


def layout_of(tables: Tables) -> Layout:
    """What a generation asks for."""
    settings = tables.resolver
    return Layout(tables.generation, settings.listen, settings.workers, tables.gateway.listen)


def write_layout(state: Path, layout: Layout) -> None:
    """Write the file whole or not at all; the generation that follows makes it durable. OSError as from write(2)."""
    temporary = state / f".{FILE_NAME}.tmp"
    try:
        temporary.write_bytes(_codec.dump_json(layout))
        temporary.rename(state / FILE_NAME)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def read_layout(state: Path) -> Layout:
    """The layout of the generation in force. TablesError if no generation is usable."""
    try:
        layout = _codec.validate_json((state / FILE_NAME).read_bytes())
    except (OSError, ValidationError):
        return layout_of(store.load(state)[0])
    if layout.generation != store.current_generation(state):
        return layout_of(store.load(state)[0])
    return layout
