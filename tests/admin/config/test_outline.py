"""The outline is what the whole configuration says, or nothing: it never says anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin.config import load
from admin.config.outline import outline_of, read_outline


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("data_dir: var", "data_dir: ./a/../state/"),
        ("data_dir: var", "data_dir: /srv/weir"),
        ('["127.0.0.1:5300"]', '["127.0.0.1:5300", "[::1]:5300"]'),
        ("workers: 1 ", "workers: auto "),
        ("workers: 1 ", "workers: 64 "),
        ('"127.0.0.1:8000"', '"[::1]:8001"'),
    ],
)
def test_it_says_what_the_whole_file_says(tmp_path: Path, smallest: str, old: str, new: str) -> None:
    path = tmp_path / "weir.yaml"
    path.write_text(smallest.replace(old, new))
    assert read_outline(path) == outline_of(load(path)) is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("data_dir: var", ""),
        ("data_dir: var", "data_dir: 7"),
        ("  workers: 1 ", "  # "),
        ("workers: 1 ", "workers: 0 "),
        ("workers: 1 ", "workers: true "),
        ("workers: 1 ", "workers: many "),
        ('listen: ["127.0.0.1:5300"]', "listen: 127.0.0.1:5300"),
        ('listen: ["127.0.0.1:5300"]', "listen: []"),
        ('listen: ["127.0.0.1:5300"]', "listen: [nowhere]"),
        ('listen: ["127.0.0.1:8080"]', ""),
        ('  listen: "127.0.0.1:8000"', ""),
        ("resolver:", "resolver: [\n"),
        ("resolver:", "resolver: {}\nresolver:"),
    ],
)
def test_what_it_cannot_tell(tmp_path: Path, smallest: str, old: str, new: str) -> None:
    assert old in smallest
    path = tmp_path / "weir.yaml"
    path.write_text(smallest.replace(old, new))
    assert read_outline(path) is None


def test_no_file(tmp_path: Path) -> None:
    assert read_outline(tmp_path / "nowhere.yaml") is None
