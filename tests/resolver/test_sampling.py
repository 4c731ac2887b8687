"""The sample's file: what the core writes is what is read, and a file that is torn, foreign or off gives nothing wrong."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.fuzz.builds import FOLDERS, STRICT
from resolver.core.native import TAP_SIZE, Tap
from resolver.sampling import Decided, SampledQuery, SampleFile, read_sample, sample_path

HERE = Path(__file__).parent
HEAD, RECORD = 64, 128
ALLOWED = SampledQuery(1_800_000_000, 1, False, 0, Decided.ALLOWED, None, 2, (b"example", b"co", b"uk"))
BLOCKED = SampledQuery(1_800_000_001, 1, True, 0, Decided.CATEGORY, 7, 2, ())


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The core's own writer, as a program."""
    if shutil.which("gcc") is None:
        pytest.skip("no C compiler here")
    program = tmp_path_factory.mktemp("tap") / "write_tap"
    sources = [HERE / "core" / "c" / "write_tap.c", FOLDERS[0] / "tap.c", FOLDERS[0] / "stats.c"]
    subprocess.run(["gcc", *STRICT, *map(str, sources), "-o", str(program)], check=True, timeout=150)
    return program


@pytest.fixture
def written(writer: Path, tmp_path: Path) -> Callable[[int], Path]:
    def write(records: int) -> Path:
        path = sample_path(tmp_path, 0)
        subprocess.run([str(writer), str(path), str(records)], check=True, timeout=150)
        return path

    return write


def test_what_the_core_writes_is_read(written: Callable[[int], Path]) -> None:
    assert read_sample(written(0)) == ()
    assert read_sample(written(2)) == (ALLOWED, BLOCKED)
    assert len(read_sample(written(900))) == 900


def test_the_oldest_are_overwritten(written: Callable[[int], Path]) -> None:
    seconds = sorted(query.second for query in read_sample(written(3_000)))
    assert seconds == [1_800_000_000 + number for number in range(3_000 - 1_024, 3_000)]


def test_a_record_that_is_being_written_is_passed_over(
    written: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(2)
    whole = path.read_bytes()
    torn = bytearray(whole)
    torn[HEAD + 40] ^= 1
    copies = iter([whole, bytes(torn)])
    monkeypatch.setattr(Path, "read_bytes", lambda _: next(copies))
    assert read_sample(path) == (BLOCKED,)
    begun = bytearray(whole)
    begun[HEAD : HEAD + 8] = bytes(8)
    copies = iter([bytes(begun), bytes(begun)])
    assert read_sample(path) == (BLOCKED,)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:63],
        lambda data: data[:-1],
        lambda data: b"X" + data[1:],
        lambda data: data[:8] + struct.pack("<I", 0) + data[12:],
        lambda data: data[:8] + struct.pack("<II", 16, 8192) + data[16:],
        lambda data: data[:16] + struct.pack("<I", 0) + data[20:],  # off
    ],
)
def test_what_is_no_sample_gives_nothing(
    written: Callable[[int], Path], damage: Callable[[bytes], bytes]
) -> None:
    path = written(2)
    path.write_bytes(damage(path.read_bytes()))
    assert read_sample(path) == ()


def test_no_file_is_no_sample(tmp_path: Path) -> None:
    assert read_sample(tmp_path / "worker-0.tap") == ()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=RECORD, max_size=RECORD), max_size=4))
def test_any_records_are_read_or_passed_over(
    tmp_path_factory: pytest.TempPathFactory, records: list[bytes]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.tap"
    head = struct.pack("<8sIII", b"WEIRTAP1", RECORD, len(records), 100).ljust(HEAD, b"\0")
    path.write_bytes(head + b"".join(records))
    for query in read_sample(path):
        assert sum(len(label) + 1 for label in query.labels) <= RECORD
        assert all(query.labels)


def test_the_workers_file_begins_off_and_is_wiped_when_switched_off(tmp_path: Path) -> None:
    path = sample_path(tmp_path, 2)
    path.write_bytes(b"of an earlier process")
    sample = SampleFile(path, seed=5)
    assert path.name == "worker-2.tap"
    assert path.stat().st_size == TAP_SIZE
    sample.use(1000)
    assert struct.unpack_from("<I", path.read_bytes(), 16) == (1000,)
    sample._map[HEAD : HEAD + RECORD] = b"\1" * RECORD
    sample.use(1000)
    assert path.read_bytes()[HEAD] == 1
    sample.use(0)
    assert not any(path.read_bytes()[16:])
    sample.close()
    assert list(tmp_path.iterdir()) == []


def test_without_a_file_nobody_reads_it(tmp_path: Path) -> None:
    sample = SampleFile(tmp_path / "missing" / "worker-0.tap", seed=1)
    assert sample.error is not None
    sample.use(100)
    sample.close()


def test_memory_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="octets"):
        Tap(memoryview(bytearray(TAP_SIZE - 1)), 1)
    with pytest.raises(ValueError, match="aligned"):
        Tap(memoryview(bytearray(TAP_SIZE + 8))[1:-7], 1)
