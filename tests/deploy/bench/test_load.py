"""The C programs: the generator against the echo and the upstream on loopback, and what it refuses."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.bench.build import FLAGS, PARTS, SOURCES, Programs, build
from deploy.bench.measure import parse_slices

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    return build(tmp_path_factory.mktemp("bin"))


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture
def start() -> Iterator[Callable[..., int]]:
    started = []

    def call(program: Path, *more: str) -> int:
        port = free_port()
        process = subprocess.Popen([program, "127.0.0.1", str(port), *more], stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return port

    yield call
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def load(programs: Programs, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    def call(port: int, questions: str, *more: str) -> dict[str, Any]:
        (tmp_path / "questions").write_text(questions)
        command = [programs.load, "--server", "127.0.0.1", "--port", str(port)]
        command += ["--questions", str(tmp_path / "questions"), "--seconds", "0.3", *more]
        done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=True)
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    return call


@pytest.mark.parametrize("compiler", [name for name in ("gcc", "clang") if shutil.which(name)])
@pytest.mark.parametrize("program", PARTS)
def test_no_warnings(tmp_path: Path, compiler: str, program: str) -> None:
    parts = [str(SOURCES / part) for part in PARTS[program]]
    command = [compiler, *FLAGS, "-Wconversion", "-Werror", *parts, "-o", str(tmp_path / program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_built_is_not_built_again(programs: Programs) -> None:
    before = programs.load.stat().st_mtime_ns
    assert build(programs.load.parent).load.stat().st_mtime_ns == before


def test_closed_loop(programs: Programs, start: Any, load: Any) -> None:
    told = load(
        start(programs.target),
        "www.a.example A 198.51.100.7\nnx-a.example A -\nNx-b.example A -\n*.b.example AAAA -\n",
    )
    assert told["answered"] == told["sent"] > 100
    assert (told["lost"], told["wrong"], told["stray"]) == (0, 0, 0)
    assert set(told["rcodes"]) == {"0", "3"}
    assert 0 < told["latency_us"]["p50"] <= told["latency_us"]["p99.9"] <= told["latency_us"]["max"] * 1.02


def test_wrong_answers_are_counted(programs: Programs, start: Any, load: Any) -> None:
    told = load(start(programs.target), "www.a.example A 192.0.2.1\nwww.b.example A -\n", "--edns")
    assert told["wrong"] == told["answered"] > 0


def test_open_loop_keeps_its_schedule_and_slices_add_up(
    programs: Programs, start: Any, load: Any, tmp_path: Path
) -> None:
    slices = tmp_path / "slices.csv"
    told = load(start(programs.echo), "a.example A\n", "--rate", "2000", "--slices", str(slices))
    # A generator that got its turn late sends at once what is due by then.
    assert 598 <= told["sent"] <= 2000 * told["seconds"] + 2
    parts = parse_slices(slices.read_text())
    assert sum(part.sent for part in parts) == told["sent"]
    assert sum(part.answered for part in parts) == told["answered"]
    assert parts[1].ms == 10


def test_latency_counts_from_when_a_query_was_due(programs: Programs, start: Any, load: Any) -> None:
    told = load(start(programs.target, "30"), "a.example A\n", "--rate", "1000")
    assert told["latency_us"]["p50"] > 29_000
    assert told["lost"] == 0


def test_the_generator_ends_when_it_is_told(programs: Programs, start: Any, tmp_path: Path) -> None:
    (tmp_path / "questions").write_text("a.example A\n")
    port, slices = start(programs.echo), tmp_path / "slices.csv"
    command = [
        programs.load,
        "--server",
        "127.0.0.1",
        "--port",
        str(port),
        "--rate",
        "1000",
        "--seconds",
        "60",
    ]
    command += ["--questions", str(tmp_path / "questions"), "--slices", str(slices)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.terminate()
    told = json.loads(process.communicate(timeout=150)[0])
    assert process.returncode == 0
    assert 0 < told["seconds"] < 60
    assert told["sent"] == told["answered"] == sum(part.sent for part in parse_slices(slices.read_text()))
    assert 0 < told["spare"] <= 1


def test_silence_is_loss(load: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        told = load(silent.getsockname()[1], "a.example A\n", "--window", "10", "--timeout", "100")
    assert told["lost"] == told["sent"] > 10  # the window opens again when a query is given up
    assert told["answered"] == 0


def test_once(programs: Programs, start: Any, load: Any) -> None:
    questions = "".join(f"n{number}.example A\n" for number in range(1000))
    told = load(start(programs.target), questions, "--once", "--window", "50", "--seconds", "10")
    assert 1000 <= told["sent"] < 1064
    assert told["seconds"] < 10


def test_sources_are_spread(programs: Programs, load: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        load(
            server.getsockname()[1],
            "a.example A\n",
            "--sources",
            "127.64.0.0,50",
            "--window",
            "100",
            "--timeout",
            "50",
        )
        server.settimeout(30)
        seen = {server.recvfrom(512)[1][0] for _ in range(100)}
    assert len(seen) > 20
    assert all(address.startswith("127.64.0.") and int(address.rpartition(".")[2]) < 50 for address in seen)


@pytest.mark.parametrize(
    ("words", "questions", "says"),
    [
        (["--rate", "fast"], "a.example A\n", "not a number in range: fast"),
        (["--window", "0"], "a.example A\n", "not a number in range: 0"),
        (["--sources", "10.0.0.0"], "a.example A\n", "ADDRESS,COUNT"),
        ([], "a..example A\n", "line 1: the first word is no domain name"),
        ([], f"{'a' * 64}.example A\n", "line 1: the first word is no domain name"),
        ([], "a.example WHAT\n", "line 1: the second word is no record type"),
        ([], "# nothing\n\n", "has no question"),
        ([], "a.example A 1.2.3\n", "neither an IPv4 address"),
    ],
)
def test_what_it_refuses(
    programs: Programs, tmp_path: Path, words: list[str], questions: str, says: str
) -> None:
    (tmp_path / "questions").write_text(questions)
    command = [programs.load, "--server", "127.0.0.1", "--questions", str(tmp_path / "questions"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 2
    assert says in done.stderr
