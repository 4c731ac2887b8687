"""``weir report``: its exit statuses, and what it writes where. The report itself is tested beside it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from admin.cli.app import run
from resolver.tlog import canonical, leaves
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.fields import ZERO_HASH
from resolver.tlog.leaves import Leaf, LeafActor, Role
from resolver.tlog.notes import Signature, VerifierKey, signed
from resolver.tlog.tiles import entries_path, pack_entries, tile_path
from resolver.tlog.tree import leaf_hash

ORIGIN = "isp.example/log/2026"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of one leaf, of New Year 2026, and its key in ``log.vkey`` beside it."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    key = VerifierKey.of_ed25519(ORIGIN, private.public_key().public_bytes_raw())
    facts = {"origin": ORIGIN, "vkey": key.text}
    leaf = Leaf(
        0, 1_767_225_600, "log.init", LeafActor("a:" + "0" * 16, Role.SYSTEM), ZERO_HASH, ZERO_HASH, facts
    )
    data = leaves.encode(leaf)
    body = Checkpoint(ORIGIN, 1, leaf_hash(data)).body
    note = signed(body, [Signature(ORIGIN, key.key_id, private.sign(body.encode()))])
    keys = canonical.encode({"keys": [{"from": 0, "to": None, "vkey": key.text}], "origin": ORIGIN, "v": 1})
    files = {
        "checkpoint": note,
        "cp/1": note,
        "keys.json": keys,
        tile_path(0, 0, 1): leaf_hash(data),
        entries_path(0, 1): pack_entries([data]),
    }
    for name, content in files.items():
        path = tmp_path / "log" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "log.vkey").write_text(key.text)
    return tmp_path / "log"


def report(log: Path, *options: str) -> int:
    return run(["report", "--log", str(log), "--key", str(log.with_name("log.vkey")), *options])


def test_json_goes_to_standard_output(log: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert report(log, "--from", "2026-01") == 0
    assert json.loads(capfdbinary.readouterr().out)["log"]["leaves"] == 1


def test_a_page_and_a_comparison_go_to_files(log: Path, tmp_path: Path) -> None:
    before, page = tmp_path / "before.json", tmp_path / "page.html"
    assert report(log, "--from", "2025", "-o", str(before)) == 0
    options = ("--from", "2026", "--compare", str(before), "--format", "html", "--language", "de")
    assert report(log, *options, "-o", str(page)) == 0
    assert "Verglichen mit früher" in page.read_text()


@pytest.mark.parametrize(
    "options",
    [
        ("--from", "2026-13"),
        ("--from", "2026-02", "--to", "2026-01"),
        ("--from", "2026", "--format", "html", "--language", "tlh"),
        ("--from", "2026", "--compare", "/nowhere"),
        ("--from", "2026", "--format", "docx"),
    ],
)
def test_what_is_wrongly_asked_is_usage(log: Path, options: tuple[str, ...]) -> None:
    assert report(log, *options) == 2


def test_a_log_without_its_key_is_usage(log: Path) -> None:
    assert run(["report", "--from", "2026", "--log", str(log)]) == 2


def test_a_log_that_does_not_verify_gives_no_report(log: Path, tmp_path: Path) -> None:
    (log / "tile/entries/000.p/1").write_bytes(b"\0\2{}")
    assert report(log, "--from", "2026", "-o", str(tmp_path / "out")) == 1
    assert not (tmp_path / "out").exists()


def test_a_log_that_is_not_there_cannot_be_told_of(log: Path, tmp_path: Path) -> None:
    (log / "checkpoint").unlink()
    assert report(log, "--from", "2026") == 3
    assert run(["report", "--from", "2026", "--log", str(log), "--key", str(tmp_path / "none")]) == 3


def test_by_default_it_is_the_configured_log(
    log: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    config = tmp_path / "weir.yaml"
    config.write_text(
        "data_dir: .\n"
        "resolver: {listen: ['127.0.0.1:5300'], upstreams: ['127.0.0.1:5399']}\n"
        "gateway: {answer: {ipv4: 192.0.2.80, ipv6: '2001:db8::80'}}\n"
    )
    assert run(["report", "--from", "2026-01", "-c", str(config)]) == 0
    assert json.loads(capfdbinary.readouterr().out)["period"]["name"] == "2026-01"


def test_a_file_that_cannot_be_written_is_said(log: Path) -> None:
    assert report(log, "--from", "2026", "-o", "/nowhere/report.json") == 3


def test_a_file_of_keys_may_have_remarks(log: Path, tmp_path: Path) -> None:
    key = log.with_suffix(".vkey")
    key.write_text(f"# of the log\n\n{key.read_text()}")
    assert report(log, "--from", "2026", "-o", str(tmp_path / "out")) == 0


def test_a_private_key_in_its_place_is_not_printed(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.with_suffix(".vkey").write_text("ab" * 32 + "\n")
    assert report(log, "--from", "2026") == 3
    said = capsys.readouterr()
    assert "log.vkey" in said.err
    assert "abab" not in said.out + said.err


def test_the_eu_sheets_go_into_one_file(log: Path, tmp_path: Path) -> None:
    assert report(log, "--from", "2026", "--format", "csv", "-o", str(tmp_path / "sheets.zip")) == 0
    with zipfile.ZipFile(tmp_path / "sheets.zip") as file:
        assert b"2026-01-01/2026-12-31" in file.read("3_member_states_orders.csv")
