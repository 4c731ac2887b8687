"""The rig itself: namespaces come and go, and a short benchmark of the echo and one peer gives sound figures."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.bench.__main__ import parse
from deploy.bench.peers import unbound
from deploy.bench.report import markdown
from deploy.bench.rig import open_rig
from deploy.bench.session import Plan, run

NETNS = Path("/var/run/netns")


def mine() -> list[str]:
    return [path.name for path in NETNS.glob(f"weir-bench-{os.getpid()}-*")]


def needs_namespaces() -> None:
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not allow network namespaces")


def test_namespaces_are_taken_down_whatever_happens() -> None:
    needs_namespaces()

    def fail() -> None:
        with open_rig() as rig, rig.open_socket() as sock:
            assert len(mine()) == 2
            sock.bind(("10.64.3.4", 0))  # an address that only the client's side has
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert mine() == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("loopback", [False, True])
def test_a_short_benchmark(tmp_path: Path, loopback: bool) -> None:
    if not loopback:
        needs_namespaces()
    if shutil.which("unbound") is None:
        pytest.skip("unbound is not installed: deploy/bootstrap --dev")
    plan = Plan(tmp_path, ("echo", unbound.PEER.name), ("S1", "S3"), 500, 1, 0.2, loopback=loopback)
    results = run(plan)
    assert [facts.problem for facts in results.servers] == ["", ""]
    for key in plan.scenarios:
        [sample] = results.samples[key, "unbound"]
        assert sample.outcome.answered > 0
        assert sample.outcome.wrong == 0
        assert (results.cpu(key, "echo") or 0) > 0
    assert len(results.latencies) == 2 * 2 * 4
    assert ("on loopback (as asked)" in markdown(results)) is loopback


def test_a_peer_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.bench.server.Peer.is_installed", property(lambda peer: peer.name == "echo"))
    results = run(Plan(tmp_path, ("echo", "bind"), (), 100, 1, 0.1, loopback=True))
    assert "- bind: not installed: deploy/bootstrap --dev installs it" in markdown(results)


def test_the_command_line() -> None:
    told, plan = parse(["--quick", "--only", "S1,S3", "--servers", "weir,echo", "--seconds", "1"])
    assert (plan.scenarios, plan.servers, plan.seconds, plan.rounds) == (
        ("S1", "S3"),
        ("weir", "echo"),
        1.0,
        1,
    )
    assert told.report is None


@pytest.mark.parametrize("words", [["--only", "S9"], ["--servers", "nobody"]])
def test_what_does_not_exist_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(words)
    assert "is none of" in capsys.readouterr().err
