"""The token's file: what is taken from it and what is wrong with it."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from admin.config import load
from admin.control.token import TokenError, read_local_token, read_token, write_local_token


@pytest.mark.parametrize(
    "content", [b"0123456789abcdef", b"0123456789abcdef\n", b"  0123456789abcdef \r\nsecond line\n"]
)
def test_the_first_line_counts(world: Any, content: bytes) -> None:
    world.write(more="admin: {token_file: token}\n")
    (world.folder / "token").write_bytes(content)
    assert read_token(load(world.config_path)) == "0123456789abcdef"


def test_without_a_file_nothing_is_asked_for(world: Any) -> None:
    world.write()
    assert read_token(load(world.config_path)) is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "less than 16 characters"),
        (b"tooshort0", "less than 16"),
        (b"\xff" * 20, "not ASCII"),
        (None, "No such file"),
    ],
    ids=["empty", "few", "binary", "missing"],
)
def test_what_is_no_token(world: Any, content: bytes | None, words: str) -> None:
    world.write(more="admin: {token_file: token}\n")
    path = world.folder / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TokenError, match=words) as caught:
        read_token(load(world.config_path))
    assert str(path) in str(caught.value)
    assert "tooshort0" not in str(caught.value)


def test_the_local_token_is_for_its_owner_alone(tmp_path: Path) -> None:
    assert read_local_token(tmp_path) is None
    write_local_token(tmp_path, "first")
    write_local_token(tmp_path, "second")
    assert read_local_token(tmp_path) == "second"
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_others_lay_in_its_way_is_not_followed(tmp_path: Path) -> None:
    other, run = tmp_path / "other", tmp_path / "run"
    other.write_text("theirs")
    run.mkdir()
    for name in (".local-token.tmp", "local-token"):
        (run / name).symlink_to(other)
    assert read_local_token(run) is None
    write_local_token(run, "ours")
    assert (read_local_token(run), other.read_text()) == ("ours", "theirs")


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\n"])
def test_a_damaged_local_token_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "local-token").write_bytes(content)
    assert read_local_token(tmp_path) is None
