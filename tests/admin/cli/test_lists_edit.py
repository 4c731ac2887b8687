"""``weir lists edit``: what is asked of control, and what its answers become."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., tuple[int, str, str]]


@dataclass
class Control:
    """A control that answers what the test wants and remembers what it was asked."""

    port: int = 0
    status: int = 200
    answer: bytes = b'{"list": "bets", "in_force": 2, "compiling": false, "waits": "", "edits": [{}, {}, {}]}'
    asked: list[tuple[str, str | None, Any]] = field(default_factory=list)


@pytest.fixture
def control(folder: Path) -> Iterator[Control]:
    made = Control()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.asked.append((self.path, self.headers["Authorization"], body))
            self.send_response(made.status)
            self.end_headers()
            self.wfile.write(made.answer)

        def log_message(self, format: str, *arguments: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    listen_on(folder, made.port)
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def listen_on(folder: Path, port: int, more: str = "") -> None:
    path = folder / "weir.yaml"
    path.write_text(path.read_text() + f'admin: {{listen: "127.0.0.1:{port}"{more}}}\n')


def test_what_is_asked_reaches_control(weir: Run, control: Control) -> None:
    status, out, _ = weir(
        "lists", "edit", "bets", "--add", "a.example", "--add", "b.example", "--take-back", "c.example"
    )
    assert status == 0
    assert "3 kept, 2 in force now, 3 edits hold in all; the lists are being compiled" in out
    body = {"add": [{"name": "a.example"}, {"name": "b.example"}], "take_back": [{"name": "c.example"}]}
    assert control.asked == [("/api/v1/lists/bets/entries", None, body)]


def test_scope_and_token_are_sent(weir: Run, control: Control, folder: Path) -> None:
    text = (folder / "weir.yaml").read_text()
    (folder / "token").write_text("a-token-of-twenty-six-letters\n")
    (folder / "weir.yaml").write_text(text.replace(f'{control.port}"', f'{control.port}", token_file: token'))
    assert weir("lists", "edit", "a b/c", "--remove", "a.example", "--scope", "host")[0] == 0
    wanted = {"remove": [{"name": "a.example", "scope": "host"}]}
    assert control.asked == [
        ("/api/v1/lists/a%20b%2Fc/entries", "Bearer a-token-of-twenty-six-letters", wanted)
    ]


@pytest.mark.parametrize(("status", "exit_status"), [(422, 1), (404, 1), (503, 3)])
def test_a_refusal_is_told(weir: Run, control: Control, status: int, exit_status: int) -> None:
    control.status, control.answer = status, b'{"detail": "Nothing was changed: because"}'
    assert weir("lists", "edit", "bets", "--add", "a.example") == (
        exit_status, "", "weir: Nothing was changed: because\n",
    )  # fmt: skip


def test_an_answer_that_is_none(weir: Run, control: Control) -> None:
    control.answer = b"<html>"
    status, _, err = weir("lists", "edit", "bets", "--add", "a.example")
    assert (status, "is not the admin API" in err) == (3, True)


def test_without_control_nothing_is_told(weir: Run, folder: Path) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        listen_on(folder, sock.getsockname()[1])
        status, _, err = weir("lists", "edit", "bets", "--add", "a.example")
    assert status == 3
    assert "is Weir running" in err


def test_an_edit_of_nothing_is_a_usage_error(weir: Run) -> None:
    status, _, err = weir("lists", "edit", "bets")
    assert status == 2
    assert "--add NAME" in err
