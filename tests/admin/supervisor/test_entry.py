"""``weir serve`` before its loop: configurations, addresses, locks, and what is printed when all is ready."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

import admin.supervisor.entry as entry
from admin.services.locking import Lock, LockedError
from admin.services.parts import Part
from admin.services.place import Place
from admin.supervisor.plan import Plan, Programs

PROGRAMS = Programs(("control",), ("gateway",), ("resolver",))


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that would have been run."""
    plans: list[Plan] = []

    async def supervise(plan: Plan, _demo: Path) -> int:
        plans.append(plan)
        return 0

    monkeypatch.setattr(entry, "_supervise", supervise)
    monkeypatch.delenv(entry.DATA_DIR_VARIABLE, raising=False)
    return plans


@pytest.fixture
def config(tmp_path: Path, address: Any) -> Path:
    path = tmp_path / "weir.yaml"
    path.write_text(f"""\
data_dir: var
resolver: {{listen: ["{address()}"], workers: 1, upstreams: ["127.0.0.1:5399"]}}
gateway: {{listen: ["{address()}"]}}
admin: {{listen: "{address()}"}}
""")
    return path


def test_everything(config: Path, served: list[Plan]) -> None:
    assert entry.run(config, None, None) == 0
    (plan,) = served
    assert plan.parts == frozenset(Part)
    assert plan.place == Place(config.parent / "var")
    assert plan.scope == "all"
    assert plan.programs.control[1:] == ("-m", "admin.control", "-c", str(config))


@pytest.mark.parametrize(("key", "protocol"), [("resolver", "UDP"), ("gateway", "TCP"), ("admin", "TCP")])
def test_an_address_in_use_is_one_clear_error(
    config: Path, served: list[Plan], capsys: pytest.CaptureFixture[str], key: str, protocol: str
) -> None:
    (line,) = (line for line in config.read_text().splitlines() if line.startswith(key))
    where = line.split('"')[1]
    host, _, port = where.partition(":")
    with socket.socket(type=socket.SOCK_DGRAM if protocol == "UDP" else socket.SOCK_STREAM) as other:
        other.bind((host, int(port)))
        if protocol == "TCP":
            other.listen()
        assert entry.run(config, None, None) == 1
    assert capsys.readouterr().err == (
        f"weir: {where} ({protocol}) is in use by another program: stop it or change {key}.listen\n"
    )
    assert served == []


@pytest.mark.parametrize("only", ["resolver", "gateway"])
def test_mistakes_are_all_said(
    config: Path, served: list[Plan], capsys: pytest.CaptureFixture[str], only: str | None
) -> None:
    config.write_text(config.read_text() + "colour: red\nshape: round\n")
    assert entry.run(config, only, None) == 2
    said = capsys.readouterr().err
    assert f"weir: {config}:5: colour:" in said
    assert f"weir: {config}:6: shape:" in said
    assert served == []


@pytest.mark.parametrize(
    ("only", "slot", "scope"), [("resolver", 3, "resolver-3"), ("gateway", None, "gateway")]
)
def test_the_data_plane_needs_no_configuration(
    tmp_path: Path,
    served: list[Plan],
    monkeypatch: pytest.MonkeyPatch,
    only: str,
    slot: int | None,
    scope: str,
) -> None:
    monkeypatch.setenv(entry.DATA_DIR_VARIABLE, str(tmp_path / "data"))
    assert entry.run(tmp_path / "no such file.yaml", only, slot) == 0
    assert (served[0].place, served[0].scope) == (Place(tmp_path / "data"), scope)


def test_control_always_needs_its_configuration(
    tmp_path: Path, served: list[Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(entry.DATA_DIR_VARIABLE, str(tmp_path / "data"))
    assert entry.run(tmp_path / "no such file.yaml", "admin", None) == 2
    assert entry.run(tmp_path / "no such file.yaml", None, None) == 2


def test_a_second_weir_on_the_same_data(
    config: Path, served: list[Plan], capsys: pytest.CaptureFixture[str]
) -> None:
    run = config.parent / "var" / "run"
    run.mkdir(parents=True)
    lock = Lock(run / "serve-gateway.lock", what="weir serve (gateway)")
    assert entry.run(config, None, None) == 1
    assert f"weir serve (gateway) already runs here (process {os.getpid()})" in capsys.readouterr().err
    assert entry.run(config, "resolver", 0) == 0
    lock.release()
    assert entry.run(config, None, None) == 0
    assert len(served) == 2


def test_slots_bear_one_another(config: Path) -> None:
    place = Place(config.parent / "var")
    place.create()
    plans = [Plan(place, PROGRAMS, frozenset({Part.RESOLVER}), slot) for slot in (0, 1, None)]
    with entry._locks(plans[0]), entry._locks(plans[1]):
        with (
            pytest.raises(LockedError, match=r"weir serve \(worker 1\) already runs here"),
            entry._locks(plans[1]),
        ):
            pass
        with (
            pytest.raises(LockedError, match=r"weir serve \(resolver\) already runs here"),
            entry._locks(plans[2]),
        ):
            pass
    with entry._locks(plans[2]):
        pass


@pytest.mark.parametrize("text", ["Try: kdig @127.0.0.1\n", None])
def test_the_line_that_people_wait_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    demo = tmp_path / "demo.txt"
    if text is not None:
        demo.write_text(text)
    entry._announce(demo)
    assert capsys.readouterr().out == "weir: ready\n" + (text or "")


@pytest.mark.parametrize(("only", "removed"), [(None, True), (Part.RESOLVER, True), (Part.GATEWAY, False)])
def test_a_clean_stop_removes_the_answer_cache(
    config: Path, served: list[Plan], monkeypatch: pytest.MonkeyPatch, only: Part | None, removed: bool
) -> None:
    runs: list[Path] = []
    monkeypatch.setattr("resolver.outbound.mapping.remove_unused", runs.append)
    assert entry.run(config, only, None) == 0
    assert runs == ([config.parent / "var" / "run"] if removed else [])
