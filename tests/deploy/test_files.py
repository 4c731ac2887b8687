"""The files around the code: lock files, Makefile, the script of the continuous checks, the licence."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("deploy/requirements.lock", "deploy/requirements-dev.lock")


def locked(name: str) -> dict[str, str]:
    pins = re.findall(r"^([a-z0-9._-]+)==(\S+) \\$", (ROOT / name).read_text(), re.MULTILINE)
    return dict(pins)


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_a_hash_and_no_place_is_named(name: str) -> None:
    text = (ROOT / name).read_text()
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(locked(name)) > 20
    assert all("--hash=sha256:" in block for block in blocks)
    for place in ("://", "--index-url", "--find-links", "--trusted-host", "file:/", str(Path.home())):
        assert place not in text


@pytest.mark.parametrize(("name", "extras"), [(LOCKS[0], ()), (LOCKS[1], ("dev",))])
def test_the_lock_fits_the_ranges(name: str, extras: tuple[str, ...]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for extra in extras:
        wanted += project["project"]["optional-dependencies"][extra]
    pins = locked(name)
    for requirement in map(Requirement, wanted):
        pin = pins.get(requirement.name.lower().replace("_", "-"))
        assert pin is not None, f"{requirement} is not locked: make lock"
        assert requirement.specifier.contains(pin, prereleases=True), (
            f"{requirement} is locked to {pin}: make lock"
        )


def test_tests_run_with_what_the_appliance_runs_with() -> None:
    run, dev = (locked(name) for name in LOCKS)
    assert {name: dev.get(name) for name in run} == run


@pytest.mark.parametrize(
    ("target", "commands"),
    [
        ("build", ["deploy/bootstrap"]),
        ("run", ["deploy/bootstrap", "weir serve -c deploy/demo/weir.yaml"]),
        ("test", ["deploy/bootstrap --dev", ".venv/bin/pytest"]),
        (
            "check",
            [
                "deploy/bootstrap --dev",
                "ruff check",
                "ruff format --check",
                "mypy",
                "lint-imports",
                "shellcheck",
            ],
        ),
        ("bench", ["deploy/bootstrap --dev", "-m deploy.bench"]),
        ("soak", ["deploy/bootstrap --dev", "-m deploy.bench.soak --seconds 1200"]),
    ],
)
def test_every_target_builds_first(target: str, commands: list[str]) -> None:
    shown = subprocess.run(
        ["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    places = [shown.index(command) for command in commands]
    assert places == sorted(places)


def test_make_alone_lists_the_targets() -> None:
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = [line.split()[1] for line in shown.splitlines()]
    assert listed == ["help", "build", "run", "test", "check", "bench", "soak", "fuzz", "lock"]


@pytest.mark.parametrize("tested", [0, 1])
def test_ci_is_the_test_command_and_nothing_else(tmp_path: Path, tested: int) -> None:
    closing = "==== 7 passed in 0.10s ===="
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "Makefile").write_text(f"test:\n\t@echo '{closing}'; exit {tested}\n")
    done = subprocess.run([str(tmp_path / ".ci" / "run")], capture_output=True, text=True)
    assert done.stdout == closing + "\n"
    assert done.returncode == (2 if tested else 0)  # make's status for a recipe that failed


@pytest.mark.parametrize("script", ["deploy/bootstrap", ".ci/run"])
def test_scripts_are_clean(script: str) -> None:
    assert (ROOT / script).stat().st_mode & 0o111
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed: deploy/bootstrap --dev")
    done = subprocess.run(["shellcheck", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_licence_is_the_whole_apache_licence() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
