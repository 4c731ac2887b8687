"""The control process from outside: arguments, signals, locks, kills."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from admin.control import process
from admin.control.queueing import AT_ONCE
from resolver.runtime.counters import CounterPage
from resolver.tables.store import current_generation

ROOT = Path(__file__).resolve().parents[3]
DEADLINE = 25.0


def wait_for(condition: Callable[[], Any], what: Callable[[], str]) -> Any:
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.01)
    pytest.fail(f"waited in vain: {what()}")


async def test_a_decision_finds_a_thread_while_lists_are_counted() -> None:
    process.give_threads(asyncio.get_running_loop())
    counted = threading.Event()
    busy = [asyncio.ensure_future(asyncio.to_thread(counted.wait, DEADLINE)) for _ in range(2 * AT_ONCE)]
    try:
        async with asyncio.timeout(DEADLINE / 2):
            assert await asyncio.to_thread(lambda: "decided") == "decided"
    finally:
        counted.set()
        await asyncio.gather(*busy)


class Control:
    """One control process and the folder that it works on."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        with (self.folder / "stderr").open("ab") as errors:
            command = [sys.executable, "-m", "admin.control", "-c", str(self.folder / "weir.yaml")]
            environ = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
            return subprocess.Popen(command, stderr=errors, cwd=ROOT, env=environ)

    @property
    def said(self) -> str:
        return (self.folder / "stderr").read_text()

    @property
    def generation(self) -> int | None:
        return current_generation(self.folder / "var" / "state")

    def wait_generation(self, number: int) -> None:
        wait_for(lambda: self.generation == number or self.process.poll() is not None, lambda: self.said)
        assert self.generation == number, self.said

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=150) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    (tmp_path / "bets.txt").write_text("bets.example\n")
    (tmp_path / "weir.yaml").write_text(f"""\
data_dir: var
resolver: {{listen: ["127.0.0.1:5300"], workers: 1, upstreams: ["127.0.0.1:5399"]}}
gateway: {{listen: ["127.0.0.1:8080"]}}
admin: {{listen: "127.0.0.1:{port}"}}
lists: [{{id: bets, url: "file:bets.txt", format: domains, kind: category, categories: [gambling]}}]
profiles: {{strict: {{block: [gambling]}}}}
default_profile: strict
""")
    running = Control(tmp_path, port)
    yield running
    running.process.kill()
    running.process.wait()


def test_it_publishes_answers_reloads_and_stops(control: Control) -> None:
    control.wait_generation(1)
    assert control.get("/healthz") == (200, "ok\n")
    assert control.get("/readyz")[0] == 503  # no worker runs here
    assert '"action": "block"' in control.get("/api/v1/check?name=bets.example")[1]
    (control.folder / "bets.txt").write_text("bets.example\nmore.example\n")
    control.process.send_signal(signal.SIGHUP)
    wait_for(
        lambda: '"action": "block"' in control.get("/api/v1/check?name=more.example")[1],
        lambda: control.said,
    )
    with (control.folder / "weir.yaml").open("a") as file:
        file.write("colour: red\n")
    control.process.send_signal(signal.SIGHUP)
    wait_for(
        lambda: 'weir_config_reloads_total{result="rejected"} 1.0' in control.get("/metrics")[1],
        lambda: control.said,
    )
    assert "colour" in control.get("/readyz")[1]
    assert control.generation == 1  # the list changed in place, and no configuration was taken
    control.process.terminate()
    assert control.process.wait(DEADLINE) == 0


def test_two_controls_on_one_folder(control: Control) -> None:
    control.wait_generation(1)
    second = control.start()
    assert second.wait(DEADLINE) == 1
    assert f"control already runs here (process {control.process.pid})" in control.said


def test_killed_and_started_again(control: Control) -> None:
    control.wait_generation(1)
    control.process.kill()
    control.process.wait()
    control.process = control.start()
    control.wait_generation(2)


def test_a_file_with_mistakes_is_fatal_at_the_start(control: Control) -> None:
    control.wait_generation(1)
    control.process.kill()
    control.process.wait()
    path = control.folder / "weir.yaml"
    path.write_text(path.read_text().replace("workers: 1", "workers: 0") + "colour: red\n")
    control.process = control.start()
    assert control.process.wait(DEADLINE) == 2
    assert f"weir: {path}:2: resolver.workers:" in control.said
    assert f"weir: {path}:8: colour:" in control.said
    assert control.generation == 1


def test_an_unreadable_token_is_fatal_at_the_start(control: Control) -> None:
    control.wait_generation(1)
    control.process.kill()
    control.process.wait()
    path = control.folder / "weir.yaml"
    path.write_text(path.read_text().replace("admin: {", "admin: {token_file: nowhere, "))
    control.process = control.start()
    assert control.process.wait(DEADLINE) == 1
    assert "admin.token_file cannot be read" in control.said


def test_ready_when_the_data_plane_says_so(control: Control) -> None:
    from admin.services.process_state import ProcessState, SupervisorState, file_of, write_state

    control.wait_generation(1)
    run = control.folder / "var" / "run"
    pages = [CounterPage(run / name, ("generation",)) for name in ("worker-0.counters", "gateway.counters")]
    for page in pages:
        page.set(0, 1)
    names = ("resolver-0", "gateway")
    processes = tuple(ProcessState(name, "ready", os.getpid(), 0) for name in names)
    write_state(file_of(run, "test"), SupervisorState(os.getpid(), processes))
    assert wait_for(lambda: control.get("/readyz")[0] == 200, lambda: control.get("/readyz")[1])


@pytest.mark.parametrize(("filename", "shown"), [(None, "var"), ("/somewhere/token", "/somewhere/token")])
def test_a_full_disk_at_the_start_is_said_with_place_and_remedy(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    filename: str | None,
    shown: str,
) -> None:
    def full(_config: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), filename)

    (tmp_path / "weir.yaml").write_text("data_dir: var\n")
    for name in ("configure_logs", "forbid_core_dumps", "keep_little_memory"):
        monkeypatch.setattr(process, name, lambda *_: None)
    monkeypatch.setattr(process, "_run", full)
    assert process.main(["-c", str(tmp_path / "weir.yaml")]) == process.FAILED
    said = capsys.readouterr().err
    assert f"{shown}: {os.strerror(errno.ENOSPC)}; make room" in said
