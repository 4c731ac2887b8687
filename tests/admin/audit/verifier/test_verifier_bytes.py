"""Every byte of every file of a small log, changed: detected, or harmless; never anything else than a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin.audit import verifier

HARMLESS = {"policy.txt"}
"""A policy is believed where the reader got it from, not beside the log."""
NOW = 1_795_400_000.0


@pytest.fixture
def log_folder(make_log: Any, make_manifest: Any, write_files: Any, tmp_path: Path) -> Path:
    """A true log in a folder: three leaves, one former checkpoint, two manifests."""
    log = make_log().begin().publish()
    log.add("list.sync", make_manifest(lists={}, profiles={}), list="bets").add("heartbeat").publish()
    return write_files(log.files(), tmp_path / "log")


def verdict(folder: Path, key: verifier.Key) -> bool:
    """Whether the log holds; anything but the two declared errors is an error of the test."""
    try:
        verifier.Replay(verifier.Source(str(folder)), [key], NOW).run(lambda _: None)
    except (verifier.FailedError, verifier.UndecidedError):
        return False
    return True


def test_each_flipped_byte_is_detected(log_folder: Path, make_signer: Any) -> None:
    key = verifier.Key.parse(make_signer().key.text)
    assert verdict(log_folder, key)
    for path in [item for item in sorted(log_folder.rglob("*")) if item.is_file()]:
        whole = path.read_bytes()
        for at in range(len(whole)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            assert verdict(log_folder, key) == (path.name in HARMLESS), (path, at)
        path.write_bytes(whole)


def test_each_truncation_is_detected(log_folder: Path, make_signer: Any) -> None:
    key = verifier.Key.parse(make_signer().key.text)
    for path in [item for item in sorted(log_folder.rglob("*")) if item.is_file()]:
        whole = path.read_bytes()
        for length in range(0, len(whole), 3):
            path.write_bytes(whole[:length])
            assert verdict(log_folder, key) == (path.name in HARMLESS), (path, length)
        path.write_bytes(whole)


@given(data=st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_bytes_in_place_of_any_file(log_folder: Path, make_signer: Any, data: bytes) -> None:
    key = verifier.Key.parse(make_signer().key.text)
    for name in ("checkpoint", "cp/1", "tile/entries/000.p/3", "tile/0/000.p/1", "keys.json"):
        whole = (log_folder / name).read_bytes()
        (log_folder / name).write_bytes(data)
        assert not verdict(log_folder, key)
        (log_folder / name).write_bytes(whole)


@given(note=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_note_is_a_checkpoint_or_refused(note: bytes) -> None:
    try:
        point = verifier.Checkpoint.parse(note, "x")
    except verifier.FailedError:
        return
    assert len(point.root) == 32


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda item: st.lists(item, max_size=3) | st.dictionaries(st.text(max_size=3), item, max_size=3),
)


@given(value=_JSON)
def test_any_json_is_canonical_or_refused(value: Any) -> None:
    data = verifier.json.dumps(value).encode()
    try:
        found = verifier.document(data, "x")
    except verifier.FailedError:
        return
    assert found == value


@given(text=st.text(max_size=60))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    with pytest.raises(ValueError):
        verifier.Key.parse(text)
