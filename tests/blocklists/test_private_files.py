"""Keys and tokens on the disk: for their owner alone, whole or absent, and nobody's link followed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from blocklists.private_files import write_private


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_private(path, b"first")
    write_private(path, b"second")
    assert path.read_bytes() == b"second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "key"
    write_private(path, b"first")

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "rename")), full)
    with pytest.raises(OSError, match="No space"):
        write_private(path, b"second")
    assert path.read_bytes() == b"first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_what_lies_in_the_way_is_replaced_and_never_followed(tmp_path: Path) -> None:
    bystander = tmp_path / "bystander"
    bystander.write_bytes(b"untouched")
    (tmp_path / ".key.tmp").symlink_to(bystander)
    (tmp_path / "key").symlink_to(bystander)
    write_private(tmp_path / "key", b"secret")
    assert bystander.read_bytes() == b"untouched"
    assert (tmp_path / "key").read_bytes() == b"secret"
    assert not (tmp_path / "key").is_symlink()
