"""Files that are whole or absent."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from blocklists import durable
from blocklists.durable import read_file, read_record, write_file, write_record


@dataclass(frozen=True)
class _Note:
    text: str
    number: int = 0


_CODEC = TypeAdapter(_Note)


def test_a_record_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    write_record(path, _CODEC, _Note("ü", 3))
    assert read_record(path, _CODEC) == _Note("ü", 3)
    write_record(path, _CODEC, _Note("new"))
    assert read_record(path, _CODEC) == _Note("new")
    assert list(tmp_path.iterdir()) == [path]


def test_every_cut_and_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    write_record(path, _CODEC, _Note("text", 7))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert read_record(path, _CODEC) is None
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes((whole[place] ^ 1,)) + whole[place + 1 :])
        assert read_record(path, _CODEC) is None


def test_a_whole_record_of_another_kind_is_none(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    write_record(path, TypeAdapter(list[int]), [1, 2])
    assert read_record(path, _CODEC) is None
    assert read_record(tmp_path / "absent", _CODEC) is None


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_fault_at_any_step_leaves_the_old_file(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "list"
    write_file(path, b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "rename")), full)
    with pytest.raises(OSError, match="No space left"):
        write_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("size", [0, 1, 6, 7, 8, 20, 21])
def test_pieces_make_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(durable, "_PIECE", 7)
    data = os.urandom(size)
    write_file(tmp_path / "file", data)
    assert (tmp_path / "file").read_bytes() == data
    assert read_file(tmp_path / "file") == data


def test_no_call_of_the_kernel_gets_more_than_a_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    class Watched(FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(-1 if size is None else size)
            return super().read(size)

    (tmp_path / "file").write_bytes(bytes(1_000_000))
    monkeypatch.setattr(Path, "open", lambda path, *_, **__: Watched(path))
    assert len(read_file(tmp_path / "file")) == 1_000_000
    assert set(asked) == {durable._PIECE}
