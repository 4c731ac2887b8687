"""The names that lists are held against: protected ones, which no list may take away, and popular ones. Frozen, pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

FROM_LISTS = "protected-lists"
"""The group of what stands in lists of kind ``protected``. The gates count it, but lists are compiled without it: against
categories and security lists a protected list speaks for itself, and stops doing so when somebody switches it off.
"""


@dataclass(frozen=True)  # no slots: the digest is kept
class Guard:
    """All names are canonical (A-labels, lower case)."""

    protected: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The group of each protected name."""
    domains: frozenset[str] = frozenset()
    """Those of the protected names below which everything is protected too."""
    popular: tuple[str, ...] = ()
    """Most popular first."""
    today: tuple[str, ...] = ()
    """What subscribers ask for today, most frequent first; empty if that is not sampled."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of what decides which protected and popular names a list covers."""
        listed = sorted(name for name, group in self.protected.items() if group == FROM_LISTS)
        return hashlib.sha256("\n".join([self.shield, *listed, "", *self.popular]).encode()).hexdigest()

    @cached_property
    def shield(self) -> str:
        """SHA-256 (hexadecimal) of what decides where lists are not enforced: the protected names alone."""
        lines = [
            f"{name} {group} {name in self.domains}"
            for name, group in sorted(self.protected.items())
            if group != FROM_LISTS
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @cached_property
    def text(self) -> bytes:
        """The names at which no list is enforced, for the public log: one line each, ``host`` or ``domain`` and the name,
        sorted by bytes.
        """
        lines = {
            f"{'domain' if name in self.domains else 'host'} {name}\n".encode()
            for name in self.protected
            if self.is_kept(name)
        }
        return b"".join(sorted(lines))

    def is_kept(self, name: str) -> bool:
        """Whether lists are compiled so that none speaks at this protected name."""
        return self.protected[name] != FROM_LISTS

    def protector(self, name: str) -> str | None:
        """The protected name at or above ``name`` that protects it; None if it may be listed."""
        if name in self.protected:
            return name
        return next((parent for parent in parents(name) if parent in self.domains), None)


NO_GUARD = Guard()


def parents(name: str) -> Iterable[str]:
    """The names above ``name``, nearest first, down to the top-level domain."""
    _, dot, rest = name.partition(".")
    while dot:
        yield rest
        _, dot, rest = rest.partition(".")
