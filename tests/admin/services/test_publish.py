"""From lists to a generation in force: what is left behind by every way in which that can end."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from admin.config import Config, load
from admin.services.layout import read_layout
from admin.services.publish import Texts, compile_lists, compile_offline, next_generation, publish
from blocklists.canonical import to_wire
from blocklists.list_store import ListStore
from blocklists.model import Kind, ListCounts, ListSource, ListVersion
from blocklists.snapshot.compiler import CompileReport
from resolver.tables import store
from resolver.tables.view import View

ROOT = Path(__file__).resolve().parents[3]
BETS = ListSource("bets", "file:/bets.txt", "domains", Kind.CATEGORY, categories=("gambling",))
CONFIG = """\
data_dir: var
resolver: {listen: ["127.0.0.1:5300"], workers: 3, upstreams: ["127.0.0.1:5399"]}
gateway: {listen: ["127.0.0.1:8080"]}
lists:
  - {id: bets, url: "file:bets.txt", format: domains, kind: category, categories: [gambling]}
  - {id: remote, url: "https://lists.example/a.txt", format: domains, kind: security}
profiles: {strict: {block: [gambling]}}
default_profile: strict
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "weir.yaml").write_text(CONFIG)
    (tmp_path / "bets.txt").write_text("bets.example\n")
    return load(tmp_path / "weir.yaml")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def lists_name(state: Path, name: str) -> bool:
    return bool(View.open(state).listing(to_wire(name)).bits)


def test_a_generation_is_published_and_counts_on(config: Config, state: Path) -> None:
    snapshot = compile_lists([(BETS, b"bets.example\n")], state, now=5.0)
    assert publish(config, snapshot, state, now=5.0).tables.generation == 1
    assert publish(config, snapshot, state, now=6.0).tables.generation == 2
    assert lists_name(state, "www.bets.example")
    assert read_layout(state).workers == 3
    assert (snapshot.entries, snapshot.size) == (1, (state / snapshot.name).stat().st_size)
    assert sorted(path.name for path in state.iterdir()) == [
        "clients-00000001.weir",
        "clients-00000002.weir",
        "current",
        "layout.json",
        snapshot.name.replace(".weir", ".delta"),
        snapshot.name,
        "tables-00000001.json",
        "tables-00000002.json",
        snapshot.name.replace("snapshot-", "urls-"),
    ]


def test_what_cannot_be_tidied_away_undoes_no_publication(
    config: Config, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers obey the new generation already: whoever was told otherwise would go on to edit the old one."""

    def broken(_: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    snapshot = compile_lists([(BETS, b"bets.example\n")], state, now=5.0)
    monkeypatch.setattr(store, "collect_garbage", broken)
    assert publish(config, snapshot, state, now=5.0).tables.generation == 1
    assert View.open(state).tables.generation == 1


@pytest.mark.parametrize(
    ("files", "number"),
    [
        ((), 1),
        (("tables-00000007.json",), 8),
        (("tables-00000007.json", "tables-x.json", ".tables-00000009.json.tmp"), 8),
    ],
)
def test_numbers_never_come_again(state: Path, files: tuple[str, ...], number: int) -> None:
    for name in files:
        (state / name).write_text("damaged")
    assert next_generation(state) == number


def test_a_full_disk_leaves_no_half_snapshot(state: Path) -> None:
    def full(_lists: Texts, path: Path, _prepared: object = None, **_more: object) -> CompileReport:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        compile_lists([], state, now=0.0, compiler=full)
    assert list(state.iterdir()) == []


@pytest.mark.parametrize("failing", ["write_bytes", "rename", "symlink_to"])
def test_a_full_disk_leaves_the_old_generation(
    config: Config, state: Path, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = compile_lists([(BETS, b"bets.example\n")], state, now=0.0)
    publish(config, snapshot, state, now=0.0)

    def full(*_arguments: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, failing, full)
    with pytest.raises(OSError, match="No space left"):
        publish(config, snapshot, state, now=1.0)
    monkeypatch.undo()
    assert View.open(state).tables.generation == 1
    assert read_layout(state).generation == 1


# Kills a process at the n-th operation on the file system, for every n; each child starts from generation 1.
KILLED = """
import os, shutil, sys
from pathlib import Path
from admin.config import load
from admin.services.layout import read_layout
from admin.services.publish import Texts, compile_lists, publish
from blocklists.model import Kind, ListSource
from blocklists.snapshot.compiler import CompileReport
from resolver.tables import store
from resolver.tables.view import View

folder = Path(sys.argv[1])
config = load(folder / "weir.yaml")
bets = ListSource("bets", "file:/bets.txt", "domains", Kind.CATEGORY, categories=("gambling",))
first = folder / "first"
first.mkdir()
publish(config, compile_lists([(bets, b"bets.example\\n")], first, now=0.0), first, now=0.0)

def update(state):
    publish(config, compile_lists([(bets, b"bets.example\\nmore.example\\n")], state, now=1.0), state, now=1.0)

def killed_at(state, step):
    count = 0
    def watched(operation):
        def call(*arguments, **options):
            nonlocal count
            count += 1
            if count == step:
                os._exit(9)
            return operation(*arguments, **options)
        return call
    for holder, name in ((Path, "open"), (Path, "rename"), (Path, "write_bytes"), (Path, "symlink_to"),
                         (Path, "unlink"), (os, "fsync"), (os, "open")):
        setattr(holder, name, watched(getattr(holder, name)))
    update(state)
    os._exit(0)

for step in range(1, 100):
    state = folder / f"state-{step}"
    shutil.copytree(first, state, symlinks=True)
    child = os.fork()
    if child == 0:
        killed_at(state, step)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    view = View.open(state)
    assert read_layout(state).generation == view.tables.generation, step
    assert view.tables.generation in (1, 2), step
    update(state)  # and the next start goes on from there
    assert View.open(state).tables.generation > view.tables.generation, step
    assert not list(state.glob(".*.tmp")), step
    if status == 0:
        print(step)
        break
"""


def test_killed_at_any_step_the_state_is_usable(config: Config) -> None:
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(config.path.parent)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10  # so many steps there are at least


class TestOffline:
    """``compile_offline``: what `weir check` decides with when nothing runs."""

    def test_lists_that_are_not_at_hand_are_named(self, config: Config, state: Path) -> None:
        (missing,) = compile_offline(config, state)
        assert missing == (
            "list remote is left out: https://lists.example/a.txt: not fetched yet; start the appliance once"
        )
        assert lists_name(state, "bets.example")

    def test_a_version_that_was_kept_is_used(self, config: Config, state: Path, tmp_path: Path) -> None:
        import hashlib

        text = b"malware.example\n"
        remote = ListSource("remote", "https://lists.example/a.txt", "domains", Kind.SECURITY)
        version = ListVersion("remote", text, hashlib.sha256(text).hexdigest(), 0.0)
        ListStore(tmp_path / "var" / "lists").accept(
            remote, version, ListCounts(lines=1, accepted=1, entries=1)
        )
        assert compile_offline(config, state) == ()
        assert lists_name(state, "malware.example")

    def test_a_missing_file_is_named(self, config: Config, state: Path, tmp_path: Path) -> None:
        (tmp_path / "bets.txt").unlink()
        assert compile_offline(config, state)[0].startswith("list bets is left out: ")
        assert not lists_name(state, "bets.example")
