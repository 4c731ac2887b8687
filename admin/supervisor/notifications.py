"""The manager's side of sd_notify(3): what children say of themselves, each message attributed to its sender.

The socket has an abstract name, so neither the length of a path (108 bytes) nor a folder's rights matter; any local
process may send to it, but the kernel states the sender's process id and only our own children are heard.
"""

from __future__ import annotations

import secrets
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass

_CREDENTIALS = struct.Struct("iII")  # struct ucred: pid, uid, gid (unix(7))
_LONGEST = 4096
"""Bytes of a message; ours are a hundred."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: the sender's process id and its ``KEY=value`` fields."""

    pid: int
    fields: Mapping[str, str]


class NotificationSocket:
    """Receives messages; ``address`` is what goes into NOTIFY_SOCKET."""

    def __init__(self) -> None:
        """Bind a fresh abstract name."""
        name = f"weir-{secrets.token_hex(8)}"
        self.address = f"@{name}"
        self._socket = socket.socket(
            socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(f"\0{name}")

    def fileno(self) -> int:
        """For the event loop."""
        return self._socket.fileno()

    def receive(self) -> list[Message]:
        """All messages that wait; those without a sender or without sense are dropped."""
        messages: list[Message] = []
        while True:
            try:
                data, ancillary, _, _ = self._socket.recvmsg(_LONGEST, socket.CMSG_SPACE(_CREDENTIALS.size))
            except BlockingIOError:
                return messages
            pid = _sender(ancillary)
            if pid is not None:
                messages.append(Message(pid, parse_fields(data)))

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


def parse_fields(data: bytes) -> dict[str, str]:
    """``KEY=value`` lines; a later one wins, anything else is passed over."""
    lines = data.decode(errors="replace").split("\n")
    return {
        key: value for key, separator, value in (line.partition("=") for line in lines) if separator and key
    }


def _sender(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS) and len(data) >= _CREDENTIALS.size:
            pid, _, _ = _CREDENTIALS.unpack_from(data)
            return int(pid)
    return None
