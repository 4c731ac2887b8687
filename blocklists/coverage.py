"""Which guarded names a version of a list covers: what the gates compare between two versions. Frozen values only.

A name is covered if a question for it would be answered as the list asks: by an entry at the name itself, or at one of
its parents that reaches down. Of a secret list no name stands here, only keyed digests that can be compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Protected:
    """A protected name that is covered, and the group that it belongs to."""

    name: str
    group: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one version covers of the names that are guarded."""

    reference: str = ""
    """The digest of the guarded names that were looked up (``guard.Guard.digest``); empty: nobody looked."""
    suffixes: tuple[str, ...] = ()
    """Top-level domains and public suffixes that stand in it; they are left out."""
    protected: tuple[Protected, ...] = ()
    """Protected names; the list is not enforced at them."""
    popular: tuple[str, ...] = ()
    """Popular names, the most popular first."""
    asked: int = 0
    """How many popular names were looked up."""
    today: int = 0
    """How many of the names that subscribers asked for today."""
    today_asked: int = 0
    """How many of today's names were looked up; 0: what is asked for is not sampled here."""

    def groups(self) -> Mapping[str, int]:
        """The protected names by group."""
        return Counter(item.group for item in self.protected)

    def known_as(self, name_of: Callable[[str], str]) -> Coverage:
        """The same with what ``name_of`` gives in place of each name, in an order that tells nothing of the names'."""
        return replace(
            self,
            suffixes=tuple(sorted(map(name_of, self.suffixes))),
            protected=tuple(Protected(name_of(item.name), item.group) for item in self.protected),
            popular=tuple(sorted(map(name_of, self.popular))),
        )


NOTHING_COVERED = Coverage()


def newly_covered(now: Coverage, before: Coverage) -> Coverage:
    """What ``now`` covers and ``before`` did not. The numbers of looked-up names are those of ``now``."""
    suffixes, popular = set(before.suffixes), set(before.popular)
    protected = {item.name for item in before.protected}
    return Coverage(
        reference=now.reference,
        suffixes=tuple(name for name in now.suffixes if name not in suffixes),
        protected=tuple(item for item in now.protected if item.name not in protected),
        popular=tuple(name for name in now.popular if name not in popular),
        asked=now.asked,
        today=now.today,
        today_asked=now.today_asked,
    )
