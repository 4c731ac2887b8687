"""What the shell tells the exchange (events) and what the exchange tells the shell to do (commands).

Waiters and attempts are numbers: the shell chooses a waiter's, the exchange an attempt's; neither is used twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from resolver.exchange.endpoint import Endpoint
from resolver.exchange.model import Question, Resolution


class Trouble(Enum):
    """Why an attempt ended without a reply."""

    REFUSED = auto()
    """The network or the upstream said no: ICMP error, reset, connection closed early, no route."""
    NO_SOCKET = auto()
    """This machine has no socket or port left; the upstream is not to blame."""


class Asked(NamedTuple):
    """Somebody waits for the answer to a question; exactly one Deliver follows unless Withdrawn comes first."""

    question: Question
    waiter: int


class Withdrawn(NamedTuple):
    """The waiter is gone and gets no Deliver. Its question is seen through for the cache."""

    waiter: int


class DatagramReceived(NamedTuple):
    """A datagram came to the attempt's socket, from whoever ``source`` is."""

    attempt: int
    data: bytes
    source: Endpoint


class MessageReceived(NamedTuple):
    """A whole message came over the attempt's connection."""

    attempt: int
    data: bytes


class AttemptFailed(NamedTuple):
    """The attempt's socket or connection is of no more use."""

    attempt: int
    trouble: Trouble


@dataclass(frozen=True, slots=True)
class TimePassed:
    """The time that ``Exchange.next_timer`` named has come."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The process ends: every waiter gets a failure now, every attempt is closed."""


Event = Asked | Withdrawn | DatagramReceived | MessageReceived | AttemptFailed | TimePassed | Stopped


class SendDatagram(NamedTuple):
    """Open a fresh UDP socket on a random port for the attempt, send ``data``, pass on what comes back."""

    attempt: int
    endpoint: Endpoint
    data: bytes


class SendMessage(NamedTuple):
    """Open a TCP connection for the attempt, send ``data`` with its length, pass on the one message that comes."""

    attempt: int
    endpoint: Endpoint
    data: bytes


class Close(NamedTuple):
    """Close the attempt's socket or connection; nothing more is wanted from it."""

    attempt: int


class Deliver(NamedTuple):
    """Give the waiter the end of its question."""

    waiter: int
    resolution: Resolution


Command = SendDatagram | SendMessage | Close | Deliver
