"""The vault key: what is one, what is refused, where it comes from; and the keys made from it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.credentials import CredentialError
from blocklists.properties import Secret
from blocklists.vault import BLOBS, COMMITMENTS, INDEX, VaultKey, VaultKeyError, own_key, parse_key, read_key

GOOD = bytes.fromhex("8f1e6d0a94b27c35e0d1f8a6437b5c2961ae0fd27493b8c50de6157af2389b4c")


def written(path: Path, content: bytes, mode: int = 0o600) -> Secret:
    path.write_bytes(content)
    path.chmod(mode)
    return Secret(path=str(path))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (GOOD[:31], "has 31 bytes"),
        (GOOD + b"\n", "has 33 bytes"),
        (GOOD.hex().encode()[:-1] + b"g", "has 64 bytes"),
        (bytes(32), "no random key"),
        (b"\xa5" * 32, "no random key"),
        (bytes(range(32)), "no random key"),
        (bytes(range(255, 223, -1)), "no random key"),
        (b"\xde\xad\xbe\xef" * 8, "no random key"),
        (b"correct horse battery staple 123", "no random key"),
        (bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), "no random key"),
        (b"0" * 64, "no random key"),
    ],
)
def test_what_is_no_key(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(VaultKeyError, match=words) as caught:
        read_key(written(tmp_path / "key", content))
    assert str(tmp_path / "key") in str(caught.value)
    assert "openssl rand -hex 32" in str(caught.value)
    assert content.decode("latin-1") not in str(caught.value)


@pytest.mark.parametrize("content", [GOOD, GOOD.hex().encode(), b" " + GOOD.hex().upper().encode() + b"\r\n"])
def test_raw_and_hexadecimal(tmp_path: Path, content: bytes) -> None:
    assert read_key(written(tmp_path / "key", content)).derive("x") == VaultKey(GOOD).derive("x")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_may_read_is_shared(tmp_path: Path, mode: int) -> None:
    with pytest.raises(VaultKeyError, match="chmod 600"):
        read_key(written(tmp_path / "key", GOOD, mode))


def test_a_key_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises((CredentialError, OSError), match="key"):
        read_key(Secret(path=str(tmp_path / "key")))
    with pytest.raises(CredentialError, match="is empty"):
        read_key(written(tmp_path / "key", b""))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(CredentialError, match="LoadCredential=weir-vault"):
        read_key(Secret(credential="weir-vault"))


def test_every_purpose_has_a_key_of_its_own() -> None:
    key = VaultKey(GOOD)
    made = {key.derive(purpose) for purpose in (INDEX, BLOBS, COMMITMENTS)}
    assert len(made) == 3
    assert all(len(each) == 32 for each in made)
    assert key.index_key == key.derive(INDEX)[:16]
    # HKDF-SHA256 (RFC 5869) by `openssl kdf -kdfopt info:"weir vault index" … HKDF`.
    assert key.derive(INDEX).hex() == EXPECTED
    assert GOOD.hex()[:16] not in repr(key)


EXPECTED = "806078a4a936d4979fa789019709b5b07d28112069e82cfcad225d3b01dde40a"


@given(st.binary(min_size=32, max_size=32))
def test_any_other_key_derives_something_else(key: bytes) -> None:
    try:
        other = VaultKey(key)
    except VaultKeyError:
        return
    assert (other.index_key == VaultKey(GOOD).index_key) is (key == GOOD)
    assert parse_key(key.hex().encode()).index_key == other.index_key


def test_the_box_makes_its_own_key_once(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    first = own_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert own_key(path).index_key == first.index_key
    assert own_key(tmp_path / "other.key").index_key != first.index_key


def test_a_damaged_own_key_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    written(path, GOOD[:20])
    with pytest.raises(VaultKeyError, match="Put the right one back"):
        own_key(path)
    assert path.read_bytes() == GOOD[:20]
    written(path, GOOD, 0o644)
    with pytest.raises(VaultKeyError, match="chmod 600"):
        own_key(path)


def test_a_full_disk_makes_no_half_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            own_key(tmp_path / "vault.key")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".vault.key.tmp").write_bytes(b"left by a process that was killed")
    assert own_key(tmp_path / "vault.key").index_key
