"""``weir serve`` hands its arguments to the supervisor and returns what that says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import admin.supervisor

Run = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), (None, None)),
        (("--only", "gateway"), ("gateway", None)),
        (("--only", "resolver", "--slot", "3"), ("resolver", 3)),
    ],
)
def test_the_supervisor_gets_what_was_asked_for(
    weir: Run,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    expected: tuple[object, object],
) -> None:
    calls: list[tuple[Path, str | None, int | None]] = []

    def supervise(config_path: Path, only: str | None, slot: int | None) -> int:
        calls.append((config_path, only, slot))
        return 1

    monkeypatch.setattr(admin.supervisor, "run", supervise)
    assert weir("serve", *arguments)[0] == 1
    assert weir("serve", "-c", "other.yaml", *arguments)[0] == 1
    assert calls == [(folder / "weir.yaml", *expected), (Path("other.yaml"), *expected)]


@pytest.mark.skipif(Path("/etc/weir/weir.yaml").exists(), reason="this machine has a configuration installed")
def test_no_configuration_anywhere_is_status_2(weir: Run, folder: Path) -> None:
    (folder / "weir.yaml").unlink()
    status, _, err = weir("serve")
    assert status == 2
    assert "no configuration found" in err
