"""The life of one list, told as conversations between a source, the gates and the store."""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from blocklists import texts
from blocklists.formats import read
from blocklists.model import Confidentiality, Kind, ListCounts, ListSource, ListVersion
from blocklists.records import ListStatus
from blocklists.sources import Fetched, FetchError, Known, NotModified
from blocklists.sync import ListState, ListStore, RefreshOutcome, refresh

Make = Callable[..., ListSource]


class Publisher:
    """A list's source: gives what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: bytes | Exception = b""
        self.etag = ""
        self.asked: list[Known | None] = []

    async def fetch(self, source: ListSource, *, known: Known | None, now: float) -> Fetched:
        self.asked.append(known)
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.etag and known is not None and known.etag == self.etag:
            return NotModified()
        digest = hashlib.sha256(self.answer).hexdigest()
        return ListVersion(source.id, self.answer, digest, now, etag=self.etag)


class Life:
    """One list with its publisher and store; ``step`` is one refresh."""

    def __init__(self, directory: Path, source: ListSource) -> None:
        self.publisher = Publisher()
        self.store = ListStore(directory)
        self.source = source
        self.now = 1000.0

    async def step(self, answer: bytes | Exception) -> RefreshOutcome:
        self.publisher.answer = answer
        self.now += 10
        return await refresh(self.source, self.store, now=self.now, count=_count, fetch=self.publisher.fetch)

    @property
    def status(self) -> ListStatus:
        return self.store.status(self.source.id, now=self.now)

    @property
    def serving(self) -> bytes | None:
        version = self.store.load(self.source.id)
        return version.data if version else None


def _count(source: ListSource, data: bytes) -> ListCounts:
    return read(source, data)[1]


def _list(size: int) -> bytes:
    return "".join(f"n{number}.example\n" for number in range(size)).encode()


@pytest.fixture
def life(tmp_path: Path, source: Make) -> Life:
    return Life(tmp_path, source())


@pytest.fixture
def secret_life(tmp_path: Path, source: Make) -> Life:
    return Life(tmp_path, source(kind=Kind.ILLEGAL, confidentiality=Confidentiality.SECRET))


async def test_a_new_list_is_accepted_and_then_unchanged(life: Life) -> None:
    first = await life.step(_list(50))
    assert (first.state, first.message) == (ListState.ACCEPTED, "A new version with 50 entries.")
    assert first.version is not None
    assert first.version.data == life.serving == _list(50)
    second = await life.step(_list(50))
    assert (second.state, second.message) == (ListState.UNCHANGED, "No change; 50 entries.")
    assert second.version is not None
    assert second.version.data == _list(50)
    assert (life.status.fetched, life.status.last_success, life.status.age) == (1010.0, 1020.0, 0.0)


async def test_validators_are_sent_only_for_a_text_that_is_held(life: Life) -> None:
    life.publisher.etag = '"one"'
    await life.step(_list(50))
    assert (await life.step(_list(50))).state is ListState.UNCHANGED
    (content,) = (life.store._directory / "test").glob("content-*")
    content.write_bytes(b"damaged")
    again = await life.step(_list(50))
    assert again.state is ListState.UNCHANGED
    assert life.serving == _list(50)
    assert life.publisher.asked == [None, Known('"one"', ""), None]


async def test_what_is_unchanged_is_read_once(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    read_whole = texts.read_file

    def noted(path: Path) -> bytes:
        read.append(path)
        return read_whole(path)

    monkeypatch.setattr(texts, "read_file", noted)
    life.publisher.etag = '"one"'
    await life.step(_list(50))
    for _ in range(3):
        outcome = await life.step(_list(50))
        assert (outcome.state, outcome.version) == (ListState.UNCHANGED, None)
    assert [path.name for path in read] == [_content(life).name]


async def test_other_validators_are_kept_without_writing_the_text(life: Life) -> None:
    await life.step(_list(50))
    before = _content(life).stat()
    life.publisher.etag = '"two"'
    assert (await life.step(_list(50))).state is ListState.UNCHANGED
    after = _content(life).stat()
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)
    assert (await life.step(_list(50))).state is ListState.UNCHANGED
    assert life.publisher.asked[-1] == Known('"two"', "")


def _content(life: Life) -> Path:
    (content,) = (life.store._directory / "test").glob("content-*")
    return content


async def test_a_damaged_record_is_fetched_anew(life: Life) -> None:
    await life.step(_list(50))
    (life.store._directory / "test" / "versions.json").write_bytes(b"x")
    assert (await life.step(_list(50))).state is ListState.ACCEPTED
    assert life.serving == _list(50)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"<!doctype html><title>Sign in</title>", "A web page came instead of a list."),
        (b"\x1f\x8b\x08packed", "The list is packed (gzip)."),
        (
            FetchError("https://lists.example/x: the server answered 404"),
            "the server answered 404. The last good",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "/var/x"),
            "/var/x: Permission denied; check the data",
        ),
    ],
)
async def test_what_is_no_list_fails_and_the_old_one_serves(
    answer: bytes | Exception, words: str, life: Life
) -> None:
    await life.step(_list(50))
    outcome = await life.step(answer)
    assert outcome.state is ListState.FAILED
    assert words in outcome.message
    assert outcome.version is not None
    assert outcome.version.data == life.serving == _list(50)
    assert (life.status.last_attempt, life.status.last_success, life.status.age) == (1020.0, 1010.0, 10.0)
    assert life.status.message == outcome.message


async def test_a_first_fetch_that_fails_leaves_nothing(life: Life) -> None:
    outcome = await life.step(FetchError("nobody there"))
    assert (outcome.state, outcome.version, life.serving) == (ListState.FAILED, None, None)
    assert life.status.last_success is None


async def test_a_suspicious_version_is_held_until_it_is_released(life: Life) -> None:
    await life.step(_list(1000))
    held = await life.step(_list(100))
    assert held.state is ListState.HELD
    assert "from 1,000 to 100 entries" in held.message
    digest = hashlib.sha256(_list(100)).hexdigest()
    assert f"`weir lists release test {digest[:12]}`" in held.message
    assert held.version is not None
    assert held.version.data == life.serving == _list(1000)
    assert (await life.step(_list(100))).state is ListState.HELD
    assert life.status.held is not None
    assert life.status.held.counts.entries == 100
    assert life.store.accept_held(life.source, life.status.held.digest)
    assert life.serving == _list(100)
    assert (await life.step(_list(100))).state is ListState.UNCHANGED
    assert (await life.step(_list(10))).state is ListState.HELD


async def test_a_held_version_is_forgotten_when_the_source_takes_it_back(life: Life) -> None:
    await life.step(_list(1000))
    await life.step(_list(1))
    assert (await life.step(_list(1000))).state is ListState.UNCHANGED
    assert life.status.held is None
    assert [path.name for path in (life.store._directory / "test").glob("content-*")] == [
        f"content-{life.status.serving_digest}"
    ]


async def test_a_failure_in_between_does_not_forget_what_is_held(life: Life) -> None:
    await life.step(_list(1000))
    await life.step(_list(1))
    await life.step(FetchError("nobody there"))
    assert life.status.state is ListState.FAILED
    assert life.status.held is not None
    assert life.store.accept_held(life.source, life.status.held.digest)


async def test_the_wrong_format_is_held(life: Life) -> None:
    outcome = await life.step(b"".join(b"0.0.0.0 " + line + b"\n" for line in _list(50).split()))
    assert outcome.state is ListState.HELD
    assert "50 of 50 rule lines" in outcome.message
    assert life.serving is None


@pytest.mark.parametrize("first", [b"", b"# nothing yet\n"])
async def test_an_empty_list_is_a_list_but_a_vanished_one_is_not(first: bytes, life: Life) -> None:
    assert (await life.step(first)).state is ListState.ACCEPTED
    assert (await life.step(_list(50))).state is ListState.ACCEPTED
    assert (await life.step(b"")).state is ListState.HELD
    assert life.serving == _list(50)


async def test_a_full_disk_is_said_and_survived(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    await life.step(_list(50))

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        outcome = await life.step(_list(60))
    assert outcome.state is ListState.FAILED
    assert (
        "No space left on device; free some space. The last good version goes on serving." in outcome.message
    )
    assert "could not be noted" in outcome.message
    assert outcome.version is not None
    assert outcome.version.data == life.serving == _list(50)
    assert (await life.step(_list(60))).state is ListState.ACCEPTED


async def test_a_secret_list_is_read_again_and_never_written(secret_life: Life) -> None:
    life = secret_life
    assert (await life.step(_list(50))).state is ListState.ACCEPTED
    restarted = await life.step(_list(50))
    assert restarted.state is ListState.UNCHANGED
    assert restarted.version is not None
    assert restarted.version.data == _list(50)
    assert life.publisher.asked == [None, None]
    lost = await life.step(FetchError("nobody there"))
    assert (lost.state, lost.version) == (ListState.FAILED, None)
    for path in life.store._directory.rglob("*.*"):
        assert b"n7.example" not in path.read_bytes()


async def test_a_held_secret_version_is_released_for_one_refresh(secret_life: Life) -> None:
    life = secret_life
    await life.step(_list(1000))
    assert (await life.step(_list(100))).state is ListState.HELD
    assert life.status.held is not None
    assert not life.store.accept_held(life.source, life.status.held.digest)
    accepted = await life.step(_list(100))
    assert accepted.state is ListState.ACCEPTED
    assert accepted.version is not None
    assert life.status.held is None
    assert (await life.step(_list(10))).state is ListState.HELD


async def test_the_plain_digest_of_a_secret_list_is_nowhere(secret_life: Life) -> None:
    life = secret_life
    await life.step(_list(1000))
    await life.step(_list(1))
    assert life.status.held is not None
    stored = b"".join(path.read_bytes() for path in life.store._directory.rglob("*.json"))
    for text in (_list(1000), _list(1)):
        assert hashlib.sha256(text).hexdigest().encode() not in stored
    key = life.store._directory / ".key"
    assert (len(key.read_bytes()), key.stat().st_mode & 0o777) == (32, 0o600)
    expected = hmac.digest(key.read_bytes(), _list(1), "sha256").hex()
    assert life.status.held.digest == expected
    again = Life(life.store._directory, life.source)  # the key outlives the process
    assert (await again.step(_list(1000))).state is ListState.UNCHANGED


async def test_a_plain_digest_of_an_older_weir_gives_way(secret_life: Life) -> None:
    life = secret_life
    plain = hashlib.sha256(_list(50)).hexdigest()
    life.store.accept(life.source, ListVersion("test", _list(50), plain, 1.0), _count(life.source, _list(50)))
    assert (await life.step(_list(50))).state is ListState.ACCEPTED
    assert life.status.serving_digest not in ("", plain)


async def test_a_release_does_not_cover_another_version(secret_life: Life) -> None:
    life = secret_life
    await life.step(_list(1000))
    await life.step(_list(100))
    assert life.status.held is not None
    life.store.accept_held(life.source, life.status.held.digest)
    assert (await life.step(_list(90))).state is ListState.HELD
    assert (await life.step(_list(100))).state is ListState.HELD


async def test_no_change_without_a_version_is_a_fault(life: Life) -> None:
    async def lying(source: ListSource, *, known: Known | None, now: float) -> Fetched:
        return NotModified()

    outcome = await refresh(life.source, life.store, now=1.0, count=_count, fetch=lying)
    assert outcome.state is ListState.FAILED
