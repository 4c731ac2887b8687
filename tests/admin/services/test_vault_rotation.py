"""Another vault key: the texts stay, the old key opens nothing any more, and an interruption harms nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from admin.config import load
from admin.services.actors import Actor, ActorKind
from admin.services.acts import Act
from admin.services.announced import Announcement
from admin.services.locking import Lock, LockedError
from admin.services.owed_events import OwedEvents
from admin.services.place import Place
from admin.services.vault_rotation import finish_rotation, rotate
from blocklists.model import Confidentiality, Kind, ListSource
from blocklists.properties import Secret
from blocklists.sealed_texts import SealedTexts
from blocklists.vault import BLOBS, VaultKey, VaultKeyError, own_key

OLD = "8f1e6d0a94b27c35e0d1f8a6437b5c2961ae0fd27493b8c50de6157af2389b4c"
NEW = "1c07fb52a2be3d9cd9ef6810742b5c96e1a50df27463b8c50de6157af23c9bd1"
WATCH = ListSource(
    "watch", "https://a.example/", "domains", Kind.ILLEGAL, confidentiality=Confidentiality.SECRET
)
DIGEST = "d" * 64
ACT = Act(Actor.of_the_box(ActorKind.LOCAL, "root"), 7.0, "as every year")


def owed(place: Place) -> list[Announcement]:
    """The events that wait for the database."""
    return list(OwedEvents(place.owed_events).waiting()[1])


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "var")
    made.create()
    return made


def config(folder: Path, key: str = "") -> Any:
    (folder / "weir.yaml").write_text(
        "data_dir: var\n" + (f"admin: {{vault: {{key: {key}}}}}\n" if key else "")
    )
    return load(folder / "weir.yaml")


def texts(place: Place, key: VaultKey) -> SealedTexts:
    return SealedTexts(place.lists, key.derive(BLOBS))


def test_the_boxs_own_key_is_another_afterwards(tmp_path: Path, place: Place) -> None:
    old = own_key(place.vault_key)
    texts(place, old).write(WATCH, DIGEST, b"illegal.example")
    assert rotate(config(tmp_path), None, ACT).done == ("watch",)
    new = own_key(place.vault_key)
    assert new.index_key != old.index_key
    assert texts(place, new).read("watch", DIGEST) == b"illegal.example"
    assert texts(place, old).read("watch", DIGEST) is None
    assert not place.next_vault_key.exists()


@pytest.mark.parametrize("rewrapped", [False, True])
def test_an_interrupted_rotation_is_ended_at_the_next_start(place: Place, rewrapped: bool) -> None:
    old = own_key(place.vault_key)
    texts(place, old).write(WATCH, DIGEST, b"illegal.example")
    assert finish_rotation(place, ACT) is None
    new = own_key(place.next_vault_key)
    if rewrapped:
        texts(place, new).rewrap(old.derive(BLOBS))
    done = finish_rotation(place, ACT)
    assert done is not None
    assert done.lost == ()
    assert own_key(place.vault_key).index_key == new.index_key
    assert texts(place, new).read("watch", DIGEST) == b"illegal.example"


def test_a_configured_key_needs_the_one_before(tmp_path: Path, place: Place) -> None:
    for name, content in (("old", OLD), ("new", NEW)):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o600)
    old, new = VaultKey(bytes.fromhex(OLD)), VaultKey(bytes.fromhex(NEW))
    texts(place, old).write(WATCH, DIGEST, b"illegal.example")
    chosen, before = config(tmp_path, "new"), Secret(path=str(tmp_path / "old"))
    with pytest.raises(VaultKeyError, match="--from"):
        rotate(chosen, None, ACT)
    for _ in range(2):  # done twice is done once
        assert rotate(chosen, before, ACT).done == ("watch",)
    assert texts(place, new).read("watch", DIGEST) == b"illegal.example"
    (place.lists / "lost").mkdir()
    (place.lists / "lost" / "key").write_bytes(b"damaged")
    assert rotate(chosen, before, ACT).lost == ("lost",)
    with pytest.raises(VaultKeyError, match="leave --from out"):
        rotate(config(tmp_path), before, ACT)


def test_not_while_control_runs(tmp_path: Path, place: Place) -> None:
    lock = Lock(place.run / "control.lock", what="control")
    try:
        with pytest.raises(LockedError, match="control already runs"):
            rotate(config(tmp_path), None, ACT)
    finally:
        lock.release()


def test_a_rotation_owes_one_event_however_often_it_was_interrupted(
    tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = own_key(place.vault_key)
    texts(place, old).write(WATCH, DIGEST, b"illegal.example")
    before = old.fingerprint

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(SealedTexts, "rewrap", dies)
        with pytest.raises(KeyboardInterrupt):
            rotate(config(tmp_path), None, ACT)
    assert finish_rotation(place, ACT) is not None
    assert finish_rotation(place, ACT) is None
    events = [item.event for item in owed(place)]
    assert {(event.kind, event.before, event.reason) for event in events} == {
        ("vault.rotated", before, "as every year")
    }
    assert {event.after for event in events} == {own_key(place.vault_key).fingerprint}
    assert len({event.detail["change"] for event in events}) == 1  # the audit log takes it once


def test_the_same_key_again_is_no_event(tmp_path: Path, place: Place) -> None:
    for name in ("old", "new"):
        (tmp_path / name).write_text(NEW)
        (tmp_path / name).chmod(0o600)
    rotate(config(tmp_path, "new"), Secret(path=str(tmp_path / "old")), ACT)
    assert owed(place) == []
