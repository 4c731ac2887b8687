"""The key of secret lists' digests: made once, for nobody else to read."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from blocklists.keyed import KEY_BYTES, keyed_digest, stored_key


def test_the_key_is_made_once_and_is_nobody_else_s(tmp_path: Path) -> None:
    path = tmp_path / "lists" / ".key"
    key = stored_key(path)
    assert stored_key(path) == key == path.read_bytes()
    assert len(set(key)) > 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == [".key"]


@pytest.mark.parametrize("damaged", [b"", b"short", bytes(KEY_BYTES + 1)])
def test_a_damaged_key_is_made_anew(damaged: bytes, tmp_path: Path) -> None:
    path = tmp_path / ".key"
    path.write_bytes(damaged)
    (tmp_path / ".key.tmp").write_bytes(b"left behind by a crash")
    key = stored_key(path)
    assert (len(key), path.stat().st_mode & 0o777) == (KEY_BYTES, 0o600)
    assert stored_key(path) == key


def test_a_key_that_cannot_be_kept_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Not a directory"):
        stored_key(tmp_path / "file" / ".key")


def test_the_digest_depends_on_the_key() -> None:
    one, two = (keyed_digest(bytes((number,)) * KEY_BYTES, b"a.example\n") for number in (1, 2))
    assert len({one, two, hashlib.sha256(b"a.example\n").hexdigest()}) == 3
    assert len(one) == 64
