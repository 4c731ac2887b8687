"""What an earlier process left in force, as far as this one can go on with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from admin.config import Config
from admin.services.build import build_tables
from admin.services.publish import Snapshot
from blocklists.enforcement import Enforced
from blocklists.snapshot.native import SnapshotError
from resolver.tables.store import TablesError
from resolver.tables.view import View


def kept(config: Config, state: Path, index_key: bytes | None) -> tuple[Snapshot, int] | None:
    """The compiled lists in force and their serial, if the configuration has the very same lists, so that their bits fit."""
    try:
        view = View.open(state, index_key)
    except (TablesError, SnapshotError):
        return None
    wanted = build_tables(config, view.tables.generation, view.tables.snapshot, 0.0)
    # What is enforced of a list is decided anew; its bits are the same.
    served = {list_id: replace(info, enforced=Enforced.ALL) for list_id, info in view.tables.lists.items()}
    if wanted.lists != served:
        return None
    reader = view.reader
    snapshot = Snapshot(view.tables.snapshot, view.bits, reader.entries, reader.size, reader.clients)
    return snapshot, reader.serial
