"""The file and the database as one configuration. Pure.

Where both speak of the same thing, the file wins and the database's version is set aside, in words: a start must serve
what it can. (A reload is refused instead: there an operator is at hand.) Nothing that protects is ever set aside for a
smaller fault: a list whose category is gone stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from admin.config import Config
from admin.config.categories import BUILT_IN
from admin.config.people import SubscriberConfig
from admin.config.references import taken_prefix, unknown_category, unknown_profile
from admin.services.stored import Stored

_SHOWN = 20
"""Clashes that are put in words; of a thousand, an operator needs to see the first and their number."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The effective configuration, and what it was made of."""

    declared: Config
    stored: Stored
    config: Config
    """The effective one."""
    others: tuple[str, ...]
    """Clashes of lists, categories and profiles, in words."""
    aside: Mapping[str, str]
    """The stored subscribers that are set aside, and why."""
    guard: Guard

    @property
    def clashes(self) -> tuple[str, ...]:
        """What of the database is set aside, or names what is not there, in words."""
        words = [*self.stored.unreadable.values(), *self.others, *self.aside.values()]
        if len(words) <= _SHOWN:
            return tuple(words)
        return (*words[:_SHOWN], f"and {len(words) - _SHOWN:,} more of this sort")


@dataclass(frozen=True, slots=True)
class SubscriberChange:
    """One subscriber as it was and as it is; None = there was or is none in force."""

    before: SubscriberConfig | None
    after: SubscriberConfig | None


@dataclass(frozen=True, slots=True)
class Guard:
    """What a stored subscriber must get along with: what the file declares, and the profiles that there are."""

    path: Path
    ids: frozenset[str]
    networks: Mapping[IPv4Network | IPv6Network, str]
    profiles: Collection[str]

    @classmethod
    def of(cls, declared: Config, profiles: Collection[str]) -> Guard:
        """The guard of a declared configuration."""
        networks = {prefix.network: item.id for item in declared.subscribers for prefix in item.addresses}
        return cls(declared.path, frozenset(item.id for item in declared.subscribers), networks, profiles)

    def fault(self, item: SubscriberConfig) -> str | None:
        """Why it must be set aside; None if it need not."""
        reason = self._reason(item)
        return reason and f"subscriber `{item.id}` of the database is left out: {reason}"

    def _reason(self, item: SubscriberConfig) -> str | None:
        if item.id in self.ids:
            return f"{self.path} declares one with this id"
        if message := unknown_profile(item.profile, self.profiles):
            return message
        if not self.networks:
            return None
        taken = next((prefix for prefix in item.addresses if prefix.network in self.networks), None)
        if taken is None:
            return None
        return taken_prefix(str(taken), f"subscriber `{self.networks[taken.network]}` of {self.path}")


def effective(config: Config, stored: Stored) -> Config:
    """The configuration with everything that is stored beside it."""
    return merge(config, stored).config


def merge(declared: Config, stored: Stored) -> Merged:
    """Put file and database together. 100,000 subscribers take a good part of a second: not for the event loop."""
    profiles = {**stored.profiles, **declared.profiles}
    guard = Guard.of(declared, profiles)
    aside = {item.id: fault for item in stored.subscribers.values() if (fault := guard.fault(item))}
    known = {item.id for item in declared.lists}
    config = declared.model_copy(
        update={
            "lists": (*declared.lists, *(item for item in stored.lists.values() if item.id not in known)),
            "categories": {**stored.categories, **declared.categories},
            "profiles": profiles,
            "subscribers": _subscribers(declared, stored, aside),
        }
    )
    return Merged(declared, stored, config, tuple(_clashes(declared, stored)), aside, guard)


def merge_subscribers(
    merged: Merged, stored: Stored, changed: Collection[str]
) -> tuple[Merged, tuple[SubscriberChange, ...]]:
    """``merged`` with what is stored now, which differs in these subscribers alone. Milliseconds for 100,000."""
    aside = {name: fault for name, fault in merged.aside.items() if name not in changed}
    changes: list[SubscriberChange] = []
    for name in changed:
        before = None if name in merged.aside else merged.stored.subscribers.get(name)
        after = stored.subscribers.get(name)
        if after is not None and (fault := merged.guard.fault(after)):
            aside[name], after = fault, None
        changes.append(SubscriberChange(before, after))
    subscribers = _subscribers(merged.declared, stored, aside)
    config = merged.config.model_copy(update={"subscribers": subscribers})
    return replace(merged, stored=stored, config=config, aside=aside), tuple(changes)


def _subscribers(declared: Config, stored: Stored, aside: Collection[str]) -> tuple[SubscriberConfig, ...]:
    kept: Mapping[str, SubscriberConfig] = stored.subscribers
    if aside:
        kept = {name: item for name, item in kept.items() if name not in aside}
    return (*declared.subscribers, *kept.values())


def _clashes(declared: Config, stored: Stored) -> Iterator[str]:
    """Clashes of lists, categories and profiles."""
    pairs: tuple[tuple[str, Iterable[str], Collection[str]], ...] = (
        ("list", (item.id for item in declared.lists), stored.lists),
        ("category", declared.categories, stored.categories),
        ("profile", declared.profiles, stored.profiles),
    )
    for noun, names, present in pairs:
        for name in names:
            if name in present:
                yield f"{noun} `{name}` of the database is left out: {declared.path} declares one with this id"
    yield from _unknown_categories({*BUILT_IN, *declared.categories, *stored.categories}, stored)


def _unknown_categories(known: Collection[str], stored: Stored) -> Iterator[str]:
    named = [(f"list `{item.id}`", item.categories) for item in stored.lists.values()]
    for name, profile in stored.profiles.items():
        only = () if isinstance(profile.allow_only, bool) else profile.allow_only
        named.append((f"profile `{name}`", (*profile.block, *only)))
    for what, categories in named:
        for category in categories:
            if message := unknown_category(category, known):
                yield f"{what} of the database: {message}"
