"""Who has which policy, read from the mapped file that control edits in place.

Every question reads the client's word anew, so a change is seen at once. What is kept here never changes: the bytes of
an address, and a policy of a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from resolver.clients.address import Network, parse_address
from resolver.core.native import NO_POLICY, CoreError, TablesReader
from resolver.policy.model import Policy
from resolver.runtime.boot import boot_id
from resolver.tables.model import ALLOW_ONLY, PAUSED
from resolver.tables.store import TablesError
from resolver.tables.texts import TextError, read_rewrites, read_rules

Key = TypeVar("Key")
Value = TypeVar("Value")

_KNOWN_ADDRESSES = 65_536
_KNOWN_POLICIES = 4_096
_KNOWN_REWRITES = 64
"""How many are remembered; a flood of forged sources empties the memory, it does not grow it."""


class Clients:
    """One file of clients and policies, mapped. Its memory aside it is what the file says at this moment."""

    def __init__(self, reader: TablesReader, path: Path) -> None:
        """Use ``open``; takes over the native reader."""
        self._reader = reader
        self._packed: dict[str, bytes] = {}
        self._policies: dict[int, Policy] = {}
        self._rewrites: dict[int, Mapping[bytes, bytes]] = {}
        self.path = path

    @staticmethod
    def open(path: Path, plan: bytes) -> Clients:
        """Map the file of clients whose masks are made for the bit plan with the digest ``plan``.

        TablesError saying what is wrong with the file, or that it belongs to other lists.
        """
        try:
            reader = TablesReader.open(path, boot_id())
        except OSError as error:
            raise TablesError(f"{path}: {error.strerror or error}") from error
        except CoreError as error:
            raise TablesError(str(error)) from error
        if reader.facts.plan != plan:
            raise TablesError(
                f"{path}: it was made for lists with other categories than those compiled beside it; "
                "publish it again (reload the appliance)"
            )
        return Clients(reader, path)

    @property
    def default_policy(self) -> int:
        """The number of the policy of whoever is served and no client; NO_POLICY if nobody else is served."""
        return self._reader.default

    def policy_for(self, address: str) -> Policy | None:
        """The policy of whoever has this address; None for an address that is not served here."""
        packed = self._packed.get(address)
        if packed is None:
            packed = parse_address(address).packed
            _remember(self._packed, address, packed, _KNOWN_ADDRESSES)
        return self.policy(self._reader.policy_of(packed))

    def policy_at(self, network: Network) -> Policy | None:
        """The policy of exactly this prefix; None if no client has it."""
        return self.policy(self._reader.policy_at(network.network_address.packed, network.prefixlen))

    def policy(self, number: int) -> Policy | None:
        """The policy of this number; None if there is none. TablesError if its names are damaged."""
        known = self._policies.get(number)
        if known is not None or number == NO_POLICY:
            return known
        try:
            policy = self._read(number)
        except KeyError:
            return None
        except TextError as error:
            raise TablesError(f"{self.path}: policy {number} has {error}; reload the appliance") from error
        _remember(self._policies, number, policy, _KNOWN_POLICIES)
        return policy

    def _read(self, number: int) -> Policy:
        block, security, only, flags, text, rewrite_set = self._reader.policy(number)
        rules, grants = read_rules(text)
        return Policy(
            number=number,
            block=block,
            security=security,
            allow_only=bool(flags & ALLOW_ONLY),
            only=only,
            paused=bool(flags & PAUSED),
            rules=rules,
            grants=grants,
            safe_search=self._rewrites_of(rewrite_set),
        )

    def _rewrites_of(self, rewrite_set: int) -> Mapping[bytes, bytes]:
        """Shared by the policies that have the same set: thousands use the same few hundred names."""
        if rewrite_set < 0:
            return {}
        known = self._rewrites.get(rewrite_set)
        if known is None:
            known = read_rewrites(self._reader.rewrites(rewrite_set))
            _remember(self._rewrites, rewrite_set, known, _KNOWN_REWRITES)
        return known


def _remember(memory: dict[Key, Value], key: Key, value: Value, most: int) -> None:
    if len(memory) >= most:
        memory.clear()
    memory[key] = value
