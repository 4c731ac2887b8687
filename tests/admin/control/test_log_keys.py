"""The keys that the data plane is told of: none too early, none too late."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin.control.log_keys import pin, put_back
from resolver.tables.names import KEYS_FILE, proof_name
from resolver.tlog.notes import VerifierKey

OLD, NEW = (VerifierKey.of_ed25519("box.example/weir/2026", bytes([number]) * 32) for number in (1, 2))


def known(state: Path) -> list[str] | None:
    path = state / KEYS_FILE
    return path.read_text().split() if path.exists() else None


def test_there_are_none_before_the_first_proof(tmp_path: Path) -> None:
    pin(tmp_path, [OLD], is_proven=False)
    assert known(tmp_path) is None
    pin(tmp_path, [OLD], is_proven=True)
    assert known(tmp_path) == [OLD.text]


def test_new_ones_come_before_their_first_proof_and_old_ones_go_after_it(tmp_path: Path) -> None:
    pin(tmp_path, [OLD], is_proven=True)
    pin(tmp_path, [NEW], is_proven=False)
    assert known(tmp_path) == [OLD.text, NEW.text]
    pin(tmp_path, [NEW], is_proven=True)
    assert known(tmp_path) == [NEW.text]


def test_a_log_that_is_not_open_takes_none_away(tmp_path: Path) -> None:
    pin(tmp_path, [OLD], is_proven=True)
    pin(tmp_path, [], is_proven=True)
    assert known(tmp_path) == [OLD.text]


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"nonsense\n"])
def test_a_damaged_file_is_written_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / KEYS_FILE).write_bytes(damage)
    pin(tmp_path, [OLD], is_proven=True)
    assert known(tmp_path) == [OLD.text]
    assert not list(tmp_path.glob(".*.tmp"))


def test_keys_that_are_gone_are_put_back_where_something_is_proven(tmp_path: Path) -> None:
    vkeys = tmp_path / "log.vkey"
    vkeys.write_text(f"{OLD.text}\n")
    assert not put_back(tmp_path, vkeys)
    assert known(tmp_path) is None  # nothing is proven yet
    (tmp_path / proof_name(1)).write_text("{}")
    assert put_back(tmp_path, vkeys)
    assert known(tmp_path) == [OLD.text]
    vkeys.write_text(f"{NEW.text}\n")
    assert not put_back(tmp_path, vkeys)
    assert known(tmp_path) == [OLD.text]  # when other keys hold is not for this to say


@pytest.mark.parametrize("vkeys", [None, b"", b"\xff\xfe"])
def test_nothing_is_put_back_where_nobody_knows_the_keys(tmp_path: Path, vkeys: bytes | None) -> None:
    (tmp_path / proof_name(1)).write_text("{}")
    if vkeys is not None:
        (tmp_path / "log.vkey").write_bytes(vkeys)
    assert not put_back(tmp_path, tmp_path / "log.vkey")
    assert known(tmp_path) is None
