"""Editing in place: what differs in subscribers and profiles alone goes into the file that is in force."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from admin.config import Config
from admin.services.build import sources
from admin.services.in_force import InForce
from admin.services.publish import Snapshot, compile_lists, publish
from blocklists.snapshot.readings import Prepared
from resolver.core import native
from resolver.tables.view import View
from resolver.tables.writing import ClientsWriter

INDEX_KEY = bytes(range(16))
TEXTS = {
    "bets": b"bets.example\n",
    "talk": b"chat.example\n",
    "vault": b"secret.example\n",
    "hotline": b"known.example\n",
    "court": b"ordered.example\n",
    "threats": b"malware.example\n",
    "help": b"helpline.example\n",
}
HOME_2 = "home-2, profile: open"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


@pytest.fixture
def snapshot(config: Config, state: Path) -> Snapshot:
    texts = [(source, TEXTS[source.id]) for source in sources(config)]
    return compile_lists(texts, state, now=0.0, prepared=Prepared(index_key=INDEX_KEY))


@pytest.fixture
def in_force(config: Config, snapshot: Snapshot, state: Path) -> Iterator[InForce]:
    published = publish(config, snapshot, state, now=0.0)
    yield published
    published.close()


@pytest.mark.parametrize(
    ("old", "new", "address"),
    [
        (HOME_2, "home-2, profile: strict", "192.168.1.7"),
        ("profile: open, addresses: [192.168.1.7]", "profile: raw, addresses: [192.168.1.9]", "192.168.1.9"),
        ("  open: {}", "  open: {block: [chat]}", "192.168.1.7"),
        ("default_profile: strict", "default_profile: only", "10.9.9.9"),
        ("deny: [=news.example]", "deny: [=news.example], paused: true", "192.168.1.7"),
    ],
)
def test_a_changed_subscriber_or_profile_is_seen_without_a_generation(
    write: Callable[[str], Config],
    text: str,
    in_force: InForce,
    snapshot: Snapshot,
    state: Path,
    old: str,
    new: str,
    address: str,
) -> None:
    view = View.open(state, INDEX_KEY)
    before = view.policy_for(address)
    files = sorted(path.name for path in state.iterdir())
    assert old in text
    changed = write(text.replace(old, new))
    assert in_force.edit(changed, snapshot.name, snapshot.bits) is not None
    assert view.policy_for(address) != before
    assert sorted(path.name for path in state.iterdir()) == files


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("provider: Example ISP", "provider: Other ISP"),
        ("title: Bets", "title: Betting"),
        ("default_profile: strict", "default_profile: refuse"),
        ('upstreams: ["127.0.0.1:5399"]', 'upstreams: ["127.0.0.1:5398"]'),
        ('upstreams: ["127.0.0.1:5399"]', 'upstreams: ["127.0.0.1:5399"], allow_from: [127.0.0.0/8]'),
    ],
)
def test_anything_else_takes_a_new_generation(
    write: Callable[[str], Config], text: str, in_force: InForce, snapshot: Snapshot, old: str, new: str
) -> None:
    assert old in text
    assert in_force.edit(write(text.replace(old, new)), snapshot.name, snapshot.bits) is None


def test_other_lists_take_a_new_generation(config: Config, in_force: InForce, snapshot: Snapshot) -> None:
    assert in_force.edit(config, "snapshot-other.weir", snapshot.bits) is None
    moved = tuple(replace(bit, id=f"other-{bit.id}") for bit in snapshot.bits)
    assert in_force.edit(config, snapshot.name, moved) is None


@pytest.mark.parametrize("lost", ["file", "link"])
def test_what_was_cleared_away_is_published_again(
    config: Config, in_force: InForce, snapshot: Snapshot, state: Path, lost: str
) -> None:
    (state / (in_force.tables.tables if lost == "file" else "current")).unlink()
    assert in_force.edit(config, snapshot.name, snapshot.bits) is None


def test_a_subscriber_too_many_takes_a_new_generation(
    write: Callable[[str], Config], text: str, in_force: InForce, snapshot: Snapshot, state: Path
) -> None:
    addresses = ", ".join(f"172.16.{n >> 8}.{n & 255}" for n in range(4_000))
    many = write(text + f"  - {{id: crowd, profile: raw, addresses: [{addresses}]}}\n")
    before = View.open(state, INDEX_KEY).policy_for("172.16.0.1")
    assert in_force.edit(many, snapshot.name, snapshot.bits) is None
    assert View.open(state, INDEX_KEY).policy_for("172.16.0.1") == before


def test_a_failing_disk_brings_back_what_was_in_force(
    write: Callable[[str], Config],
    text: str,
    in_force: InForce,
    snapshot: Snapshot,
    state: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    view = View.open(state, INDEX_KEY)
    before = view.policy_for("192.168.1.7")
    apply = ClientsWriter.apply

    def failing(self: ClientsWriter, assignments: Any) -> Any:
        apply(self, assignments)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(ClientsWriter, "apply", failing)
    with pytest.raises(OSError, match="Input/output"):
        in_force.edit(write(text.replace(HOME_2, "home-2, profile: strict")), snapshot.name, snapshot.bits)
    assert view.policy_for("192.168.1.7") == before


def test_nobody_else_writes_the_file_in_force(in_force: InForce, state: Path) -> None:
    with pytest.raises(native.TablesBusyError):
        native.TablesWriter.open(state / in_force.tables.tables)
