"""Proofs of a copy, two copies compared, archives for write-once storage: by the verbs of ``weir audit``."""

from __future__ import annotations

import base64
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from admin.audit import copies, proving, verifier, worm
from admin.cli.app import run as weir

Weir = Callable[..., int]
LATER = 1_900_000_000.0


@pytest.fixture
def key(tmp_path: Path, make_signer: Any) -> Path:
    """The verifier key in a file."""
    path = tmp_path / "log.vkey"
    path.write_text(make_signer().key.text + "\n")
    return path


@pytest.fixture
def log_of(make_log: Any) -> Callable[[int], Any]:
    """A log of so many leaves, with a checkpoint in the middle."""

    def make(size: int) -> Any:
        log = make_log().begin()
        for _ in range(size - 1):
            if len(log.leaves) == size // 2:
                log.publish()
            log.add("heartbeat")
        return log.publish()

    return make


@pytest.fixture
def folder(log_of: Any, write_files: Any, tmp_path: Path) -> Path:
    """A log of 700 leaves in a folder."""
    return write_files(log_of(700).files(), tmp_path / "log")


@pytest.mark.parametrize("index", [0, 1, 255, 256, 511, 512, 699])
def test_a_leaf_is_proven_and_checked(folder: Path, key: Path, tmp_path: Path, index: int) -> None:
    assert weir(["audit", "prove", str(folder), str(index), "--key", str(key), "-o", str(tmp_path)]) == 0
    proof = tmp_path / f"{index}.tlog-proof"
    assert weir(["audit", "check", str(proof), "--key", str(key)]) == 0
    leaf = proof.with_suffix(".leaf")
    leaf.write_bytes(leaf.read_bytes() + b" ")
    assert weir(["audit", "check", str(proof), "--key", str(key)]) == 1


def test_under_an_older_checkpoint(folder: Path, key: Path, tmp_path: Path) -> None:
    options = ["--key", str(key), "-o", str(tmp_path), "--size", "350"]
    assert weir(["audit", "prove", str(folder), "3", *options]) == 0
    assert b"\n350\n" in (tmp_path / "3.tlog-proof").read_bytes()
    assert weir(["audit", "prove", str(folder), "350", *options]) == 2, "that tree has no such leaf"
    assert weir(["audit", "prove", str(folder), "3", *options[:-1], "351"]) == 3, "no such checkpoint"


def test_that_a_log_goes_on(folder: Path, key: Path, tmp_path: Path) -> None:
    old = str(folder / "cp" / "350")
    assert weir(["audit", "prove", str(folder), "--from", old, "--key", str(key), "-o", str(tmp_path)]) == 0
    proof = tmp_path / "350.consistency"
    assert weir(["audit", "check", str(proof), "--from", old, "--key", str(key)]) == 0
    assert weir(["audit", "check", str(proof), "--key", str(key)]) == 2
    assert weir(["audit", "check", str(proof), "--from", str(folder / "checkpoint"), "--key", str(key)]) == 1


HASH = base64.b64encode(b"x" * 32) + b"\n"
EDITS: dict[str, Callable[[bytes], bytes]] = {
    "a hash more": lambda data: data.replace(b"\n\n", b"\n" + HASH + b"\n", 1),
    "a hash less": lambda data: b"\n".join([*data.split(b"\n")[:2], *data.split(b"\n")[3:]]),
    "31 bytes": lambda data: data.replace(data.split(b"\n")[3], base64.b64encode(b"x" * 31)),
    "33 bytes": lambda data: data.replace(data.split(b"\n")[3], base64.b64encode(b"x" * 33)),
    "another hash": lambda data: data.replace(data.split(b"\n")[3], HASH.strip()),
    "another first line": lambda data: data.replace(b"c2sp.org", b"c2sq.org").replace(b"old 350", b"old 349"),
    "old zero": lambda data: data.replace(b"index 3", b"index 700").replace(b"old 350", b"old 0"),
    "leading zero": lambda data: data.replace(b"index 3", b"index 03").replace(b"old 350", b"old 0350"),
    "no checkpoint": lambda data: data.partition(b"\n\n")[0] + b"\n\n",
    "not ASCII": lambda data: b"\xff".join(data.split(b"\n", 1)),
    "nothing": lambda _: b"",
}


@pytest.mark.parametrize("case", EDITS)
@pytest.mark.parametrize("what", ["leaf", "log"])
def test_row_11_proofs_that_prove_nothing(
    folder: Path, key: Path, tmp_path: Path, case: str, what: str
) -> None:
    old = str(folder / "cp" / "350")
    asked = ["3"] if what == "leaf" else ["--from", old]
    assert weir(["audit", "prove", str(folder), *asked, "--key", str(key), "-o", str(tmp_path)]) == 0
    proof = tmp_path / ("3.tlog-proof" if what == "leaf" else "350.consistency")
    whole = proof.read_bytes()
    proof.write_bytes(EDITS[case](whole))
    assert proof.read_bytes() != whole
    told = ["--from", old] if what == "log" else []
    assert weir(
        ["audit", "check", str(proof), *told, "--key", str(key), "--leaf", str(tmp_path / "3.leaf")]
    ) in (1, 3)


def test_no_proof_from_a_tampered_copy(folder: Path, key: Path, tmp_path: Path) -> None:
    tile = folder / "tile" / "0" / "000"
    tile.write_bytes(tile.read_bytes()[:-32] + b"x" * 32)
    asked = ["audit", "prove", str(folder), "254", "--key", str(key), "-o", str(tmp_path)]
    assert weir(asked) == 1
    tile.write_bytes(b"x")
    assert weir(asked) == 1
    tile.unlink()
    assert weir(asked) == 1
    assert not list(tmp_path.glob("*.tlog-proof"))


def test_proofs_are_quick(folder: Path, key: Path, log_of: Any, write_files: Any, tmp_path: Path) -> None:
    keys = copies.keys_of(key.read_text())
    copy = copies.Copy(str(folder))
    proving.inclusion(copy, 0, keys)
    start = time.process_time()
    for index in range(0, 700, 70):
        proving.inclusion(copy, index, keys)
    assert (time.process_time() - start) / 10 < 0.1, (
        "5 ms on an idle machine; twenty times that is another algorithm"
    )


def test_wrong_questions(folder: Path, key: Path, tmp_path: Path) -> None:
    assert weir(["audit", "prove", str(folder), "--key", str(key)]) == 2
    assert weir(["audit", "prove", str(folder), "3", "--from", "x", "--key", str(key)]) == 2
    assert weir(["audit", "prove", str(tmp_path / "absent"), "3", "--key", str(key)]) == 3
    assert weir(["audit", "prove", str(folder), "3", "--key", str(tmp_path / "absent")]) == 3
    key.write_text("x")
    assert weir(["audit", "prove", str(folder), "3", "--key", str(key)]) == 2


def test_verify_is_the_verifier(folder: Path, key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--at", "2026-11-23T12:00:00Z"]
    assert weir(["audit", "verify", str(folder), "--key", str(key), *at, "--events", "1"]) == 0
    assert "heartbeat" in capsys.readouterr().out
    assert weir(["audit", "verify", "--help"]) == 0
    assert "weir audit verify" in capsys.readouterr().out
    assert weir(["audit", "verify", str(folder)]) == 2
    assert weir(["audit", "verify", str(folder / "tile"), "--key", str(key)]) == 3


def test_views_that_agree(folder: Path, key: Path, log_of: Any, write_files: Any, tmp_path: Path) -> None:
    copy = write_files(log_of(700).files(), tmp_path / "copy")
    for other in (copy, folder / "checkpoint", folder / "cp" / "350"):
        assert weir(["audit", "diff", str(folder), str(other), "--key", str(key)]) == 0
        assert weir(["audit", "diff", str(other), str(folder), "--key", str(key)]) == 0
    checkpoints = [str(folder / "cp" / "350"), str(folder / "checkpoint")]
    assert weir(["audit", "diff", *checkpoints, "--key", str(key)]) == 3, "nothing shows whether it goes on"


@pytest.mark.parametrize("size", [700, 600])
def test_row_3_split_views_leave_a_proof(
    folder: Path, key: Path, log_of: Any, write_files: Any, tmp_path: Path, size: int, capsys: Any
) -> None:
    fork = log_of(size)
    fork.leaves[5] = fork.leaves[5].replace(b"heartbeat", b"debug.off")
    other = write_files(fork.files(), tmp_path / "fork")
    evidence = tmp_path / "evidence"
    command = ["audit", "diff", str(folder), str(other), "--key", str(key), "--evidence", str(evidence)]
    assert weir(command) == 1
    assert capsys.readouterr().out.count("filter.example/weir/2026\n") == 2
    notes = {(evidence / f"{name}.checkpoint").read_bytes() for name in ("smaller", "larger")}
    assert notes == {(folder / "checkpoint").read_bytes(), (other / "checkpoint").read_bytes()}
    assert (evidence / "larger.consistency").exists() == (size != 700)
    assert weir(command) == 1, "also when the evidence cannot be written again"


def test_a_tampered_copy_is_no_split_view(
    folder: Path, key: Path, log_of: Any, write_files: Any, tmp_path: Path
) -> None:
    tile = folder / "tile" / "0" / "000"
    tile.write_bytes(b"x" * 32 + tile.read_bytes()[32:])
    old = tmp_path / "old.cp"
    old.write_bytes(log_of(700).note(100))
    assert weir(["audit", "diff", str(folder), str(old), "--key", str(key)]) == 3


def test_two_logs_are_not_compared(
    folder: Path, make_log: Any, make_signer: Any, write_files: Any, tmp_path: Path
) -> None:
    signer = make_signer(1, "other.example/weir/2026")
    other = write_files(make_log(signer.origin, [signer]).begin().publish().files(), tmp_path / "other")
    key = tmp_path / "both.vkey"
    key.write_text(f"{make_signer().key.text}\n{signer.key.text}\n")
    assert weir(["audit", "diff", str(folder), str(other), "--key", str(key)]) == 3


def export(where: Path, key: Path, store: Path) -> list[str]:
    """The names of the archives that are new."""
    keys = [verifier.Key.parse(line) for line in key.read_text().split()]
    return [path.name for path in worm.export(str(where), keys, store, LATER)]


def restored(store: Path, folder: Path) -> Path:
    """All archives, unpacked in the order of their names."""
    for path in sorted(store.glob("*.tar")):
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="fully_trusted")
    return folder


def test_archives_give_the_log_again(
    log_of: Any, write_files: Any, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worm, "SPAN", 512)  # as in life, but of two bundles
    folder, store = tmp_path / "log", tmp_path / "store"
    log = log_of(1_300)
    for size in (300, 512, 700, 1_300):
        log.sizes = [item for item in (300, 512, 700, 1_300) if item <= size]
        write_files(log.files(), folder)
        before = {path.name: path.read_bytes() for path in store.glob("*")} if store.exists() else {}
        made = export(folder, key, store)
        assert made
        assert export(folder, key, store) == [], "nothing new, nothing written"
        assert {name: (store / name).read_bytes() for name in before} == before, "nothing is written twice"
        copy = restored(store, tmp_path / f"restored{size}")
        assert (copy / "checkpoint").read_bytes() == log.note(size)
        verifier.Replay(verifier.Source(str(copy)), [verifier.Key.parse(key.read_text().strip())], LATER).run(
            lambda _: None
        )


def test_archives_of_another_log_or_of_a_bad_one(
    folder: Path, key: Path, tmp_path: Path, make_log: Any, make_signer: Any, write_files: Any
) -> None:
    store = tmp_path / "store"
    signer = make_signer(1, "other.example/weir/2026")
    other = write_files(make_log(signer.origin, [signer]).begin().publish().files(), tmp_path / "other")
    other_key = tmp_path / "other.vkey"
    other_key.write_text(signer.key.text)
    assert export(other, other_key, store)
    with pytest.raises(verifier.FailedError, match="another log"):
        export(folder, key, store)
    (folder / "cp" / "350").unlink()
    (folder / "tile" / "0" / "000").write_bytes(b"x" * 8192)
    with pytest.raises(verifier.FailedError, match="tile/0/000"):
        export(folder, key, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_an_archive_is_whole_or_not_there(folder: Path, key: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "000000-000000000700.tar.part").write_bytes(b"what a killed run left")
    assert export(folder, key, store) == ["000000-000000000700.tar"]
    assert not list(store.glob("*.part"))


def test_export_worm_by_the_command(folder: Path, key: Path, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    assert weir(["audit", "export", "--worm", store]) == 2
    assert weir(["audit", "export", "--worm", store, "--log", str(folder), "--key", str(key)]) == 0
    assert weir(["audit", "export", "--worm", store, "--log", str(tmp_path / "no"), "--key", str(key)]) == 3


@pytest.mark.timeout(600)  # the first to ask builds the Go program
def test_oracles_agree(
    folder: Path, key: Path, tmp_path: Path, go_checker: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    options = ["--key", str(key), "-o", str(tmp_path)]
    assert weir(["audit", "prove", str(folder), "300", *options]) == 0
    found = go_checker(folder, key, "-proof", tmp_path / "300.tlog-proof", "-old", folder / "cp" / "350")
    assert found.returncode == 0, found.stderr
    for path in ("tile/0/001", "tile/entries/001", "checkpoint", "tile/0/002.p/188"):
        whole = (folder / path).read_bytes()
        (folder / path).write_bytes(whole[:70] + bytes([whole[70] ^ 1]) + whole[71:])
        assert go_checker(folder, key).returncode == 1, path
        ours = [
            sys.executable,
            verifier.__file__,
            str(folder),
            "--key",
            str(key),
            "--at",
            "2026-11-23T12:00:00Z",
        ]
        assert (
            subprocess.run(ours, capture_output=True, check=False, timeout=150, cwd=tmp_path).returncode == 1
        ), path
        (folder / path).write_bytes(whole)


def test_the_first_leaves_of_a_log_have_no_state_to_export(
    make_log: Any, write_files: Any, key: Path, tmp_path: Path
) -> None:
    log = make_log()
    log.add("log.init", None, origin=log.origin, vkey=log.signers[0].key.text).publish()
    log.add("publish", b'{"lists":{},"profiles":{},"sw":"1","v":1}', snap="5" * 64).publish()
    folder = write_files(log.files(), tmp_path / "log")
    assert export(folder, key, tmp_path / "store") == ["000000-000000000002.tar"]


@pytest.mark.parametrize("path", ["tile/entries/000", "tile/0/000", "tile/0/002.p/188", "state/"])
def test_what_is_archived_is_what_was_verified(
    folder: Path, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Though each file is read twice, and a web server may say something else to whoever asks again."""
    read, asked = verifier.Source.read, set[str]()

    def changing(source: verifier.Source, name: str) -> bytes | None:
        data = read(source, name)
        is_second = name in asked and name.startswith(path)
        asked.add(name)
        return data[:-1] + b"x" if data is not None and is_second else data

    monkeypatch.setattr(verifier.Source, "read", changing)
    with pytest.raises(verifier.FailedError, match=rf"{path}.*: served with other bytes"):
        export(folder, key, tmp_path / "store")
    assert [item.name for item in (tmp_path / "store").iterdir()] == ["log.json"]
