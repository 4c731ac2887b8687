"""The token's file: what is taken from it and what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from admin.config import load
from admin.control.token import TokenError, read_token


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
