"""Is this folder the one in which the log began, or a copy of it? A file that says which file it is.

Two boxes with the same keys and the same history would write two histories. A copied or restored folder has another file
under the same name; what cannot be told here is a machine that was cloned with all its disks (witnesses will).
"""

from __future__ import annotations

import os
from pathlib import Path

from admin.audit.doubt import ANOTHER_LOG

COPIED = (
    "this data folder is a copy, or was restored from a backup: the original may have gone on with the public log, or still "
    "does. If it runs no more and nothing was published since the copy was made: weir audit adopt --yes --reason WHY. If that "
    f"is not certain, {ANOTHER_LOG}; then weir audit adopt --yes --reason WHY"
)


def is_copy(path: Path) -> bool:
    """Whether the file says that it is another one; a missing or torn one says nothing. OSError."""
    try:
        with path.open("rb") as file:
            said, status = file.read(64), os.fstat(file.fileno())
    except FileNotFoundError:
        return False
    return said.endswith(b"\n") and said != _line(status)


def settle_in(path: Path) -> None:
    """This is where the log is written, from now on. OSError."""
    temporary = path.with_name(f".{path.name}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, _line(os.fstat(handle)))
        os.fsync(handle)
    finally:
        os.close(handle)
    temporary.rename(path)


def _line(status: os.stat_result) -> bytes:
    """Without the device: its number changes from one start of the machine to the next."""
    return f"inode {status.st_ino}\n".encode()
