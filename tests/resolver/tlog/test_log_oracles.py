"""Other people's verifiers on what is written here: Go's sumdb packages and tlog-scales, on good and on tampered logs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from resolver.tlog import proofs
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.encoding import to_base64
from resolver.tlog.proofs import LogProof
from resolver.tlog.tiles import pack_entries
from resolver.tlog.tree import consistency_proof, inclusion_proof

GoChecker = Callable[..., subprocess.CompletedProcess[str]]
SIZES = [1, 2, 255, 256, 257, 600]


@pytest.fixture(scope="module")
def log(log_of: Callable[[Sequence[bytes]], Any]) -> Any:
    """Six hundred leaves: three bundles, two levels of tiles."""
    return log_of([b"leaf %d" % number for number in range(600)])


@pytest.fixture(scope="module")
def folder(log: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log's files."""
    return log.write(tmp_path_factory.mktemp("log") / "log")


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """A copy that a test may tamper with; its key is ``log.vkey`` beside it."""
    shutil.copy(folder.with_name("log.vkey"), tmp_path)
    return shutil.copytree(folder, tmp_path / "log")


def _key(folder: Path) -> Path:
    return folder.with_name("log.vkey")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", SIZES)
def test_go_accepts_a_log(
    size: int, go_checker: GoChecker, tmp_path: Path, log_of: Callable[[Sequence[bytes]], Any]
) -> None:
    log = log_of([b"leaf %d" % number for number in range(size)])
    folder = log.write(tmp_path / "log")
    found = go_checker(folder, _key(folder))
    assert found.stderr == ""
    assert found.stdout == f"{log.pen.name} {size} {to_base64(log.root())}\n"


def test_go_accepts_proofs(go_checker: GoChecker, log: Any, folder: Path, tmp_path: Path) -> None:
    for index, size in [(0, 600), (599, 600), (255, 600), (256, 300), (0, 1)]:
        proof = LogProof(index, inclusion_proof(index, size, log.hashes), log.checkpoint(size), b"extra")
        (tmp_path / "proof").write_bytes(proofs.encode(proof))
        for old in (1, 256, 300, 600):
            (tmp_path / "old").write_bytes(log.checkpoint(old))
            hashes = consistency_proof(old, 600, log.hashes)
            (tmp_path / "hashes").write_text("".join(to_base64(item) + "\n" for item in hashes))
            options = (
                "-proof",
                tmp_path / "proof",
                "-old",
                tmp_path / "old",
                "-consistency",
                tmp_path / "hashes",
            )
            found = go_checker(folder, _key(folder), *options)
            assert (found.returncode, found.stderr) == (0, "")


def test_go_reads_over_http(go_checker: GoChecker, folder: Path) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Nothing: what is asked for is no output of a test."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            good = go_checker(f"http://127.0.0.1:{server.server_port}/", _key(folder))
            nothing = go_checker(f"http://127.0.0.1:{server.server_port}/nothing/", _key(folder))
        finally:
            server.shutdown()
            thread.join()
    assert (good.returncode, good.stderr) == (0, "")
    assert nothing.returncode == 1


def test_go_takes_the_full_tile_for_a_partial_one(go_checker: GoChecker, log: Any, copy: Path) -> None:
    """An older checkpoint stays verifiable when partial tiles are gone."""
    (copy / "checkpoint").write_bytes(log.checkpoint(300))
    found = go_checker(copy, _key(copy))
    assert found.returncode == 1, "the tile of width 44 is there no more, and no full one yet"
    (copy / "checkpoint").write_bytes(log.checkpoint(200))
    found = go_checker(copy, _key(copy))
    assert (found.returncode, found.stderr) == (0, "")


def _flip(name: str, at: int) -> Callable[[Path, Any], None]:
    def tamper(folder: Path, _log: Any) -> None:
        data = bytearray((folder / name).read_bytes())
        data[at] ^= 1
        (folder / name).write_bytes(data)

    return tamper


def _rewrite_leaf(folder: Path, log: Any) -> None:
    entries = [*log.leaves[:5], b"other", *log.leaves[6:256]]
    (folder / "tile" / "entries" / "000").write_bytes(pack_entries(entries))


def _swap_leaves(folder: Path, log: Any) -> None:
    entries = [log.leaves[1], log.leaves[0], *log.leaves[2:256]]
    (folder / "tile" / "entries" / "000").write_bytes(pack_entries(entries))


def _drop_leaf(folder: Path, log: Any) -> None:
    (folder / "tile" / "entries" / "000").write_bytes(pack_entries(log.leaves[1:256]))


def _claim_more(folder: Path, log: Any) -> None:
    (folder / "checkpoint").write_bytes(log.pen.note(Checkpoint(log.pen.name, 601, log.root()).body))


def _truncate(folder: Path, _log: Any) -> None:
    (folder / "tile" / "entries" / "002.p" / "88").unlink()


TAMPERED: dict[str, Callable[[Path, Any], None]] = {
    "a leaf is rewritten": _rewrite_leaf,
    "two leaves are swapped": _swap_leaves,
    "a leaf is gone": _drop_leaf,
    "the tail is gone": _truncate,
    "the size is another": _claim_more,
    "a bit of a bundle": _flip("tile/entries/001", 100),
    "a length in a bundle": _flip("tile/entries/001", 1),
    "a bit of a tile": _flip("tile/0/000", 0),
    "a bit of a partial tile": _flip("tile/0/002.p/88", 2_000),
    "a bit of the upper tile": _flip("tile/1/000.p/2", 40),
    "a bit of the checkpoint's root": _flip("checkpoint", 35),
    "a bit of the signature": _flip("checkpoint", -10),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED.keys())
def test_go_refuses_a_tampered_log(
    tamper: Callable[[Path, Any], None], go_checker: GoChecker, log: Any, copy: Path
) -> None:
    tamper(copy, log)
    found = go_checker(copy, _key(copy))
    assert found.returncode == 1
    assert found.stderr.startswith("checker: ")


def test_go_refuses_another_key_and_wrong_proofs(
    go_checker: GoChecker, log: Any, folder: Path, tmp_path: Path, other_pen: Any
) -> None:
    other = tmp_path / "other.vkey"
    other.write_text(other_pen.key.text)
    assert go_checker(folder, other).returncode == 1
    wrong = LogProof(7, inclusion_proof(8, 600, log.hashes), log.checkpoint())
    (tmp_path / "proof").write_bytes(proofs.encode(wrong))
    assert go_checker(folder, _key(folder), "-proof", tmp_path / "proof").returncode == 1
    (tmp_path / "old").write_bytes(log.pen.note(Checkpoint(log.pen.name, 300, bytes(32)).body))
    assert go_checker(folder, _key(folder), "-old", tmp_path / "old").returncode == 1


def test_tlog_scales_reads_the_log(log: Any, folder: Path) -> None:
    reading = pytest.importorskip("tlog_scales.reader", reason="the oracle needs the package tlog-scales")
    backend = pytest.importorskip("tlog_scales.backend")
    signing = pytest.importorskip("tlog_scales.signing")
    reader = reading.TilesReader(backend.LocalBackend(folder))
    checkpoint = reader.get_checkpoint()
    checkpoint.verify(signing.Vkey.from_string(log.pen.key.text))
    assert reader.calculate_root_hash() == log.root() == checkpoint.root_hash
    for index in (0, 255, 256, 599):
        assert reader.get_entry(index) == log.leaves[index]
        proof = reader.get_inclusion_proof(index, 600)
        assert tuple(proof.node_hashes) == inclusion_proof(index, 600, log.hashes)
    for old in (1, 256, 300, 599):
        proof = reader.get_consistency_proof(old, 600)
        assert tuple(proof.node_hashes) == consistency_proof(old, 600, log.hashes)
        proof.check(log.root(old), log.root())


def test_tlog_scales_refuses_another_key(folder: Path, other_pen: Any) -> None:
    reading = pytest.importorskip("tlog_scales.reader", reason="the oracle needs the package tlog-scales")
    backend = pytest.importorskip("tlog_scales.backend")
    signing = pytest.importorskip("tlog_scales.signing")
    checkpoint = reading.TilesReader(backend.LocalBackend(folder)).get_checkpoint()
    with pytest.raises(RuntimeError, match="no signature matched"):
        checkpoint.verify(signing.Vkey.from_string(other_pen.key.text))
