"""The admin API's socket, without the server behind it: an address that cannot be had is known before anything begins."""

from __future__ import annotations

import os
import socket

from admin.config.endpoints import HostPort


class ListenError(Exception):
    """The address cannot be had; the message says which and what to do."""


def listen(address: HostPort) -> socket.socket:
    """A listening TCP socket; connections wait in it until it is served. ListenError if the address cannot be had."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise ListenError(
            f"{address} (TCP) cannot be served ({reason}): stop the program that has it, or change admin.listen"
        ) from error
