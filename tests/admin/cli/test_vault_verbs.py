"""``weir vault rotate``, ``weir lists erase`` and ``weir support-bundle`` as a person runs them, without control."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from admin.services.locking import Lock
from admin.services.place import Place
from blocklists.model import Confidentiality, Kind, ListSource
from blocklists.sealed_texts import SealedTexts
from blocklists.vault import BLOBS, own_key

Run = Callable[..., tuple[int, str, str]]
VAULT = ListSource(
    "vault", "https://a.example/", "domains", Kind.ILLEGAL, confidentiality=Confidentiality.SECRET
)


@pytest.fixture
def place(folder: Path) -> Place:
    """The data folder with one sealed text."""
    made = Place(folder / "var")
    made.create()
    key = own_key(made.vault_key)
    SealedTexts(made.lists, key.derive(BLOBS)).write(VAULT, "d" * 64, b"secret.example")
    return made


def test_rotate_tells_how_many(weir: Run, place: Place) -> None:
    before = place.vault_key.read_bytes()
    status, out, err = weir("vault", "rotate")
    assert (status, err) == (0, "")
    assert "by the new vault key: vault." in out
    assert place.vault_key.read_bytes() != before


def test_rotate_says_what_is_lost(weir: Run, place: Place) -> None:
    (place.lists / "vault" / "key").write_bytes(b"damaged")
    status, _, err = weir("vault", "rotate")
    assert status == 1
    assert "list vault: neither key opens its key" in err


def test_rotate_refuses_what_it_cannot_do(weir: Run, place: Place) -> None:
    status, _, err = weir("vault", "rotate", "--from", "somewhere")
    assert status == 2
    assert "leave --from out" in err
    lock = Lock(place.run / "control.lock", what="control")
    try:
        status, _, err = weir("vault", "rotate")
    finally:
        lock.release()
    assert status == 3
    assert "control already runs" in err


def test_erase_wants_to_be_meant(weir: Run, place: Place) -> None:
    status, out, err = weir("lists", "erase", "vault", "--reason", "over")
    assert (status, out) == (2, "")
    assert "say --yes" in err
    status, _, err = weir("lists", "erase", "vault", "--reason", "over", "--yes")
    assert status == 3
    assert "does not answer" in err
    assert (place.lists / "vault" / "key").exists()


def test_a_bundle_is_written_once(weir: Run, place: Place, folder: Path) -> None:
    target = str(folder / "bundle.tar.gz")
    status, out, _ = weir("support-bundle", target)
    assert status == 0
    assert "lists.json" in out
    with tarfile.open(target) as archive:
        assert "weir/lists.json" in archive.getnames()
    status, _, err = weir("support-bundle", target)
    assert status == 3
    assert "name a new file" in err
