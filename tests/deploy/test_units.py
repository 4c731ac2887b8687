"""The units of systemd: valid, hardened, each with its own user, and in step with the command line."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "systemd"
SERVICES = ("weir-admin.service", "weir-gateway.service", "weir-resolver@.service")
MOST_EXPOSURE = 2.0
"""Of systemd-analyze's ten; below it systemd calls a service well protected."""

HARDENING = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectControlGroups": "yes",
    "MemoryDenyWriteExecute": "yes",
    "RestrictSUIDSGID": "yes",
    "LimitCORE": "0",
    "Restart": "always",
    "Type": "notify",
    "Group": "weir",
    "ExecReload": "kill -HUP $MAINPID",
}


def directives(name: str) -> dict[str, list[str]]:
    """All values of every directive, in their order."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in (FOLDER / name).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[key].append(value)
    return found


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units with a program that exists on this machine."""
    for path in FOLDER.glob("weir*.service"):
        (tmp_path / path.name).write_text(path.read_text().replace("/opt/weir/bin/weir", "/bin/true"))
    shutil.copy(FOLDER / "weir.target", tmp_path)
    return tmp_path


@pytest.fixture
def analyze() -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed; the directives are checked by the other tests")
    return program


def test_systemd_accepts_them(installed: Path, analyze: str) -> None:
    names = [*SERVICES[:2], "weir-resolver@0.service", "weir.target"]
    shutil.copy(installed / "weir-resolver@.service", installed / "weir-resolver@0.service")
    done = subprocess.run(
        [analyze, "verify", *names], cwd=installed, capture_output=True, text=True, timeout=50
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_systemd_finds_little_to_attack(installed: Path, analyze: str, name: str) -> None:
    command = [analyze, "security", "--offline=yes", f"--threshold={int(MOST_EXPOSURE * 10)}", f"./{name}"]
    done = subprocess.run(command, cwd=installed, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stdout[-400:]


@pytest.mark.parametrize("name", SERVICES)
def test_hardening(name: str) -> None:
    found = directives(name)
    assert {key: found[key][-1] for key in HARDENING} == HARDENING
    own = ["seccomp"] if name == "weir-resolver@.service" else []
    assert found["SystemCallFilter"] == [*own, "@system-service", "~@privileged"]
    assert float(found["WatchdogSec"][0]) > 0


def calls_of(analyze: str, group: str) -> set[str]:
    """All calls of a group of systemd's, those of the groups inside it too."""
    done = subprocess.run(
        [analyze, "syscall-filter", group], capture_output=True, text=True, timeout=150, check=True
    )
    names = {line.strip() for line in done.stdout.splitlines()[1:] if line.strip() and "#" not in line}
    inner = {name for name in names if name.startswith("@")}
    return (names - inner).union(*(calls_of(analyze, name) for name in inner))


def test_the_unit_allows_what_a_worker_allows_itself(analyze: str) -> None:
    """A call that the unit refuses would fail although the worker's own filter lets it pass."""
    header = (ROOT / "resolver/core/src/confine_calls.h").read_text()
    allowed = set(re.findall(r"__NR_(\w+),", header.partition("allowed[]")[2].partition("};")[0]))
    unit = calls_of(analyze, "@system-service") - calls_of(analyze, "@privileged")
    assert len(allowed) > 100
    assert allowed - unit == set()


def test_the_hardening_is_the_same_everywhere() -> None:
    blocks = [(FOLDER / name).read_text().partition("# Nothing but its own")[2] for name in SERVICES]
    assert blocks[0]
    assert set(blocks) == {blocks[0]}


@pytest.mark.parametrize(
    ("name", "user", "capabilities", "writes", "command"),
    [
        ("weir-admin.service", "weir-admin", "", "/var/lib/weir", "--only admin"),
        (
            "weir-gateway.service",
            "weir-gateway",
            "CAP_NET_BIND_SERVICE",
            "/var/lib/weir/run",
            "--only gateway",
        ),
        (
            "weir-resolver@.service",
            "weir-resolver",
            "CAP_NET_BIND_SERVICE",
            "/var/lib/weir/run",
            "--only resolver --slot %i",
        ),
    ],
)
def test_each_has_its_user_and_only_the_rights_that_it_needs(
    name: str, user: str, capabilities: str, writes: str, command: str
) -> None:
    found = directives(name)
    assert found["User"] == [user]
    assert found["CapabilityBoundingSet"] == found["AmbientCapabilities"] == [capabilities]
    assert found["ReadWritePaths"] == [writes]
    assert found["ExecStart"] == [f"/opt/weir/bin/weir serve -c /etc/weir/weir.yaml {command}"]
    assert ("Environment" in found) == (user != "weir-admin")


@pytest.mark.parametrize("name", SERVICES[1:])
def test_the_data_plane_does_not_wait_for_control(name: str) -> None:
    naming = {
        key for key, values in directives(name).items() if any("weir-admin" in value for value in values)
    }
    assert naming == set()


def test_users_and_folders_exist_for_every_unit() -> None:
    users = (FOLDER / "weir.sysusers.conf").read_text()
    folders = (FOLDER / "weir.tmpfiles.conf").read_text()
    for name in SERVICES:
        found = directives(name)
        user = found["User"][0]
        assert re.search(rf'^u {user} - "[^"]+" ', users, re.MULTILINE)
        assert re.search(rf"^m {user} weir$", users, re.MULTILINE)
        assert re.search(rf"^d {found['ReadWritePaths'][0]} ", folders, re.MULTILINE)
    assert re.search(r"^d /var/lib/weir/state 2750 weir-admin weir -$", folders, re.MULTILINE)
    for private in ("lists", "log-staging", "log-keys"):
        assert re.search(rf"^d /var/lib/weir/{private} 0700 weir-admin weir-admin -$", folders, re.MULTILINE)
    assert re.search(r"^d /var/lib/weir/log 0755 weir-admin weir -$", folders, re.MULTILINE)


def test_the_folder_is_no_package() -> None:
    assert not (FOLDER / "__init__.py").exists()
    assert not (ROOT / "deploy" / "__init__.py").exists()
