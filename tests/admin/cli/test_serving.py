"""``weir serve`` without Typer understands what Typer would, and leaves to it what is to be explained."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import admin.supervisor
from admin.cli import main
from admin.cli.serving import Asked, plainly
from admin.services.parts import Part

Run = Callable[..., tuple[int, str, str]]
Call = tuple[Path, str | None, int | None]
OPTIONS = st.sampled_from(["-c", "--config", "--only", "--slot", "--help", "-ca.yaml", "--only=admin"])
VALUES = st.sampled_from(
    [
        "a.yaml",
        "resolver",
        "gateway",
        "admin",
        "RESOLVER",
        "",
        "0",
        "255",
        "256",
        "-1",
        "+1",
        "01",
        "1 ",
        "\u0661",
    ]
)


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ("serve", Asked()),
        ("serve -c a.yaml", Asked(Path("a.yaml"))),
        ("serve --only gateway --config a.yaml", Asked(Path("a.yaml"), Part.GATEWAY)),
        ("serve --slot 255 --only resolver", Asked(None, Part.RESOLVER, 255)),
        ("", None),
        ("check bets.example", None),
        ("serve --help", None),
        ("serve -c", None),
        ("serve -c a.yaml -c b.yaml", None),
        ("serve -c --help", None),
        ("serve --only control", None),
        ("serve --only gateway --slot 1", None),
        ("serve --only resolver --slot 256", None),
        ("serve --slot 1", None),
    ],
)
def test_what_is_understood_without_typer(arguments: str, asked: Asked | None) -> None:
    assert plainly(arguments.split()) == asked


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """What the supervisor, which does not run, was asked for."""
    made: list[Call] = []

    def supervise(config_path: Path, only: str | None, slot: int | None) -> int:
        made.append((config_path, only, slot))
        return 1

    monkeypatch.setattr(admin.supervisor, "run", supervise)
    return made


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(st.tuples(OPTIONS, VALUES), max_size=3))
@example(pairs=[("--slot", "7"), ("-c", "a.yaml"), ("--only", "resolver")])
def test_typer_understands_the_same(weir: Run, calls: list[Call], pairs: list[tuple[str, str]]) -> None:
    words = [word for pair in pairs for word in pair]
    asked = plainly(["serve", *words])
    if asked is None:
        return
    calls.clear()
    assert weir("serve", *words)[0] == 1
    assert calls == [(asked.config or Path.cwd() / "weir.yaml", asked.only, asked.slot)]


@pytest.mark.parametrize("arguments", [["serve", "-c", "a.yaml"], ["serve", "-ca.yaml"]])
def test_the_command_takes_either_way(
    monkeypatch: pytest.MonkeyPatch, calls: list[Call], arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["weir", *arguments])
    assert main() == 1
    assert calls == [(Path("a.yaml"), None, None)]


@pytest.mark.skipif(Path("/etc/weir/weir.yaml").exists(), reason="this machine has a configuration installed")
def test_no_configuration_anywhere_is_status_2_without_typer_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "weir.yaml").unlink()
    monkeypatch.setattr(sys, "argv", ["weir", "serve"])
    assert main() == 2
    assert "no configuration found" in capsys.readouterr().err
