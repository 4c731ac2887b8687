"""Writing the file of clients and policies: new at once, then in place. Control's side; readers are in ``clients``.

A policy is interned by its content and never changes: who gets another policy gets another number. All is written
before it is named, so readers see the old policy or the new one (``resolver.core``, tables_writer.h).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from resolver.core.native import NO_POLICY, TablesWriter, rewrites_cost, rules_cost
from resolver.policy.model import Policy
from resolver.runtime.boot import BOOT_BYTES, boot_id
from resolver.tables.model import ALLOW_ONLY, PAUSED, Assignments, ClientEntry
from resolver.tables.texts import rewrites_text, rules_text

_SPARE_CLIENTS = 1_024
_SPARE_POLICIES = 1_024
_SPARE_BYTES = 262_144
"""Room for changes beside a quarter of what there is: a small network changes as often as a large one."""

_ROW = struct.Struct("<16sBBHII")
"""A client as the native writer takes it (``CLIENT_ROW``)."""
_CONTENT = struct.Struct("<32s32s32sBqq")
"""What makes two policies equal: masks, flags, and the numbers of their sets."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What an edit in place stored: clients (added or with another policy), clients taken out, new policies."""

    clients: int = 0
    removed: int = 0
    policies: int = 0
    default: bool = False
    """Whether whoever is served and no client has another policy."""


class ClientsWriter:
    """The one writer of a file; it holds the file until ``close``."""

    def __init__(self, writer: TablesWriter, plan: bytes) -> None:
        """Use ``create``; takes over the native writer."""
        self._writer = writer
        self.plan = plan
        self._rule_sets: dict[bytes, int] = {}
        self._rewrite_sets: dict[bytes, int] = {}
        self._numbers: dict[bytes, int] = {}

    @staticmethod
    def create(path: Path, assignments: Assignments, *, plan: bytes, key: bytes, now: float) -> ClientsWriter:
        """Write a new file, with room to grow, and sync it. OSError (disk full, …) leaves nothing behind."""
        texts = _Texts(assignments.policies)
        clients, policies = len(assignments.clients) + len(assignments.served), len(assignments.policies)
        set_bytes, name_bytes = texts.cost()
        try:
            native = TablesWriter.create(
                path,
                key=key,
                plan=plan,
                boot=boot_id() or bytes(BOOT_BYTES),
                created=int(now),
                clients=_with_spare(clients, _SPARE_CLIENTS),
                policies=_with_spare(policies, _SPARE_POLICIES),
                set_bytes=_with_spare(set_bytes, _SPARE_BYTES),
                name_bytes=_with_spare(name_bytes, _SPARE_BYTES),
            )
            writer = ClientsWriter(native, plan)
            for network in assignments.served:
                native.served(network.network_address.packed, network.prefixlen)
            writer._store(assignments, texts)
            native.sync()
        except FileExistsError:
            raise
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return writer

    def apply(self, assignments: Assignments) -> Changes:
        """Make these the assignments in force, in place; served prefixes stay as they are.

        TablesFullError: there is no room and no client was changed. OSError: the disk fails; readers may see the change
        or not. Everybody sees it when this returns.
        """
        changes = self._store(assignments, _Texts(assignments.policies))
        if changes != Changes():
            self._writer.sync()
        return changes

    def change(self, clients: Iterable[ClientEntry], policies: Iterable[Policy]) -> Changes:
        """Give these prefixes their policies, in place, and leave all others as they are; NO_POLICY takes one out.

        TablesFullError: some may have been changed; publish anew. OSError as ``apply``.
        """
        wanted = tuple(policies)
        before, texts = len(self._numbers), _Texts(wanted)
        numbers = {policy.number: self._number(policy, texts) for policy in wanted} | {NO_POLICY: NO_POLICY}
        changed = removed = 0
        for entry in clients:
            network, number = entry.network, numbers[entry.policy]
            self._writer.client(network.network_address.packed, network.prefixlen, number, entry.realm)
            removed += number == NO_POLICY
            changed += number != NO_POLICY
        self._writer.sync()
        return Changes(changed, removed, len(self._numbers) - before)

    def close(self) -> None:
        """Let go of the file."""
        self._writer.close()

    def _store(self, assignments: Assignments, texts: _Texts) -> Changes:
        before = len(self._numbers)
        numbers = {policy.number: self._number(policy, texts) for policy in assignments.policies}
        numbers[NO_POLICY] = NO_POLICY
        changed, removed = self._writer.replace(_rows(assignments.clients, numbers))
        default = numbers[assignments.default_policy]
        is_other = default != self._writer.facts.default
        if is_other:
            self._writer.default(default)
        return Changes(changed, removed, len(self._numbers) - before, is_other)

    def _number(self, policy: Policy, texts: _Texts) -> int:
        rules = _intern(self._rule_sets, texts.rules_of(policy), self._writer.rules)
        rewrites = _intern(self._rewrite_sets, texts.rewrites_of(policy), self._writer.rewrites)
        flags = ALLOW_ONLY * policy.allow_only | PAUSED * policy.paused
        masks = (policy.block, policy.security, policy.only)
        content = _CONTENT.pack(*(mask.to_bytes(32, "little") for mask in masks), flags, rules, rewrites)
        number = self._numbers.get(content)
        if number is None:
            number = self._numbers[content] = self._writer.policy(*masks, flags, rules, rewrites)
        return number


class _Texts:
    """The names of policies in the file's form, each made once."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self._rules: dict[int, bytes] = {}
        self._rewrites: dict[int, bytes] = {}
        for policy in policies:
            self._rules[policy.number] = rules_text(policy)
            # By object first: thousands of policies share a table of hundreds of names.
            if policy.safe_search and id(policy.safe_search) not in self._rewrites:
                self._rewrites[id(policy.safe_search)] = rewrites_text(policy.safe_search)

    def rules_of(self, policy: Policy) -> bytes:
        """Grants and rules; empty if there are none."""
        return self._rules[policy.number]

    def rewrites_of(self, policy: Policy) -> bytes:
        """Safe-search names; empty if there are none."""
        return self._rewrites[id(policy.safe_search)] if policy.safe_search else b""

    def cost(self) -> tuple[int, int]:
        """Bytes of sets and of names that all of them take."""
        costs = [rules_cost(text) for text in set(self._rules.values())]
        costs += [rewrites_cost(text) for text in set(self._rewrites.values())]
        return sum(sets for sets, _ in costs), sum(names for _, names in costs)


def _intern(sets: dict[bytes, int], text: bytes, add: Callable[[bytes], int]) -> int:
    """The number of the set with this text, added if it is new; -1 for an empty text."""
    if not text:
        return -1
    digest = blake2b(text, digest_size=16).digest()
    number = sets.get(digest)
    if number is None:
        number = sets[digest] = add(text)
    return number


def _rows(clients: Iterable[ClientEntry], numbers: Mapping[int, int]) -> bytes:
    """The clients as the native writer takes them."""
    pack = _ROW.pack
    return b"".join(
        pack(
            entry.network.network_address.packed,
            entry.network.version,
            entry.network.prefixlen,
            0,
            entry.realm,
            numbers[entry.policy],
        )
        for entry in clients
    )


def _with_spare(count: int, spare: int) -> int:
    return count + count // 4 + spare
