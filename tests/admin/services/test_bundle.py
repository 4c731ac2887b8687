"""What may leave the box in a support bundle: the allow-list, on a data folder full of what must not."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from admin.config import load
from admin.services.bundle import FILES, PARTS, write_bundle
from blocklists.list_store import ListStore
from blocklists.model import ListCounts, ListVersion
from blocklists.records import Attempt, ListState

CONFIG = """\
data_dir: var
resolver:
  listen: ["127.0.0.1:5300"]
  upstreams: ["127.0.0.1:5399"]
  zones: [{name: home-canary.example, file: canary.zone}]
admin: {token_file: canary-token, vault: {key: canary-key}}
lists:
  - {id: watch, url: "https://other.example/canary", format: domains, kind: illegal, confidentiality: secret}
  - {id: bets, url: "https://lists.example/bets", format: domains, kind: category, categories: [gambling]}
subscribers: [{id: canary-family, profile: strict, addresses: ["192.0.2.77/32"]}]
profiles: {strict: {block: [gambling]}}
default_profile: strict
"""
EVERYWHERE = (
    "weir.db",
    "weir.db-wal",
    "vault.key",
    "anything",
    "state/tables-1.json",
    "state/snapshot-1.weir",
    "run/local-token",
    "run/index-key",
    "run/sample-0",
    "lists/watch/key",
    "lists/watch/sealed-1",
    "lists/bets/content-1",
    "lists/watch/life.json",
)


@pytest.fixture
def config(tmp_path: Path) -> Any:
    path = tmp_path / "weir.yaml"
    path.write_text(CONFIG)
    (tmp_path / "canary.zone").write_text("@ A 192.0.2.9\n")
    for name in EVERYWHERE:
        file = tmp_path / "var" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("canary")
    (tmp_path / "var" / "state" / "layout.json").write_text('{"generation": 1}')
    return load(path)


def contents(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        found = {}
        for member in archive.getmembers():
            file = archive.extractfile(member)
            assert file is not None
            found[member.name.removeprefix("weir/")] = file.read()
    return found


def test_only_what_is_named_goes(config: Any, tmp_path: Path) -> None:
    target = tmp_path / "bundle"
    names = write_bundle(config, target, 1_800_000_000.0)
    found = contents(target)
    assert set(names) == set(found) == {*PARTS, *FILES}
    assert target.stat().st_mode & 0o777 == 0o600
    for name, content in found.items():
        assert b"canary" not in content, name
        assert b"192.0.2.77" not in content, name
    assert json.loads(found["places.json"])["run/local-token"] == len("canary")
    assert {item["id"] for item in json.loads(found["config.json"])["lists"]} == {"watch", "bets"}


def test_of_a_secret_list_no_number_goes(config: Any, tmp_path: Path) -> None:
    from admin.services.build import sources

    store = ListStore(tmp_path / "var" / "lists")
    for source in sources(config):
        counts = ListCounts(lines=4_711, accepted=4_711, entries=4_711)
        store.accept(source, ListVersion(source.id, b"canary.example", "d" * 64, 1.0), counts)
        said = "A new version with 4,711 entries."
        store.note(source.id, Attempt(at=2.0, state=ListState.ACCEPTED, message=said))
    write_bundle(config, tmp_path / "bundle", 1_800_000_000.0)
    watch, bets = json.loads(contents(tmp_path / "bundle")["lists.json"])
    assert (watch["entries"], bets["entries"]) == (None, 4_711)
    assert "4711" not in json.dumps(watch)


def test_no_file_is_overwritten_and_none_is_left_half(
    config: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "bundle"
    target.write_text("somebody's")
    with pytest.raises(FileExistsError):
        write_bundle(config, target, 0.0)
    assert target.read_text() == "somebody's"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    with pytest.raises(OSError, match="No space"):
        write_bundle(config, tmp_path / "other", 0.0)
    assert not (tmp_path / "other").exists()


def test_a_link_is_not_followed(config: Any, tmp_path: Path) -> None:
    layout = tmp_path / "var" / "state" / "layout.json"
    layout.unlink()
    layout.symlink_to(tmp_path / "var" / "vault.key")
    assert "state/layout.json" not in write_bundle(config, tmp_path / "bundle", 0.0)
