"""The keys that the data plane is told of: none too early, none too late."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin.control.log_keys import pin
from resolver.tables.names import KEYS_FILE
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
