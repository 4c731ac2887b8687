"""The small file beside a generation: used only when it belongs to the generation in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin.services.layout import FILE_NAME, Layout, layout_of, read_layout, write_layout
from resolver.tables import store
from resolver.tables.model import Assignments, GatewaySettings, ResolverSettings, Tables
from resolver.tables.writing import ClientsWriter


def tables(generation: int, workers: int = 2) -> Tables:
    return Tables(
        generation,
        0.0,
        "snapshot-0.weir",
        "clients-0.weir",
        resolver=ResolverSettings(listen=("127.0.0.1:53",), workers=workers),
        gateway=GatewaySettings(listen=("127.0.0.1:80",)),
    )


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "snapshot-0.weir").touch()
    nobody = Assignments(())
    ClientsWriter.create(tmp_path / "clients-0.weir", nobody, plan=bytes(32), key=bytes(32), now=0.0).close()
    store.publish(tmp_path, tables(1))
    write_layout(tmp_path, layout_of(tables(1)))
    return tmp_path


def test_what_was_written_is_read(state: Path) -> None:
    assert read_layout(state) == Layout(1, ("127.0.0.1:53",), 2, ("127.0.0.1:80",))


def test_a_crash_before_the_publication_shows(state: Path) -> None:
    write_layout(state, layout_of(tables(2, workers=9)))
    assert read_layout(state) == layout_of(tables(1))


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"generation": 1}', b"\xff" * 20])
def test_a_damaged_file_is_replaced_by_the_generation_itself(state: Path, content: bytes) -> None:
    (state / FILE_NAME).write_bytes(content)
    assert read_layout(state) == layout_of(tables(1))


def test_without_a_file(state: Path) -> None:
    (state / FILE_NAME).unlink()
    assert read_layout(state) == layout_of(tables(1))


def test_without_any_state(tmp_path: Path) -> None:
    with pytest.raises(store.TablesError, match="no generation has been published yet"):
        read_layout(tmp_path)


def test_a_full_disk_leaves_the_old_one(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write_layout(state, layout_of(tables(2)))
    monkeypatch.undo()
    assert read_layout(state).generation == 1
    assert not list(state.glob(".*.tmp"))
