"""Readiness and watchdog messages, as sd_notify(3) defines them: one datagram to ``$NOTIFY_SOCKET``.

The same messages go to systemd when a unit runs the process and to ``weir serve`` when it does; a process need not
know which. Without the variable every call is a no-op.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import os
import socket
from collections.abc import Mapping

WAITING_SECONDS = 10.0
"""Between two messages of a process that waits, where the manager has no watchdog."""


def notify(*fields: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send ``KEY=value`` fields as one message; False when nobody listens or the message is lost."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):  # a Linux abstract socket
        address = "\0" + address[1:]
    try:
        _sender().sendto("\n".join(fields).encode(), address)
    except OSError:
        return False  # the manager is gone, its queue is full, or files have run out: never a reason to stop serving
    return True


@functools.cache
def _sender() -> socket.socket:
    """One socket for the life of the process: a sign of life must not need a free descriptor when there is none."""
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    atexit.register(sender.close)
    return sender


async def keep_waiting(what: str, environ: Mapping[str, str] = os.environ) -> None:
    """Say again and again, until cancelled, what a process waits for before it can be ready.

    Waiting is no failure to start, however long a first list takes. Only a process that falls silent is one.
    """
    interval = watchdog_interval(environ) or WAITING_SECONDS
    while True:
        notify("WATCHDOG=1", f"STATUS=waiting for {what}", environ=environ)
        await asyncio.sleep(interval)


def watchdog_interval(environ: Mapping[str, str] = os.environ) -> float | None:
    """Seconds between two ``WATCHDOG=1`` messages (half of what the manager allows); None if it asks for none."""
    microseconds = environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdigit() or int(microseconds) == 0:
        return None
    pid = environ.get("WATCHDOG_PID", "")
    if pid and pid != str(os.getpid()):
        return None
    return int(microseconds) / 2_000_000
