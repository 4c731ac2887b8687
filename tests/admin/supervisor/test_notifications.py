"""Messages of children: attributed to their sender by the kernel, harmless whatever they hold."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.supervisor.notifications import Message, NotificationSocket, parse_fields
from resolver.runtime.notify import notify

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def manager() -> Iterator[NotificationSocket]:
    socket = NotificationSocket()
    yield socket
    socket.close()


def test_a_message_carries_its_senders_number(manager: NotificationSocket) -> None:
    environ = {"NOTIFY_SOCKET": manager.address}
    assert notify("READY=1", "STATUS=serving generation 3", environ=environ)
    assert notify("WATCHDOG=1", environ=environ)
    assert manager.receive() == [
        Message(os.getpid(), {"READY": "1", "STATUS": "serving generation 3"}),
        Message(os.getpid(), {"WATCHDOG": "1"}),
    ]
    assert manager.receive() == []


def test_another_process_has_another_number(manager: NotificationSocket) -> None:
    environ = os.environ | {"NOTIFY_SOCKET": manager.address, "PYTHONPATH": str(ROOT)}
    code = "import os; from resolver.runtime.notify import notify; notify('READY=1'); print(os.getpid())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, check=True, timeout=20
    )
    assert manager.receive() == [Message(int(done.stdout), {"READY": "1"})]


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (b"", {}),
        (b"READY=1\n", {"READY": "1"}),
        (b"STATUS=a=b\nnonsense\n=x\n\xff\xfe", {"STATUS": "a=b"}),
        (b"READY=0\nREADY=1", {"READY": "1"}),
    ],
)
def test_fields(data: bytes, fields: dict[str, str]) -> None:
    assert parse_fields(data) == fields


def test_garbage_is_survived(manager: NotificationSocket) -> None:
    environ = {"NOTIFY_SOCKET": manager.address}
    notify("x" * 100_000, environ=environ)
    notify("\0\0\0", environ=environ)
    notify("READY=1", environ=environ)
    assert manager.receive()[-1].fields == {"READY": "1"}
