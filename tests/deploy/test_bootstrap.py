"""deploy/bootstrap in a make-believe checkout: what it installs, when it has nothing to do, what it tells others.

Python and pip are stubs that write down what they are asked; the tools of the system are the real ones.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = (
    "sh",
    "dirname",
    "cat",
    "cut",
    "sha256sum",
    "tr",
    "mkdir",
    "flock",
    "find",
    "sort",
    "echo",
    "env",
    "ls",
)
ROOMS = ("blocklists", "resolver", "gateway", "admin", "deploy")
DEV_PACKAGES = (
    "knot-dnsutils bind9-dnsutils curl chromium clang shellcheck dnsdist unbound pdns-recursor knot-resolver "
    "lua-cqueues bind9 dnsmasq-base dnsperf iproute2 nsd nginx postgresql minisign gpg poppler-utils "
    "gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user libseccomp2 libclang-rt-dev"
)

PYTHON = """#!/bin/sh
case "$1 $2" in
    "-c "*CDLL*) [ ! -e libraries.missing ] || exit 1 ;;
    "-m pip")
        echo "$@" >>pip.log
        [ ! -e pip.fails ] || exit 1
        case "$*" in *--editable*) : >blocklists/snapshot/native.stub.so; : >resolver/core/native.stub.so ;; esac ;;
    "-m compileall") echo "$@" >compiled.log; [ ! -e compiling.fails ] ;;
    "-m venv") mkdir -p "$3/bin" && cat "$0" >"$3/bin/python" && chmod +x "$3/bin/python" ;;
    "-V ") echo "Python 3.11.0" ;;
esac
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    for name in ("pyproject.toml", "deploy/requirements.lock", "deploy/requirements-dev.lock"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {name}\n")
    (folder / "resolver" / "core").mkdir(parents=True)
    (folder / "blocklists" / "snapshot" / "src").mkdir(parents=True)
    (folder / "blocklists" / "snapshot" / "native.pyx").write_text("")
    (folder / "blocklists" / "snapshot" / "src" / "table.c").write_text("")
    shutil.copy(ROOT / "deploy" / "bootstrap", folder / "deploy" / "bootstrap")
    return folder


@pytest.fixture
def run(checkout: Path, tmp_path: Path) -> Run:
    """Runs the script as an ordinary user on a machine that has these programs beside Python and the basic tools."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in TOOLS:
        path = shutil.which(tool)
        assert path is not None, tool
        (programs / tool).symlink_to(path)
    executable(programs / "id", "#!/bin/sh\necho 1000\n")
    executable(programs / "chmod", f'#!/bin/sh\nexec {shutil.which("chmod")} "$@"\n')

    def call(*arguments: str, has: tuple[str, ...] = ("python3", "cc")) -> subprocess.CompletedProcess[str]:
        for name in has:
            executable(programs / name, PYTHON if name == "python3" else "#!/bin/sh\n")
        environ = {"PATH": str(programs), "HOME": str(tmp_path)}
        command = [str(checkout / "deploy" / "bootstrap"), *arguments]
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=150, cwd=os.sep)

    return call


def pip_calls(checkout: Path) -> list[str]:
    """What pip was asked for since the last time, shortened to what is telling."""
    log = checkout / "pip.log"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return ["build" if "--editable" in line else line.rpartition(" ")[2] for line in lines]


def test_everything_once(run: Run, checkout: Path) -> None:
    done = run()
    assert done.returncode == 0, done.stderr
    assert pip_calls(checkout) == ["deploy/requirements.lock", "build"]
    again = run()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert pip_calls(checkout) == []


def test_packages_are_checked_by_their_hashes_and_nothing_is_built_with_others(
    run: Run, checkout: Path
) -> None:
    run()
    install, build = (checkout / "pip.log").read_text().splitlines()
    assert "--require-hashes --no-deps" in install
    assert "--no-build-isolation --no-deps" in build


@pytest.mark.parametrize(
    ("changed", "calls"),
    [
        ("deploy/requirements.lock", ["deploy/requirements.lock"]),
        ("blocklists/snapshot/src/table.c", ["build"]),
        ("blocklists/snapshot/src/new.h", ["build"]),
        ("blocklists/snapshot/native.pyx", ["build"]),
        ("blocklists/snapshot/native.pxd", ["build"]),
        ("pyproject.toml", ["build"]),
        ("blocklists/snapshot/native.c", []),
        ("README.md", []),
    ],
)
def test_only_what_changed(run: Run, checkout: Path, changed: str, calls: list[str]) -> None:
    run()
    pip_calls(checkout)
    (checkout / changed).write_text("changed\n")
    assert run().returncode == 0
    assert pip_calls(checkout) == calls


def test_a_module_that_was_removed_is_built_again(run: Run, checkout: Path) -> None:
    run()
    pip_calls(checkout)
    (checkout / "blocklists" / "snapshot" / "native.stub.so").unlink()
    run()
    assert pip_calls(checkout) == ["build"]


def test_an_environment_without_stamps_is_reused(run: Run, checkout: Path) -> None:
    executable(checkout / ".venv" / "bin" / "python", PYTHON)
    (checkout / ".venv" / "mark").touch()
    assert run(has=("cc",)).returncode == 0
    assert (checkout / ".venv" / "mark").exists()
    assert pip_calls(checkout) == ["deploy/requirements.lock", "build"]


def test_what_a_test_environment_has_is_enough_to_run(run: Run, checkout: Path) -> None:
    run("--dev")
    assert pip_calls(checkout) == ["deploy/requirements-dev.lock", "build"]
    run()
    assert pip_calls(checkout) == []


def test_python_is_compiled_ahead_of_its_first_process(run: Run, checkout: Path) -> None:
    assert run().returncode == 0
    assert (checkout / "compiled.log").read_text().split()[-5:] == list(ROOMS)
    (checkout / "compiling.fails").touch()
    done = run()
    assert done.returncode == 0
    assert "processes start more slowly" in done.stderr


def test_a_failure_is_tried_again(run: Run, checkout: Path) -> None:
    (checkout / "pip.fails").touch()
    done = run()
    assert done.returncode == 1
    assert "the packages of deploy/requirements.lock cannot be installed" in done.stderr
    (checkout / "pip.fails").unlink()
    pip_calls(checkout)
    assert run().returncode == 0
    assert pip_calls(checkout) == ["deploy/requirements.lock", "build"]


def test_others_than_root_are_told_what_is_missing(run: Run) -> None:
    done = run("--dev")
    assert done.returncode == 0
    assert f"bootstrap: these Debian packages are missing: {DEV_PACKAGES}\n" in done.stderr
    assert f"sudo apt-get install --no-install-recommends {DEV_PACKAGES}\n" in done.stderr
    assert "tests that need them will be skipped" in done.stderr


def test_without_the_libraries_of_pages_everything_else_works(run: Run, checkout: Path) -> None:
    (checkout / "libraries.missing").touch()
    done = run()
    assert done.returncode == 0
    assert "these Debian packages are missing: libpangoft2-1.0-0 libharfbuzz-subset0\n" in done.stderr
    assert "without them reports cannot be made as PDF; everything else works" in done.stderr
    (checkout / "libraries.missing").unlink()
    assert run().stderr == ""


def test_without_a_compiler_there_is_no_build(run: Run) -> None:
    done = run(has=("python3",))
    assert done.returncode == 1
    assert (
        "install them with: sudo apt-get install --no-install-recommends gcc libc6-dev python3-dev"
        in done.stderr
    )
    assert "without them Weir cannot be built" in done.stderr


def test_without_python_there_is_no_build(run: Run) -> None:
    done = run(has=())
    assert done.returncode == 1
    assert "--no-install-recommends python3 python3-venv python3-dev gcc libc6-dev" in done.stderr


def test_a_word_too_many(run: Run) -> None:
    done = run("--fast")
    assert (done.returncode, done.stderr) == (2, "usage: deploy/bootstrap [--dev]\n")
