"""Files that are damaged, cut, foreign or made to harm: refused with the reason, and never read out of bounds."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocklists.snapshot import native

Written = Callable[..., Path]
NAMES = {f"n{n}.example": 1 + n % 3 for n in range(60)}


@pytest.fixture
def sound(written: Written) -> bytes:
    return written(NAMES, {(b"\x0a\0\0\0", 8): 1}).read_bytes()


def refused(path: Path, content: bytes, *, verify: bool = True) -> str:
    path.write_bytes(content)
    with pytest.raises(native.SnapshotError) as caught:
        native.Snapshot.open(str(path), verify)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda b: b"", "empty"),
        (lambda b: b[:100], "shorter"),
        (lambda b: b"x" + b[1:], "not a Weir snapshot"),
        (lambda b: b[:8] + b"\1" + b[9:], "another version"),
        (lambda b: b[:12] + b"\1" + b[13:], "another size"),
        (lambda b: b[:-1], "cut short"),
        (lambda b: b + b"\0", "cut short"),
        (lambda b: b[:400], "cut short"),
        (lambda b: b[:72] + struct.pack("<I", 0) + b[76:], "number of classes"),
        (lambda b: b[:88] + struct.pack("<I", 0) + b[92:], "no lines"),
        (lambda b: b[:88] + struct.pack("<I", 0xFFFFFFFF) + b[92:], "do not fit its size"),
        (lambda b: b[:80] + struct.pack("<Q", 2**63) + b[88:], "impossibly long"),
        (lambda b: b[:96] + struct.pack("<Q", 2**63) + b[104:], "not where"),
        (lambda b: b[:144] + b"\0" + b[145:], "label counts"),
        (lambda b: b[:145] + b"\xff" + b[146:], "label counts"),
        (lambda b: b[:146] + b"\xff" + b[147:], "spill"),
        (lambda b: b[:157] + b"\xff" + b[158:], "prefix lengths"),
        (lambda b: b[:184] + b"\1" + b[185:], "do not fit its size"),
        (lambda b: b[:191] + b"\1" + b[192:], "impossibly long"),
        (lambda b: b[:192] + b"\1" + b[193:], "not where"),
        (lambda b: b[:200] + b"\1" + b[201:], "does not know"),
    ],
)
def test_a_broken_header_is_refused_even_unverified(
    tmp_path: Path, sound: bytes, change: Callable[[bytes], bytes], words: str
) -> None:
    assert words in refused(tmp_path / "bad", change(sound), verify=False)


def test_every_flipped_bit_is_noticed(tmp_path: Path, sound: bytes) -> None:
    numbers = random.Random(11)
    positions = [*range(256 * 8), *numbers.sample(range(256 * 8, len(sound) * 8), 2000)]
    for position in positions:
        flipped = bytearray(sound)
        flipped[position // 8] ^= 1 << position % 8
        refused(tmp_path / "bad", bytes(flipped))


def test_an_entry_of_a_class_that_does_not_exist(tmp_path: Path, sound: bytes) -> None:
    path = tmp_path / "bad"
    lines = struct.unpack_from("<Q", sound, 112)[0]
    changed = bytearray(sound)
    changed[lines : lines + 64] = b"\xff" * 64
    assert "checksum" in refused(path, bytes(changed))
    # Unverified it opens, and the impossible class is never given out.
    table = native.Snapshot.open(str(path), False)
    found = [table.lookup(b"\x03" + f"n{n:02}".encode() + b"\x07example\x00") for n in range(100)]
    assert all(id_ < 4 for _, hits in found for _, id_ in hits)


def test_no_regular_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        native.Snapshot.open(str(tmp_path / "absent"))
    with pytest.raises((native.SnapshotError, OSError)):
        native.Snapshot.open(str(tmp_path))


@given(st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_unverified_file_of_any_content_stays_in_bounds(
    tmp_path: Path, sound: bytes, data: st.DataObject
) -> None:
    content = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 12))):
        position = data.draw(st.integers(0, len(content) - 1))
        content[position] = data.draw(st.integers(0, 255))
    path = tmp_path / "bad"
    path.write_bytes(content)
    try:
        table = native.Snapshot.open(str(path), False)
    except native.SnapshotError:
        return
    for name in NAMES:
        first, second = name.split(".")
        labels, hits = table.lookup(bytes([len(first)]) + first.encode() + b"\x07" + second.encode() + b"\0")
        assert labels == 2
        assert len(hits) <= 2
    assert len(table.lookup_address(b"\x0a\0\0\1")) <= 33
