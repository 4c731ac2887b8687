"""Where the shared answer cache lives: one file on tmpfs per appliance and size, made once and joined by every worker.

Everybody who uses a mapping holds a seat, an open-file-description lock on one byte of the file (fcntl(2)). The seat's
number marks the pages that its holder is writing; the kernel frees it when the holder dies, however it dies, so
whoever takes a seat next knows that pages locked in its name are a dead writer's. Making, joining and removing happen
one after another, under flock(2) on the same file.

A clean stop of the appliance removes its file. What an appliance leaves behind that was killed and whose run folder is
gone (the file says which it was), the next one removes that starts on this machine.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import mmap
import os
import secrets
import stat
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from resolver.core.native import CACHE_PAGE, Cache, CoreError, cache_format
from resolver.runtime.boot import BOOT_BYTES, boot_id

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - owner and kind of every file are checked, links are not followed
"""Where the file goes if the run folder is on a disk: every page written would be written back there."""
_PREFIX = "weir-answers-"
MAX_SEATS = 1024
LOCK_TRIES, LOCK_PAUSE = 100, 0.02
"""Another worker needs moments to make a file, for a size in gigabytes a second."""
OPEN_TRIES = 5
"""Times that a file may be found unusable or be replaced before our eyes."""
_NO_BOOT = bytes(BOOT_BYTES)
"""Where the boot is unknown: tmpfs itself does not outlive it either."""
_OWNER_AT, _OWNER_SIZE = 4096, 4096
"""Where the file names the run folder: in its first page, behind the core's head."""
_FLOCK = struct.Struct("@hhqqi0q")  # struct flock: type, whence, start, length (0 = to the end), pid
_NO_ROOM = {
    errno.ENOSPC: "there is no room on",
    errno.ENOMEM: "there is no memory for",
    errno.EDQUOT: "a quota ends on",
}


class MappingError(Exception):
    """The answer cache cannot be shared; the message says where, why and what to do."""


@dataclass(slots=True)
class Mapping:
    """One process's part in a file: ``cache`` is its handle, ``memory`` what it stands on."""

    path: Path
    memory: mmap.mmap
    cache: Cache
    seat: int
    descriptor: int

    def is_first(self) -> bool:
        """Whether nobody living has a lower seat. Who is first reports for all."""
        return self.seat == 0 or _holder(self.descriptor, 0, self.seat) is None

    def close(self) -> None:
        """Let go of the file. The memory stays until the last user of ``cache`` is gone, and so does the seat."""
        os.close(self.descriptor)


def whole_pages(size: int) -> int:
    """The bytes of a mapping of at most ``size``: whole pages; 0 if they are too few for a cache."""
    pages = size // CACHE_PAGE
    return pages * CACHE_PAGE if pages >= 2 else 0


def open_mapping(run: Path, size: int, edition: str = "") -> Mapping:
    """Join the cache of ``size`` bytes (of ``whole_pages``) that belongs to this run folder, or make it. Another
    ``edition`` (letters and digits) is another cache, which begins empty.

    What is left of a crash is taken over; what cannot be used is made anew, and files of other sizes and editions go: their users
    keep them until they change over. MappingError if it cannot be had.
    """
    path = _path(run, size, edition)
    try:
        for _ in range(OPEN_TRIES):
            mapping = _try(path, size, os.fsencode(run.absolute().resolve()))
            if mapping is not None:
                _remove_others(run, path)
                return mapping
    except OSError as error:
        raise MappingError(_explain(error, path, size)) from error
    raise MappingError(
        f"{path}: it was replaced again and again while this process opened it; who else uses it?"
    )


def private_cache(size: int) -> Cache:
    """A cache of this process alone, of ``size`` bytes (of ``whole_pages``)."""
    memory = mmap.mmap(-1, size)
    cache_format(memory, secrets.token_bytes(32), _NO_BOOT)
    return Cache(memory, _NO_BOOT, 0)


def remove_unused(run: Path) -> None:
    """Remove the files of this run folder that no living process uses. What cannot be removed stays."""
    for path in _files(run):
        _remove_if(path, lambda _: True)


def _remove_if(path: Path, condition: Callable[[int], bool]) -> None:
    """Remove a file that no living process uses if ``condition`` says so of its descriptor."""
    try:
        with _locked(path, create=False) as descriptor:
            if _holder(descriptor, 0, 0) is None and condition(descriptor):
                path.unlink(missing_ok=True)
    except OSError:
        return  # gone already, another user's, or being opened just now


def _try(path: Path, size: int, owner: bytes) -> Mapping | None:
    """One try to join or make the file; None if it has to be tried again."""
    with _locked(path, create=True) as descriptor:
        status = os.fstat(descriptor)
        if not _is_at(path, status):
            return None
        is_new = status.st_size == 0
        if is_new:
            _make(descriptor, path, size, owner)
        elif status.st_size != size:
            path.unlink()
            return None
        try:
            return _join(os.dup(descriptor), path, size, is_new=is_new)
        except CoreError:  # of another boot or version, or made by somebody who was killed at it
            path.unlink()
            return None


@contextmanager
def _locked(path: Path, *, create: bool) -> Iterator[int]:
    """A descriptor of the file while nobody else makes, joins or removes it."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_CREAT if create else 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid() or not stat.S_ISREG(status.st_mode):
            raise PermissionError(errno.EPERM, "it is another user's, or no file", str(path))
        _wait_for_lock(descriptor, path)
        try:
            yield descriptor
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, path: Path) -> None:
    for _ in range(LOCK_TRIES):
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOCK_PAUSE)
    raise TimeoutError(errno.ETIMEDOUT, "another process keeps it locked", str(path))


def _is_at(path: Path, status: os.stat_result) -> bool:
    """Whether the path still leads to the file that was opened."""
    try:
        return os.path.samestat(path.lstat(), status)
    except FileNotFoundError:
        return False


def _make(descriptor: int, path: Path, size: int, owner: bytes) -> None:
    """Fill an empty file with an empty cache. Memory is claimed now: later its lack would kill whoever writes."""
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    os.pwrite(descriptor, owner[:_OWNER_SIZE], _OWNER_AT)
    with mmap.mmap(descriptor, size) as memory:
        cache_format(memory, secrets.token_bytes(32), boot_id() or _NO_BOOT)


def _join(descriptor: int, path: Path, size: int, *, is_new: bool) -> Mapping:
    """Map the file and take a seat. CoreError if it is no cache of this boot. Takes over the descriptor."""
    try:
        seat = _take_seat(descriptor)
        # Not populated: ``presence`` does that once the worker serves.
        memory = mmap.mmap(descriptor, size, flags=mmap.MAP_SHARED)
        cache = Cache(memory, boot_id() or _NO_BOOT, seat)
    except BaseException:
        os.close(descriptor)
        raise
    if not is_new:  # or the look at every page would be the first use of each
        cache.recover()
        cache.recover_from(_first_beyond_all(descriptor, seat))
    return Mapping(path, memory, cache, seat, descriptor)


def _take_seat(descriptor: int) -> int:
    for seat in range(MAX_SEATS):
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, seat, 1, 0))
        except BlockingIOError:
            continue
        return seat
    raise OSError(errno.EUSERS, f"more than {MAX_SEATS} processes use it")


def _first_beyond_all(descriptor: int, seat: int) -> int:
    """The first seat from which on all are free; ours is ``seat``."""
    first = seat + 1
    while (held := _holder(descriptor, first, 0)) is not None:
        first = held + 1
    return first


def _holder(descriptor: int, start: int, end: int) -> int | None:
    """The lowest seat that another has in [start, end), ``end`` 0 for no end."""
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, start, end and end - start, 0)
    kind, _, found, _, _ = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked))
    return None if kind == fcntl.F_UNLCK else max(found, start)


def _path(run: Path, size: int, edition: str = "") -> Path:
    folder, stem = _home(run)
    return folder / (f"{stem}-{size}-{edition}" if edition else f"{stem}-{size}")


def _files(run: Path) -> list[Path]:
    folder, stem = _home(run)
    return sorted(folder.glob(f"{stem}-*"))


def _home(run: Path) -> tuple[Path, str]:
    """The folder and the beginning of the names of this appliance's files."""
    run = run.absolute().resolve()
    if _is_tmpfs(run):
        return run, "answers"
    return SHARED_MEMORY, f"{_PREFIX}{hashlib.sha256(os.fsencode(run)).hexdigest()[:16]}"


def _is_tmpfs(folder: Path) -> bool:
    try:
        device = folder.stat().st_dev
        mounts = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
    except OSError:
        return False
    number = f"{os.major(device)}:{os.minor(device)}"
    lines = (line.split() for line in mounts.splitlines())
    return any(words[2] == number and words[words.index("-") + 1] == "tmpfs" for words in lines)


def _remove_others(run: Path, kept: Path) -> None:
    for path in _files(run):
        if path != kept:
            path.unlink(missing_ok=True)
    for path in SHARED_MEMORY.glob(f"{_PREFIX}*"):
        _remove_if(path, _is_orphaned)


def _is_orphaned(descriptor: int) -> bool:
    """Whether the run folder that the file belongs to is no more. One that was never finished belongs to nobody."""
    owner = os.pread(descriptor, _OWNER_SIZE, _OWNER_AT).rstrip(b"\0")
    return not Path(os.fsdecode(owner)).is_dir() if owner else True


def _explain(error: OSError, path: Path, size: int) -> str:
    if error.errno in _NO_ROOM:
        return (
            f"{path}: {_NO_ROOM[error.errno]} {path.parent} for {size} bytes; "
            "lower resolver.cache.size, or give the tmpfs there more"
        )
    return f"{path}: {error.strerror}; remove it if nothing of Weir uses it"
