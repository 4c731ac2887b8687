"""The file of changes: against a plain dict, against damage, against killed and rival writers."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocklists.snapshot import native
from blocklists.snapshot.classes import Class, pack, pack_changed

Wire = Callable[[str], bytes]
Written = Callable[..., Path]

NAMES = ["a.example", "www.a.example", "deep.www.a.example", "b.example", "x.y.z.b.example", "c.test", "test"]
PREFIXES = [
    (b"\x0a\0\0\0", 8),
    (b"\x0a\1\0\0", 16),
    (bytes(4), 0),
    (bytes(16), 64),
    (b"\x20\1" + bytes(14), 128),
]
KEY = bytes(range(32))
CLASSES = [Class(0, 0), Class(1, 1), Class(2, 2), Class(4, 4, stop=True)]

SLOTS, SLOT_BYTES = 131_072, 32
"""The slots at the end of the file (overlay.h)."""


@pytest.fixture
def base(tmp_path: Path, written: Written) -> Path:
    path = written({"a.example": 1, "www.a.example": 2, "c.test": 3}, {(b"\x0a\0\0\0", 8): 1})
    native.Changes.create(native.Snapshot.open(str(path)), str(tmp_path / "delta"))
    return path


@pytest.fixture
def delta(base: Path) -> Path:
    return base.with_name("delta")


@pytest.fixture
def writer(base: Path, delta: Path) -> Iterator[native.Changes]:
    changes = native.Changes.open(native.Snapshot.open(str(base)), str(delta))
    yield changes
    changes.close()


def heeding(base: Path, delta: Path) -> native.Snapshot:
    snapshot = native.Snapshot.open(str(base))
    snapshot.heed(str(delta))
    return snapshot


def build(folder: Path, names: dict[str, int], prefixes: dict[tuple[bytes, int], int]) -> Path:
    builder = native.Builder(KEY)
    for name, number in names.items():
        builder.add(name.encode(), number)
    for (packed, length), number in prefixes.items():
        builder.add_address(packed, length, number)
    path = folder / "table"
    path.unlink(missing_ok=True)
    path.with_name("delta").unlink(missing_ok=True)
    of_set = [tokens[0] if tokens else 0 for tokens, _ in builder.sets()]
    builder.write(str(path), of_set, pack(CLASSES), b"", 0)
    native.Changes.create(native.Snapshot.open(str(path)), str(path.with_name("delta")))
    return path


def expected(listed: dict[str, int], name: str, extra: int) -> list[tuple[int, int]]:
    """What a plain dict says: every listed suffix, longest first, to a stop."""
    labels = name.split(".")
    found = []
    for start in range(len(labels)):
        number = listed.get(".".join(labels[start:]), 0)
        if number:
            found.append((len(labels) - start, extra if number == 4 else number))
            if number == 3:
                break
    return found


def address_hits(listed: dict[tuple[bytes, int], int], packed: bytes, extra: int) -> list[tuple[int, int]]:
    whole = int.from_bytes(packed, "big")
    found = []
    for length in range(8 * len(packed), -1, -1):
        shift = 8 * len(packed) - length
        for (prefix, own), number in listed.items():
            same = (
                len(prefix) == len(packed)
                and own == length
                and int.from_bytes(prefix, "big") >> shift == whole >> shift
            )
            if same and number:
                found.append((length, extra if number == 4 else number))
                if number == 3:
                    return found
    return found


names = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 3))
prefixes = st.dictionaries(st.sampled_from(PREFIXES), st.integers(1, 3))
changes = st.lists(st.tuples(st.sampled_from([*NAMES, *PREFIXES]), st.integers(0, 4)), max_size=20)


@settings(max_examples=150, deadline=None)
@given(names, prefixes, changes)
def test_look_ups_agree_with_a_dict(
    tmp_path_factory: pytest.TempPathFactory,
    wire: Wire,
    listed: dict[str, int],
    addresses: dict[tuple[bytes, int], int],
    edits: list[tuple[str | tuple[bytes, int], int]],
) -> None:
    base = build(tmp_path_factory.getbasetemp(), listed, addresses)
    delta = base.with_name("delta")
    snapshot = heeding(base, delta)
    changes = native.Changes.open(native.Snapshot.open(str(base)), str(delta))
    extra = changes.add_class(pack_changed(Class(8, 8, lists=((0,), (0,)))))
    for what, number in edits:
        class_id = extra if number == 4 else number
        before = snapshot.serial
        if isinstance(what, str):
            changes.put(what.encode(), class_id)
            listed[what] = number
        else:
            changes.put_prefix(*what, class_id)
            addresses[what] = number
        changes.commit()
        assert snapshot.serial != before
    for name in [*NAMES, "q.a.example", "q.q.x.y.z.b.example", "example"]:
        assert list(snapshot.lookup(wire(name))[1]) == expected(listed, name, extra), name
    for packed, _ in [*PREFIXES, (b"\x0a\1\2\3", 0), (b"\xff" * 16, 0)]:
        assert list(snapshot.lookup_address(packed)) == address_hits(addresses, packed, extra)
    assert snapshot.changed == len({what for what, _ in edits})
    changes.close()
    snapshot.close()


def test_a_change_is_seen_at_once_and_the_serial_is_the_same_for_all(
    base: Path, delta: Path, writer: native.Changes, wire: Wire
) -> None:
    readers = [heeding(base, delta) for _ in range(3)]
    plain = native.Snapshot.open(str(base))
    writer.put(b"new.example", 1)
    writer.commit()
    assert [reader.lookup(wire("new.example"))[1] for reader in readers] == [((2, 1),)] * 3
    assert plain.lookup(wire("new.example"))[1] == ()
    assert len({reader.serial for reader in readers}) == 1
    assert readers[0].serial != plain.serial


def test_what_the_table_says_is_still_known(writer: native.Changes) -> None:
    writer.put(b"a.example", 0)
    writer.put_prefix(b"\x0a\0\0\0", 8, 2)
    assert (writer.class_of(b"a.example"), writer.class_of(b"a.example", True)) == (0, 1)
    assert (writer.class_of_prefix(b"\x0a\0\0\0", 8), writer.class_of_prefix(b"\x0a\0\0\0", 8, True)) == (
        2,
        1,
    )


def test_equal_classes_are_kept_once(base: Path, delta: Path, writer: native.Changes) -> None:
    record = pack_changed(Class(5, 6, lists=((0, 255), ())))
    first = writer.add_class(record)
    assert writer.add_class(record) == first == 4
    assert writer.add_class(pack_changed(Class(5, 6, lists=None))) == 5
    assert heeding(base, delta).class_record(first) == record


def fill_up(act: Callable[[int], object]) -> int:
    """How often it can be done before there is no room."""
    for number in range(70_000):
        try:
            act(number)
        except native.ChangesFullError:
            return number
    raise AssertionError("it never gets full")


def test_a_full_file_says_so(base: Path, delta: Path, writer: native.Changes, wire: Wire) -> None:
    put = fill_up(lambda number: writer.put(b"n%d.example" % number, 1))
    assert writer.count == put
    assert 60_000 < put <= 65_536
    writer.put(b"n0.example", 2)  # what has a place can still change
    snapshot = heeding(base, delta)
    assert snapshot.lookup(wire("n0.example"))[1] == ((2, 2),)
    assert snapshot.lookup(wire(f"n{put - 1}.example"))[1] == ((2, 1),)


def test_classes_run_out(writer: native.Changes) -> None:
    assert fill_up(lambda number: writer.add_class(pack_changed(Class(number, 0)))) == 4096


def test_there_is_one_writer(base: Path, delta: Path, writer: native.Changes) -> None:
    with pytest.raises(BlockingIOError):
        native.Changes.open(native.Snapshot.open(str(base)), str(delta))
    writer.close()
    native.Changes.open(native.Snapshot.open(str(base)), str(delta)).close()
    with pytest.raises(ValueError, match="closed"):
        writer.put(b"a.example", 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda b: b"", "empty"),
        (lambda b: b[:100], "no file of changes"),
        (lambda b: b"x" + b[1:], "no file of changes"),
        (lambda b: b[:8] + b"\x63" + b[9:], "another version"),
        (lambda b: b[:-8], "cut short"),
        (lambda b: b + bytes(8), "cut short"),
        (lambda b: b[:12] + b"\1\0\0\0" + b[16:], "room for classes"),
        (lambda b: b[:24] + b"\xff" + b[25:], "another snapshot"),
        (lambda b: b[:40] + b"\1" + b[41:], "fields"),
        (lambda b: b[:200] + b"\1" + b[201:], "fields"),
        (lambda b: b[:64] + b"\xff" * 8 + b[72:], "more changes"),
        (lambda b: b[:80] + b"\xff" * 8 + b[88:], "more classes"),
        (lambda b: b[:88] + struct.pack("<Q", 5 << 8 | 3) + b[96:], "label counts"),
        (lambda b: b[:96] + b"\xff" * 8 + b[104:], "prefix lengths"),
        (lambda b: b[:120] + b"\xff" * 8 + b[128:], "prefix lengths"),
    ],
)
def test_a_broken_file_is_refused(
    base: Path, delta: Path, change: Callable[[bytes], bytes], words: str
) -> None:
    delta.write_bytes(change(delta.read_bytes()))
    with pytest.raises(native.SnapshotError, match=words):
        native.Snapshot.open(str(base)).heed(str(delta))
    with pytest.raises(native.SnapshotError, match=words):
        native.Changes.open(native.Snapshot.open(str(base)), str(delta))


def test_any_flipped_bit_of_a_change_is_refused(base: Path, delta: Path, writer: native.Changes) -> None:
    """Or a name that was added would no longer be blocked, and nobody would know."""
    empty = delta.read_bytes()
    writer.put(b"added.example", writer.class_of(b"added.example") or 1)
    writer.put_prefix(bytes([192, 0, 2, 0]), 24, 1)
    writer.commit()
    content = delta.read_bytes()
    slots = len(content) - SLOTS * SLOT_BYTES
    changed = [at for at in range(slots, len(content)) if content[at] != empty[at]]
    assert len({at // SLOT_BYTES for at in changed}) == 2
    for at in changed:
        delta.write_bytes(content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :])
        with pytest.raises(native.SnapshotError, match=r"damaged|counts"):
            heeding(base, delta)


def test_the_changes_of_another_table_are_refused(base: Path, delta: Path, written: Written) -> None:
    other = written({"other.example": 1})
    with pytest.raises(native.SnapshotError, match="another snapshot"):
        native.Snapshot.open(str(other)).heed(str(delta))


# Every change is applied in a process that kills itself in the middle of a run of them, at no known place.
KILLED = """
import sys
from blocklists.snapshot import native
from blocklists.snapshot.classes import Class, pack_changed
changes = native.Changes.open(native.Snapshot.open(sys.argv[1]), sys.argv[2])
print("ready", flush=True)
number = 0
while True:
    number += 1
    changes.put(b"n%d.example" % (number % 5000), changes.add_class(pack_changed(Class(1 << number % 200, 0))))
    changes.commit()
"""


@pytest.mark.parametrize("wait", range(4))
def test_a_killed_writer_leaves_nothing_torn(base: Path, delta: Path, wire: Wire, wait: int) -> None:
    reader = heeding(base, delta)
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(base), str(delta)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    while reader.changed < 10 + 400 * wait:
        for number in range(50):
            assert_sound(reader, wire(f"n{number}.example"))
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    for number in range(1, reader.changed):
        assert_sound(reader, wire(f"n{number}.example"))
    serial = reader.serial
    with_successor = native.Changes.open(native.Snapshot.open(str(base)), str(delta))
    assert reader.serial != serial
    with_successor.put(b"n1.example", 1)
    with_successor.put(b"after.example", 2)
    with_successor.commit()
    assert reader.lookup(wire("n1.example"))[1] == ((2, 1),)
    assert reader.lookup(wire("after.example"))[1] == ((2, 2),)
    with_successor.close()


def assert_sound(reader: native.Snapshot, wire: bytes) -> None:
    """Not listed yet, or with a class of exactly one bit, as the child writes them."""
    for _, class_id in reader.lookup(wire)[1]:
        exact = int.from_bytes(reader.class_record(class_id)[:32], "little")
        assert exact.bit_count() == 1


LATE = """\
import sys
from blocklists.snapshot import native

changes = native.Changes.open(native.Snapshot.open(sys.argv[1]), sys.argv[2])
native.__dict__.clear()
"""


def test_a_writer_that_outlives_its_module_ends_without_a_word(base: Path, delta: Path) -> None:
    """The end of the interpreter empties modules before the last cycles that hold writers are collected."""
    ended = subprocess.run(
        [sys.executable, "-c", LATE, str(base), str(delta)], capture_output=True, check=True
    )
    assert ended.stderr == b""
