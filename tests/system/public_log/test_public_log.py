"""The public log of a running appliance: what happened is told in order to every verifier, ours or not, and no edit of its
files goes unseen, not even one that is signed by the log's own key.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

LIST = "demo-gambling"
CHILD = "127.0.0.11"
HAPPENED = [
    f"list.sync list {LIST} chg",
    "profile.set profile evening",
    f"list.suspend list {LIST}",
    f"list.resume list {LIST}",
    "admin.add",
    "admin.del",
    "config.load",
]
STATES = HAPPENED[:4]
"""What changed the state."""
SOON = 10
"""Seconds within which what is served is in the log: looks a second apart, on a machine that does other things too."""


class Told:
    """What the verifier prints of a log over HTTP."""

    def __init__(self, box: Any) -> None:
        self.address, self._key = f"http://127.0.0.1:{box.admin}/log/", box.data / "log.vkey"

    def verify(self, *command: str) -> subprocess.CompletedProcess[str]:
        command = command or (str(Path(sys.executable).parent / "weir"), "audit", "verify")
        options = ["--key", str(self._key), "--events", "all"]
        return subprocess.run(
            [*command, self.address, *options], capture_output=True, text=True, timeout=150, check=False
        )

    def lines(self, *command: str) -> list[str]:
        """Its leaves, each ``index, date, time, what``."""
        done = self.verify(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return [line.strip() for line in done.stdout.splitlines() if re.match(r" *\d+ \d{4}-", line)]

    def __contains__(self, what: str) -> bool:
        return any(what in line for line in self.lines())


@pytest.fixture(scope="module")
def box(own_demo: Any) -> Any:
    """An appliance to which all of it has happened, by public means alone, one after the other."""
    told = Told(own_demo)
    own_demo.eventually(
        _when_grown(own_demo, lambda: "enforce node" in told), "the first state is served", 30
    )
    source = own_demo.folder / "lists" / "gambling.domains"
    source.write_text(source.read_text() + "more-bets.example\n")
    own_demo.eventually(lambda: _is_blocked(own_demo, "more-bets.example"), "the new version", 30)
    _served(own_demo, told, STATES[0])
    status, said = own_demo.send("POST", "/api/v1/profiles", {"id": "evening", "block": ["social"]})
    assert status == 201, said
    _served(own_demo, told, STATES[1])
    _run(own_demo, "lists", "suspend", LIST, "--reason", "A shop is listed by mistake.")
    assert not _is_blocked(own_demo, "bets.example")
    _served(own_demo, told, STATES[2])
    _run(own_demo, "lists", "resume", LIST, "--reason", "It is not.")
    _served(own_demo, told, STATES[3])
    _run(own_demo, "tokens", "create", "--role", "auditor", "--holder", "A. Nother", "--reason", "a visit")
    _run(own_demo, "tokens", "revoke", _token(own_demo), "--reason", "it is over")
    own_demo.config["resolver"]["cache"]["size"] = "65MiB"
    own_demo.write_config()
    assert own_demo.send("POST", "/api/v1/reload", {})[0] == 200
    reloaded = _when_grown(own_demo, lambda: _is_behind(told, "config.load", "admin.del"))
    own_demo.eventually(reloaded, "the reload", 30)
    return own_demo


def _run(box: Any, *arguments: str) -> None:
    done = box.weir(*arguments)
    assert done.returncode == 0, done.stderr


def _is_blocked(box: Any, name: str) -> bool:
    return "A 127.0.0.1" in box.dig(name, source=CHILD).answers


def _last(said: list[str], what: str) -> int:
    return max((at for at, line in enumerate(said) if what in line), default=-1)


def _is_behind(told: Told, what: str, other: str) -> bool:
    said = told.lines()
    return _last(said, what) > _last(said, other) > -1


def _when_grown(box: Any, condition: Callable[[], bool]) -> Callable[[], bool]:
    """The condition, asked only when the log has grown since: each asking is a process that verifies all of it."""
    seen = ""

    def holds() -> bool:
        nonlocal seen
        before, seen = seen, str(box.api("/log/checkpoint")[1])
        return seen != before and condition()

    return holds


def _served(box: Any, told: Told, what: str) -> None:
    """Wait until it is in the log, then the state that came of it, and then that all processes serve that."""

    def is_so() -> bool:
        said = told.lines()
        return -1 < _last(said, what) < _last(said, "publish snap") < _last(said, "enforce node")

    box.eventually(_when_grown(box, is_so), f"what all processes serve since {what} is in the log", 30)


def _token(box: Any) -> str:
    (line,) = [line for line in box.weir("tokens", "list").stdout.splitlines() if "A. Nother" in line]
    return str(line.split()[0])


@pytest.fixture
def told(box: Any) -> Told:
    """The log over HTTP."""
    return Told(box)


# ---- what everybody is told ----


def test_it_tells_what_happened_in_order(told: Told) -> None:
    said = told.lines()
    at = [_last(said, what) for what in HAPPENED]
    assert -1 not in at, (HAPPENED, said)
    assert at == sorted(at), said


def test_each_state_comes_with_what_changed_it_and_is_soon_served(box: Any, copied: Any) -> None:
    leaves = copied(box.data).leaves()
    assert [leaf["type"] for leaf in leaves[:2]] == ["log.init", "software.start"]
    synced = [leaf["seq"] for leaf in leaves if leaf["type"] == "list.sync"]
    first = next(leaf["seq"] for leaf in leaves if leaf["type"] == "publish")
    assert len([seq for seq in synced if seq < first]) == len(box.config["lists"])
    for kind in ("list.sync", "profile.set", "list.suspend", "list.resume"):
        event = next(leaf for leaf in reversed(leaves) if leaf["type"] == kind)
        assert event["state"] != event["prev"], event
        published = next(leaf for leaf in leaves[event["seq"] :] if leaf["type"] == "publish")
        assert published["seq"] == event["seq"] + 1, leaves[event["seq"] : event["seq"] + 3]
        assert published["state"] == event["state"]
        enforced = next(leaf for leaf in leaves[published["seq"] :] if leaf["type"] == "enforce")
        assert enforced["t"] - published["t"] <= SOON, (published, enforced)
    last = next(leaf for leaf in reversed(leaves) if leaf["type"] == "enforce")
    assert last["served"] == leaves[-1]["state"], "what all processes serve is what the log has said last"


def test_the_program_that_is_downloaded_says_the_same(box: Any, told: Told, tmp_path: Path) -> None:
    _, program = box.api("/log/verify.py")
    (tmp_path / "verify.py").write_text(program)
    assert told.lines(*_bare(tmp_path), str(tmp_path / "verify.py")) == told.lines()


def _bare(folder: Path) -> tuple[str, ...]:
    """An interpreter that has its standard library and ``cryptography``, and nothing of ours."""
    packages = folder / "packages"
    packages.mkdir()
    for name in ("cryptography", "cffi", "_cffi_backend"):
        found = importlib.util.find_spec(name)
        assert found is not None
        assert found.origin is not None
        place = Path(found.origin)
        place = place.parent if place.name == "__init__.py" else place
        (packages / place.name).symlink_to(place)
    return ("env", "-i", f"PYTHONPATH={packages}", sys.executable, "-S", "-s", "-B")


def test_go_accepts_it(box: Any, told: Told, go_checker: Callable[..., Any]) -> None:
    done = go_checker(told.address, box.data / "log.vkey")
    assert done.returncode == 0, done.stderr
    assert f" {len(told.lines())} " in done.stdout


def test_tlog_scales_accepts_it(box: Any, told: Told) -> None:
    reading = pytest.importorskip("tlog_scales.reader", reason="the oracle needs the package tlog-scales")
    backend = pytest.importorskip("tlog_scales.backend").HttpBackend(told.address)
    signing = pytest.importorskip("tlog_scales.signing")
    with contextlib.closing(backend.session):
        reader = reading.TilesReader(backend)
        checkpoint = reader.get_checkpoint()
        checkpoint.verify(signing.Vkey.from_string((box.data / "log.vkey").read_text().strip()))
        assert reader.calculate_root_hash() == checkpoint.root_hash
        for index, line in enumerate(told.lines()):
            entry = reader.get_entry(index)
            assert f'"type":"{line.split()[3]}"'.encode() in entry
            proof = reader.get_inclusion_proof(index, checkpoint.size)
            proof.check(hashlib.sha256(b"\0" + entry).digest(), checkpoint.root_hash)


# ---- copies ----


@pytest.fixture
def copy(box: Any, copied: Any) -> Any:
    """The log, copied as it is now."""
    return copied(box.data)


@pytest.fixture
def web(copy: Any) -> Iterator[str]:
    """A copy on the plainest of web servers."""
    command = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", copy.log, "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"port (\d+)", server.stdout.readline())
        assert found
        yield f"http://127.0.0.1:{found[1]}/"
        server.terminate()


def test_a_plain_web_server_does(copy: Any, web: str, told: Told, go_checker: Callable[..., Any]) -> None:
    said = told.lines()
    told.address = web
    assert told.lines() == said
    assert go_checker(web, copy.vkeys).returncode == 0


KINDS = {  # a path of each kind of file, newest first; whether Go reads it too
    "checkpoint": ("checkpoint", True),
    "an older checkpoint": ("cp/8", False),
    "tile": ("tile/0/000.p/{size}", True),
    "bundle": ("tile/entries/000.p/{size}", True),
    "an older bundle": ("tile/entries/000.p/1", False),
    "manifest": ("state/*", False),
    "keys": ("keys.json", False),
}


@pytest.mark.parametrize("part", [0.0, 0.5, 0.97], ids=["begin", "middle", "end"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_bit_of_a_file_can_be_changed(
    copy: Any, kind: str, part: float, go_checker: Callable[..., Any]
) -> None:
    path, is_read_by_go = KINDS[kind]
    file = _find(copy, path)
    data = bytearray(file.read_bytes())
    data[int(len(data) * part)] ^= 1
    file.write_bytes(data)
    done = copy.verify()
    if (kind, part) == ("checkpoint", 0.0):  # its origin: a log of which the key is no key
        assert (done.returncode, "another log" in done.stderr) == (3, True), done.stdout + done.stderr
        return
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.startswith("FAILED\n")
    place = str(file.relative_to(copy.log)).rstrip(
        "0123456789"
    )  # of two that differ in width either may be named
    assert place in done.stdout or "leaf " in done.stdout, done.stdout
    if is_read_by_go:
        assert go_checker(copy.log, copy.vkeys).returncode == 1


def _find(copy: Any, path: str) -> Path:
    size = copy.checkpoint.size
    if path == "cp/8":  # of whatever size is there
        path = "cp/" + min((file.name for file in copy.log.glob("cp/*")), key=lambda name: abs(int(name) - 8))
    elif path.endswith("/1"):
        folder: Path = copy.log / path.removesuffix("/1")
        return next(file for file in folder.iterdir() if int(file.name) < size)
    return Path(min(copy.log.glob(path.format(size=size))))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith("an older")])
def test_no_file_can_be_taken_away(copy: Any, kind: str) -> None:
    _find(copy, KINDS[kind][0]).unlink()
    done = copy.verify()
    assert done.returncode == (3 if kind == "checkpoint" else 1), done.stdout + done.stderr


# ---- other histories, signed by the log's own key ----


def _index(leaves: list[Any], kind: str) -> int:
    return max(int(leaf["seq"]) for leaf in leaves if leaf["type"] == kind)


def truncated(leaves: list[Any]) -> list[Any]:
    return leaves[:-2]


def reworded(leaves: list[Any]) -> list[Any]:
    leaves[_index(leaves, "profile.set")]["profile"] = "strict"
    return leaves


def swapped(leaves: list[Any]) -> list[Any]:
    at, later = _index(leaves, "admin.add"), _index(leaves, "admin.del")
    leaves[at], leaves[later] = leaves[later] | {"seq": at}, leaves[at] | {"seq": later}
    leaves[at]["t"], leaves[later]["t"] = leaves[later]["t"], leaves[at]["t"]
    return leaves


def deleted(leaves: list[Any]) -> list[Any]:
    del leaves[_index(leaves, "admin.add")]
    beat = {key: leaves[-1][key] for key in ("actor", "state", "t", "v")}
    leaves.append(beat | {"prev": leaves[-1]["state"], "type": "heartbeat"})  # as many as before
    return [leaf | {"seq": seq} for seq, leaf in enumerate(leaves)]


def backdated(leaves: list[Any]) -> list[Any]:
    at = _index(leaves, "list.suspend")
    leaves[at]["t"] = leaves[at - 1]["t"] - (leaves[at]["t"] == leaves[at - 1]["t"])
    return [leaf | {"t": leaf["t"] - 3_600} for leaf in leaves]


FORGERIES = [truncated, reworded, swapped, deleted, backdated]


@pytest.mark.parametrize("forge", FORGERIES)
@pytest.mark.parametrize("option", ["--since", "--remember"])
def test_whoever_kept_a_checkpoint_sees_another_history(
    copy: Any, forge: Callable[[list[Any]], list[Any]], option: str, tmp_path: Path, go_checker: Any
) -> None:
    kept = tmp_path / "kept.checkpoint"
    if option == "--remember":
        assert copy.verify(option, kept).returncode == 0
    else:
        kept.write_bytes((copy.log / "checkpoint").read_bytes())
    copy.rewrite(forge(copy.leaves()))
    done = copy.verify(option, kept)
    assert done.returncode == 1, done.stdout + done.stderr
    forged = (copy.log / "checkpoint").read_text()
    if forge is not backdated:  # that one breaks the rule of times too, which is seen first
        assert sorted(copy.evidence()) == sorted([kept.read_text(), forged])
        assert kept.read_text() in done.stdout
        assert forged in done.stdout
    assert go_checker(copy.log, copy.vkeys).returncode == 0, "its own key has signed it"
    assert go_checker(copy.log, copy.vkeys, "-old", kept).returncode == 1


def test_what_breaks_a_rule_is_seen_without_any(copy: Any) -> None:
    leaves = copy.leaves()
    at = _index(leaves, "admin.add")
    for wrong in (
        [*leaves[:at], *leaves[at + 1 :]],
        [*leaves[:at], leaves[at + 1], leaves[at], *leaves[at + 2 :]],
        [*leaves[:at], leaves[at] | {"t": leaves[0]["t"] - 1}, *leaves[at + 1 :]],
        [*leaves[:at], leaves[at] | {"state": "ab" * 32}, *leaves[at + 1 :]],
    ):
        copy.rewrite(wrong)
        done = copy.verify()
        assert done.returncode == 1, done.stdout
        assert done.stdout.startswith(f"FAILED\nleaf {at} "), done.stdout
