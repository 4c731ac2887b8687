"""The index key in the run folder, and what happens to a generation whose secret lists have another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocklists.snapshot.native import IndexKeyError
from resolver.tables.index_key import FILE, no_index_key, read_index_key


def test_what_control_wrote_is_read(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(bytes(range(16)))
    assert read_index_key(tmp_path) == bytes(range(16))


def test_a_link_to_tmpfs_is_followed(tmp_path: Path) -> None:
    (tmp_path / "held").write_bytes(bytes(range(16)))
    (tmp_path / FILE).symlink_to(tmp_path / "held")
    assert read_index_key(tmp_path) == bytes(range(16))
    (tmp_path / "held").unlink()  # after a boot, until control starts
    assert read_index_key(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"\x01" * 15, b"\x01" * 17])
def test_a_damaged_key_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(IndexKeyError, match="restart control"):
        read_index_key(tmp_path)


def test_without_a_file_there_is_no_key(tmp_path: Path) -> None:
    assert read_index_key(tmp_path) is None
    assert no_index_key() is None
