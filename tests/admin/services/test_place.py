"""The folders below data_dir."""

from __future__ import annotations

from pathlib import Path

from admin.services.place import Place


def test_folders_are_made_once_and_keep_their_rights(tmp_path: Path) -> None:
    place = Place(tmp_path / "a" / "b")
    place.create()
    assert place.lists.stat().st_mode & 0o777 == 0o700
    place.run.chmod(0o700)
    place.create()
    assert place.run.stat().st_mode & 0o777 == 0o700
