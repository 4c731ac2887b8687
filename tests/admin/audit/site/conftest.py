"""A year of a log, made leaf by leaf and written down as it is served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from resolver.tlog import canonical, leaves, manifests
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.fields import ZERO_HASH
from resolver.tlog.leaves import Leaf, LeafActor, Role
from resolver.tlog.manifests import ListState, Manifest
from resolver.tlog.notes import Signature, VerifierKey, signed
from resolver.tlog.tiles import TILE_WIDTH, entries_path, new_tiles, pack_entries, pack_hashes
from resolver.tlog.tree import leaf_hash, node_hash, root

BEGIN, DAY, HOUR = 1_767_268_800, 86_400, 3_600
"""2026-01-01 12:00 UTC, in seconds as the rest."""
SNAP = "ab" * 32


@dataclass
class Story:
    """Grows a log; ``write`` puts it down."""

    origin: str = "isp.example/log/2026"
    now: int = BEGIN
    leaves: list[bytes] = field(default_factory=list)
    lists: dict[str, ListState] = field(default_factory=dict)
    profiles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    state: str = ZERO_HASH
    key: Ed25519PrivateKey = field(default_factory=lambda: Ed25519PrivateKey.from_private_bytes(bytes(32)))

    def __post_init__(self) -> None:
        self.tell("log.init", origin=self.origin, vkey=self.vkey.text)

    @property
    def vkey(self) -> VerifierKey:
        return VerifierKey.of_ed25519(self.origin, self.key.public_key().public_bytes_raw())

    def later(self, seconds: int = HOUR) -> Story:
        self.now += seconds
        return self

    def tell(self, kind: str, role: Role = Role.SYSTEM, second: Role | None = None, **facts: Any) -> Leaf:
        """A leaf that leaves the state as it is. ``for_`` is ``for``."""
        return self._append(kind, role, second, self.state, facts)

    def change(self, kind: str, role: Role = Role.SYSTEM, second: Role | None = None, **facts: Any) -> Leaf:
        """A leaf after which the lists are as they stand in ``lists``."""
        data = manifests.encode(Manifest(dict(self.lists), dict(self.profiles), f"1.4.0+{'0' * 64}"))
        self.manifests[manifests.digest(data)] = data
        return self._append(kind, role, second, manifests.digest(data), facts)

    def _append(self, kind: str, role: Role, second: Role | None, state: str, facts: dict[str, Any]) -> Leaf:
        own = {name.rstrip("_"): value for name, value in facts.items()}
        other = LeafActor("a:fedcba9876543210", second) if second else None
        actor = LeafActor("a:0123456789abcdef", role)
        leaf = Leaf(len(self.leaves), self.now, kind, actor, state, self.state, own, second=other)
        self.leaves.append(leaves.encode(leaf))
        self.state = state
        return leaf

    def write(self, log: Path) -> None:
        """Everything, as the writer leaves it."""

        @cache
        def subtree(height: int, number: int) -> bytes:
            if height == 0:
                return leaf_hash(self.leaves[number])
            return node_hash(subtree(height - 1, 2 * number), subtree(height - 1, 2 * number + 1))

        size = len(self.leaves)
        for tile in new_tiles(0, size):
            row = [subtree(8 * tile.level, TILE_WIDTH * tile.number + at) for at in range(tile.width)]
            put(log / tile.path, pack_hashes(row))
            if tile.level == 0:
                start = TILE_WIDTH * tile.number
                bundle = pack_entries(self.leaves[start : start + tile.width])
                put(log / entries_path(tile.number, tile.width), bundle)
        for state, data in self.manifests.items():
            put(log / "state" / f"{state}.json", data)
        body = Checkpoint(self.origin, size, root(size, subtree)).body
        note = signed(body, [Signature(self.vkey.name, self.vkey.key_id, self.key.sign(body.encode()))])
        keys = {"keys": [{"from": 0, "to": None, "vkey": self.vkey.text}], "origin": self.origin, "v": 1}
        put(log / "keys.json", canonical.encode(keys))
        put(log / "policy.txt", f"log {self.vkey.text}\nquorum none\n".encode())
        put(log / f"cp/{size}", note)
        put(log / "checkpoint", note)


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def public(n: int, title: str = "", **more: Any) -> ListState:
    return ListState(
        "public", n=n, raw="22" * 32, upd=BEGIN, title=title, **{"kind": "category", "basis": "user"} | more
    )


def year(story: Story) -> Story:
    """Something of everything that can happen, over five months."""
    story.lists = {
        "iwf": ListState(
            "secret", commit="11" * 32, upd=BEGIN, auth="Internet Watch Foundation", basis="voluntary",
            kind="illegal", title="IWF URL List",
        ),
        "court": ListState(
            "restricted", n=312, commit="33" * 32, upd=BEGIN, auth="District Court", basis="court",
            kind="illegal", title="Court orders",
        ),
        "phish": public(120_000, "Phishing and malware", kind="security", basis="voluntary", auth="CERT"),
        "gambling": public(50_000, "Gambling"),
        "adult": public(400_000, "Pornography"),
        "help": public(240, "Help lines and emergency services", kind="protected", basis="statute"),
    }  # fmt: skip
    story.profiles = {
        "family": ("iwf", "court", "phish", "gambling", "adult", "help"),
        "open": ("iwf", "court", "help"),
    }
    story.later(60).tell("software.start", sw=f"1.4.0+{'0' * 64}")
    story.later(60).change("config.load", Role.OPERATOR)
    story.tell("publish", snap=SNAP)
    story.later(60).tell("enforce", node="edge-1", served=story.state, snap=SNAP)
    for day in range(150):
        story.later(20 * HOUR if day != 60 else 60 * HOUR)
        story.lists["phish"] = public(
            120_000 + day * 137 % 9_000,
            "Phishing and malware",
            kind="security",
            basis="voluntary",
            auth="CERT",
        )
        story.change("list.sync", list="phish", chg={"add": 137, "del": day, "n": 120_000})
        story.tell("list.sync", list="iwf")
        if day % 9 == 0:
            story.lists["gambling"] = public(50_000 + day * 40, "Gambling")
            story.change("list.sync", list="gambling", chg={"add": 360, "del": 0, "n": 50_000 + day * 40})
        story.later(4 * HOUR).tell("heartbeat")
        story.tell("canary", list="iwf", result="working", day="2026-01-02", paths={"udp": "good"})
        story.tell("enforce", node="edge-1", served=story.state, snap=SNAP)
    _drama(story)
    return story


def _drama(story: Story) -> None:
    story.later().tell("list.fail", list="court")
    story.later().tell("list.hold", list="adult", gates=["shrink"])
    story.later().tell("list.approve", Role.OPERATOR, list="adult", for_="release")
    story.later().change(
        "list.release", Role.OPERATOR, Role.REVIEWER, list="adult", chg={"add": 3, "del": 90_000}
    )
    story.later().tell("canary", list="iwf", result="failing", day="2026-06-01", paths={"udp": "wrong"})
    story.later().tell("canary", list="iwf", result="working", day="2026-06-01", paths={"udp": "good"})
    story.later().tell("list.read", Role.AUDITOR, Role.REGULATOR, list="iwf", how="open")
    story.lists["court"] = ListState(
        "restricted", n=312, commit="33" * 32, upd=BEGIN, auth="District Court", basis="court",
        kind="illegal", title="Court orders", enf="nothing",
    )  # fmt: skip
    story.later().change(
        "list.suspend", Role.OPERATOR, Role.REVIEWER, list="court", until=story.now + 30 * DAY
    )
    story.later().change("profile.set", Role.OPERATOR, profile="family")
    story.later().tell("admin.add", Role.OPERATOR, who="a:0123456789abcdef", rank="operator")
    story.tell("enforce", node="edge-1", served=story.state, snap=SNAP)
    story.tell("enforce", node="edge-2", served="44" * 32, snap=SNAP)


@pytest.fixture
def new_story() -> type[Story]:
    """Makes logs."""
    return Story


@pytest.fixture
def of_a_year() -> Callable[[], Story]:
    """A log in which everything has happened."""
    return lambda: year(Story())


@pytest.fixture
def begin() -> int:
    return BEGIN
