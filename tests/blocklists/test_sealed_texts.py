"""Secret lists at rest, on a real folder: what is written, what a thief has, what an erasure leaves."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blocklists.list_keys import ListKeys
from blocklists.model import Confidentiality, Kind, ListSource
from blocklists.sealed_texts import SealedTexts
from blocklists.sealing import PIECE

Make = Callable[..., ListSource]
WRAPPING, OTHER = hashlib.sha256(b"this box").digest(), hashlib.sha256(b"another box").digest()
TEXT = b"canary-of-the-vault.example\n" * 5_000
ONE, TWO = "1" * 64, "2" * 64


@pytest.fixture
def watch(source: Make) -> ListSource:
    return source(id="watch", kind=Kind.ILLEGAL, confidentiality=Confidentiality.SECRET)


@pytest.fixture
def texts(tmp_path: Path) -> SealedTexts:
    return SealedTexts(tmp_path, WRAPPING)


def test_a_text_comes_back_after_a_restart(tmp_path: Path, texts: SealedTexts, watch: ListSource) -> None:
    assert not texts.holds("watch", ONE)
    texts.write(watch, ONE, TEXT)
    texts.write(watch, TWO, b"other")
    again = SealedTexts(tmp_path, WRAPPING)
    assert (again.read("watch", ONE), again.read("watch", TWO)) == (TEXT, b"other")
    assert again.holds("watch", ONE)
    assert again.locked() == ()
    assert stat.S_IMODE((tmp_path / "watch" / "key").stat().st_mode) == 0o600
    everything = b"".join(path.read_bytes() for path in (tmp_path / "watch").iterdir())
    assert b"canary" not in everything


def test_other_lists_stay_plain(tmp_path: Path, texts: SealedTexts, source: Make) -> None:
    texts.write(source(id="bets"), hashlib.sha256(b"a.example").hexdigest(), b"a.example")
    assert texts.read("bets", hashlib.sha256(b"a.example").hexdigest()) == b"a.example"
    assert not (tmp_path / "bets" / "key").exists()


def test_each_list_and_each_box_has_its_own_key(
    tmp_path: Path, texts: SealedTexts, watch: ListSource, source: Make
) -> None:
    other = source(id="other", kind=Kind.ILLEGAL, confidentiality=Confidentiality.SECRET)
    texts.write(watch, ONE, TEXT)
    texts.write(other, ONE, TEXT)
    sealed = f"sealed-{ONE}"
    assert (tmp_path / "watch" / sealed).read_bytes() != (tmp_path / "other" / sealed).read_bytes()
    (tmp_path / "other" / sealed).write_bytes((tmp_path / "watch" / sealed).read_bytes())
    (tmp_path / "other" / "key").write_bytes((tmp_path / "watch" / "key").read_bytes())
    assert texts.read("other", ONE) is None
    assert texts.locked() == ("other",)
    thief = SealedTexts(tmp_path, OTHER)
    assert thief.read("watch", ONE) is None
    assert not thief.holds("watch", ONE)
    assert thief.locked() == ("other", "watch")


def test_a_renamed_version_does_not_open(tmp_path: Path, texts: SealedTexts, watch: ListSource) -> None:
    texts.write(watch, ONE, TEXT)
    (tmp_path / "watch" / f"sealed-{ONE}").rename(tmp_path / "watch" / f"sealed-{TWO}")
    assert texts.read("watch", TWO) is None


def test_a_key_that_cannot_be_opened_gives_way(tmp_path: Path, texts: SealedTexts, watch: ListSource) -> None:
    texts.write(watch, ONE, TEXT)
    moved = SealedTexts(tmp_path, OTHER)
    moved.write(watch, TWO, TEXT)
    assert moved.read("watch", TWO) == TEXT
    assert moved.read("watch", ONE) is None


def test_what_is_no_longer_named_goes(tmp_path: Path, texts: SealedTexts, watch: ListSource) -> None:
    texts.write(watch, ONE, TEXT)
    texts.write(watch, TWO, TEXT)
    (tmp_path / "watch" / f".sealed-{ONE}.tmp").write_bytes(b"left by a process that was killed")
    (tmp_path / "watch" / f"content-{ONE}").write_bytes(b"in plain, of a time when the list was public")
    texts.keep_only("watch", [TWO])
    assert sorted(path.name for path in (tmp_path / "watch").iterdir()) == ["key", f"sealed-{TWO}"]


@pytest.mark.parametrize("fails", [1, 2, 3])
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, watch: ListSource, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    SealedTexts(tmp_path, WRAPPING).write(watch, ONE, TEXT)
    before = {path.name: path.read_bytes() for path in (tmp_path / "watch").iterdir()}
    calls = 0

    def full(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == fails:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        texts = SealedTexts(tmp_path, WRAPPING)
        if fails < 3:  # the text, then its folder
            with pytest.raises(OSError, match="No space"):
                texts.write(watch, TWO, TEXT)
        else:
            texts.write(watch, TWO, TEXT)
    after = {path.name: path.read_bytes() for path in (tmp_path / "watch").iterdir()}
    assert before.items() <= after.items()
    assert not [name for name in after if name.endswith(".tmp")]
    assert SealedTexts(tmp_path, WRAPPING).read("watch", ONE) == TEXT


def test_an_erased_list_does_not_open_even_from_a_copy(
    tmp_path: Path, texts: SealedTexts, watch: ListSource
) -> None:
    texts.write(watch, ONE, TEXT)
    texts.write(watch, TWO, TEXT)
    copies = {path: path.read_bytes() for path in (tmp_path / "watch").glob("sealed-*")}
    assert not texts.is_erased("watch")
    assert texts.erase("watch") == 2
    assert texts.is_erased("watch")
    assert list((tmp_path / "watch").iterdir()) == []
    for path, content in copies.items():  # from a backup
        path.write_bytes(content)
    assert texts.read("watch", ONE) is None
    texts.write(watch, "3" * 64, b"a new licence")
    assert texts.read("watch", ONE) is None
    assert texts.read("watch", "3" * 64) == b"a new licence"
    assert texts.erase("never-known") == 0


def test_a_key_is_overwritten_before_it_is_removed(
    tmp_path: Path, texts: SealedTexts, watch: ListSource
) -> None:
    texts.write(watch, ONE, TEXT)
    path = tmp_path / "watch" / "key"
    wrapped = path.read_bytes()
    with path.open("rb") as held:  # what a file system may still have
        texts.erase("watch")
        left = held.read()
    assert len(left) == len(wrapped)
    assert left != wrapped
    assert not path.exists()


class _KilledError(BaseException):
    """What ends the process in the middle."""


@pytest.mark.parametrize("name", ["unlink", "fsync"])
@pytest.mark.parametrize("step", range(6))
def test_an_erasure_that_is_killed_can_be_ended(
    tmp_path: Path, watch: ListSource, monkeypatch: pytest.MonkeyPatch, step: int, name: str
) -> None:
    texts = SealedTexts(tmp_path, WRAPPING)
    texts.write(watch, ONE, TEXT)
    texts.write(watch, TWO, TEXT)
    calls = 0
    real: Any = getattr(os, name)

    def killed(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > step:
            raise _KilledError
        return real(*args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(os, name, killed)
        try:
            texts.erase("watch")
        except _KilledError:
            pass
        else:
            assert texts.is_erased("watch")
    again = SealedTexts(tmp_path, WRAPPING)
    again.erase("watch")
    assert again.is_erased("watch")
    assert again.read("watch", ONE) is None


def test_rewrapping_keeps_the_texts_and_can_be_repeated(
    tmp_path: Path, texts: SealedTexts, watch: ListSource, source: Make
) -> None:
    texts.write(watch, ONE, TEXT)
    before = (tmp_path / "watch" / f"sealed-{ONE}").stat().st_mtime_ns
    (tmp_path / "lost").mkdir()
    (tmp_path / "lost" / "key").write_bytes(b"damaged")
    new = SealedTexts(tmp_path, OTHER)
    for _ in range(2):
        assert new.rewrap(WRAPPING) == (("watch",), ("lost",))
        assert new.read("watch", ONE) == TEXT
    assert texts.read("watch", ONE) is None
    assert (tmp_path / "watch" / f"sealed-{ONE}").stat().st_mtime_ns == before


def test_keys_of_damaged_files_are_none(tmp_path: Path) -> None:
    keys = ListKeys(tmp_path, WRAPPING, os.urandom)
    (tmp_path / "watch").mkdir()
    made = keys.made("watch")
    wrapped = (tmp_path / "watch" / "key").read_bytes()
    assert made not in wrapped
    for damaged in (b"", wrapped[:-1], wrapped + b"\0", b"\x02" + wrapped[1:], wrapped[:-1] + b"\0"):
        (tmp_path / "watch" / "key").write_bytes(damaged)
        assert keys.find("watch") is None or damaged == wrapped
    (tmp_path / "watch" / "key").write_bytes(wrapped)
    assert keys.find("watch") == made


def test_sealing_needs_no_second_copy(texts: SealedTexts, watch: ListSource) -> None:
    """The peak of Python's memory while 32 MiB are sealed and opened."""
    import tracemalloc

    data = bytes(32 * 1024 * 1024)
    tracemalloc.start()
    texts.write(watch, ONE, data)
    assert tracemalloc.get_traced_memory()[1] < 8 * PIECE
    back = texts.read("watch", ONE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert back is not None
    assert len(back) == len(data)
    assert peak < 1.3 * len(data)
