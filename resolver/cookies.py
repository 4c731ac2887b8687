"""DNS cookies of the box (RFC 7873, RFC 9018): one master secret in a file, of which every day has its own.

Whichever worker comes first makes the file; all others read it, so any worker knows the cookies of any other, and
nobody has to agree on when a secret changes: it follows from the date. The previous day's secret is still believed;
a cookie is good for an hour only. The master never leaves this module but in the file (mode 0600), and no secret is
ever logged.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from blocklists.private_files import write_private
from resolver.clients.address import parse_address
from resolver.core.native import CookieSecrets

FILE = "cookie.secret"
"""In the run folder."""
DAY = 86_400
"""Seconds that a secret is given out for (RFC 7873 section 7.1 asks for 36 days at most and advises one)."""
MASTER_OCTETS = 32
_SECRET_OCTETS = 16
_CLIENT_OCTETS = 8
_PERSON = b"weir-cookie"


def master_secret(run: Path, random: Callable[[int], bytes]) -> bytes:
    """The box's master secret from the file in ``run``, made of ``random(size)`` if there is none that is whole.

    OSError if it can be neither read nor made: a worker may then use one of its own, which only it believes.
    """
    folder = os.open(run, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(
            folder, fcntl.LOCK_EX
        )  # workers start together, and one secret must win; ends with its holder
        path = run / FILE
        with contextlib.suppress(FileNotFoundError):
            content = path.read_bytes()
            if len(content) == MASTER_OCTETS:
                return content
        content = random(MASTER_OCTETS)  # half a file (somebody's hand) is replaced
        write_private(path, content)
        return content
    finally:
        os.close(folder)


def daily_secrets(master: bytes, now: float) -> tuple[bytes, bytes]:
    """The secrets of the day that ``now`` (Unix seconds) is in, and of the day before."""
    day = int(now // DAY)
    return _secret_of(master, day), _secret_of(master, day - 1)


def _secret_of(master: bytes, day: int) -> bytes:
    number = day.to_bytes(8, "big", signed=True)
    return hashlib.blake2b(number, key=master, digest_size=_SECRET_OCTETS, person=_PERSON).digest()


class Cookies:
    """The cookies that Python's answers carry; what the core gives out is made of the same ``secrets``."""

    def __init__(self, master: bytes) -> None:
        self._master = master
        self._day = -1
        self._made = CookieSecrets(())

    def secrets(self, now: float) -> tuple[bytes, bytes]:
        """The present secret and its predecessor at ``now`` (Unix seconds), for the core's state."""
        return daily_secrets(self._master, now)

    def answer(self, option: bytes, client: str, now: float) -> bytes:
        """The content of an answer's COOKIE option: the client's cookie and ours, made at ``now``."""
        if int(now // DAY) != self._day:
            self._day = int(now // DAY)
            self._made = CookieSecrets(self.secrets(now))
        cookie = option[:_CLIENT_OCTETS]
        return cookie + self._made.make(cookie, parse_address(client).packed, int(now) & 0xFFFF_FFFF)
