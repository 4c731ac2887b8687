"""What the log does to a disk, each act by itself, so that a test can let any of them fail or forget it.

Nothing here knows what a file holds. What others may be reading is whole under its name or absent: it is written in a
folder that nobody is served from, on the same file system, and moved.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

_FILE, _FOLDER = 0o644, 0o755
"""What is written is public; who may come to it is said by the folder above."""


class Disk:
    """One file system. Errors are those of the calls (OSError)."""

    def __init__(self, spare: Path) -> None:
        """``spare`` is where files are written before they have their name; made if missing."""
        self._temporary = spare / "new.tmp"

    def write(self, path: Path, data: bytes, *, whole: bool = True) -> None:
        """Make ``path`` hold exactly this; it is on the disk with the next ``flush_all``.

        Not ``whole``: somebody who reads it meanwhile may find a part of it, if there was nothing before. That costs half as
        much, and is for files that nobody reads yet.
        """
        if not whole:
            with contextlib.suppress(FileExistsError):
                self._put_there(path, data, os.O_EXCL)
                return
        temporary = self._temporary
        try:
            self._put_there(temporary, data, os.O_TRUNC)
            self.move(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise

    def name_again(self, source: Path, path: Path) -> None:
        """Give a whole file another name, in place of what had that: a third of what writing it again costs."""
        temporary = self._temporary
        try:
            os.link(source, temporary)
        except FileExistsError:  # left behind; a rename does nothing where both names are of one file already
            temporary.unlink()
            os.link(source, temporary)
        self.move(temporary, path)

    def change(self, path: Path, data: bytes, at: int, *, durable: bool) -> None:
        """Write over a part of a file, which is made if missing; ``durable``: and wait until that is on the disk."""
        with self._opened(path, os.O_WRONLY | os.O_CREAT) as handle:
            os.lseek(handle, at, os.SEEK_SET)
            self.put(handle, data)
            if durable:
                self.flush(handle)

    def read(self, path: Path, at: int = 0, count: int = -1) -> bytes:
        """All of a file, or ``count`` bytes from ``at`` on: as many of them as there are."""
        with path.open("rb", buffering=0) as file:
            file.seek(at)
            return file.read(count) or b""

    def size(self, path: Path) -> int:
        """Bytes of a file; 0 if it is missing."""
        try:
            return path.stat().st_size
        except FileNotFoundError:
            return 0

    def _put_there(self, path: Path, data: bytes, how: int) -> None:
        with self._opened(path, os.O_WRONLY | os.O_CREAT | how) as handle:
            self.put(handle, data)

    # ---- the single acts ----

    def put(self, handle: int, data: bytes) -> None:
        """Write all of this."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]

    def flush(self, handle: int) -> None:
        """Wait until what was written is on the disk, and how long the file is."""
        os.fdatasync(handle)

    def move(self, source: Path, target: Path) -> None:
        """Give a file its name, in place of what had it. Folders are made."""
        try:
            source.rename(target)
        except FileNotFoundError:
            self.make(target.parent)
            source.rename(target)

    def make(self, folder: Path) -> None:
        """Make a folder and those above it."""
        folder.mkdir(mode=_FOLDER, parents=True, exist_ok=True)

    def remove(self, path: Path) -> None:
        """Remove a file; it may be missing."""
        path.unlink(missing_ok=True)

    def flush_folder(self, folder: Path) -> None:
        """Wait until the names in a folder are on the disk."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def flush_all(self, folder: Path) -> None:
        """Wait until everything on the file system of this folder is on the disk: one call for thousands of files."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if ctypes.CDLL(None, use_errno=True).syncfs(handle) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), str(folder))
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def _opened(self, path: Path, flags: int) -> Iterator[int]:
        flags |= os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            handle = os.open(path, flags, _FILE)
        except FileNotFoundError:
            self.make(path.parent)
            handle = os.open(path, flags, _FILE)
        try:
            yield handle
        finally:
            os.close(handle)
