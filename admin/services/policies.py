"""Profiles and subscribers compiled to policies, each different one once. Pure.

A subscriber's own rules stand beside those of the profile; for the same name and reach the subscriber's rule replaces
the profile's, because it is the nearer decision.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace

from admin.config.people import ProfileConfig, SubscriberConfig
from admin.config.rules import NameRule
from blocklists.canonical import to_wire
from blocklists.model import Action, Bit, BitRole
from resolver.policy.model import Policy, Rule
from resolver.policy.safe_search import ENGINES, rewrites

RuleKey = tuple[bytes, bool]
"""Wire name, and whether names below it are meant."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A profile: its policy but for number and rules, its rules, and what makes two profiles equal."""

    policy: Policy
    rules: Mapping[RuleKey, bool]
    content: Hashable


class PolicyBook:
    """Gives out policy numbers. Equal content has one number, whoever asked for it.

    Where a zone asks for an action of its own, its ACTION bit stands in the masks beside the bits that it feeds. What
    zones say about clients is not in a profile: ``number_with`` adds it.
    """

    def __init__(
        self, profiles: Mapping[str, ProfileConfig], bits: Iterable[Bit], fed: Mapping[str, int]
    ) -> None:
        """``fed`` is by list id what plain entries of the list set (``blocklists.snapshot.bits.feeds``)."""
        every = tuple(bits)
        self._security = sum(1 << bit.index for bit in every if bit.role is BitRole.SECURITY)
        self._categories = {bit.id: 1 << bit.index for bit in every if bit.role is BitRole.CATEGORY}
        self._actions = {bit.index: fed.get(bit.id, 0) for bit in every if bit.role is BitRole.ACTION}
        self._about_clients = {bit.index: fed.get(bit.id, 0) for bit in every if bit.role is BitRole.CLIENT}
        self._let_pass = sum(1 << bit.index for bit in every if bit.action in (Action.ALLOW, Action.COUNT))
        """The bits by which a zone does not list a name."""
        self._numbers: dict[Hashable, int] = {}
        self._policies: list[Policy] = []
        self._profiles = {name: self._compile(profile) for name, profile in profiles.items()}

    def number_for(self, subscriber: SubscriberConfig) -> int:
        """The number of the policy that a subscriber gets."""
        profile = self._profiles[subscriber.profile]
        rules = profile.rules
        if subscriber.allow or subscriber.deny:
            rules = {**rules, **_rules(subscriber.allow, subscriber.deny)}
        return self._intern(profile, rules, paused=profile.policy.paused or subscriber.paused)

    def default_number(self, profile: str | None) -> int:
        """The number for whoever is not a subscriber; without any profile only illegal and security lists speak."""
        compiled = self._compile(ProfileConfig()) if profile is None else self._profiles[profile]
        return self._intern(compiled, compiled.rules, paused=compiled.policy.paused)

    def number_with(self, number: int, about: int) -> int:
        """The number of a policy once the CLIENT bits ``about`` are in it, as far as their zones are in force for it."""
        policy = self._policies[number]
        block = self._in_force(self._about_clients, policy.block) & about
        security = self._in_force(self._about_clients, policy.security & self._security) & about
        if not block | security:
            return number
        content = (number, block, security)
        known = self._numbers.setdefault(content, len(self._policies))
        if known == len(self._policies):
            self._policies.append(
                replace(policy, number=known, block=policy.block | block, security=policy.security | security)
            )
        return known

    def strictest_number(self) -> int:
        """The number of the policy that blocks all that lists can block, and nothing else: the self-test's."""
        policy = Policy(number=0, block=sum(self._categories.values()), security=self._security)
        content = (policy.block, policy.security, False, 0, frozenset[object]())
        return self._intern(_Compiled(policy, {}, content), {}, paused=False)

    def policies(self) -> tuple[Policy, ...]:
        """All policies given out so far; a policy's number is its place."""
        return tuple(self._policies)

    def _compile(self, profile: ProfileConfig) -> _Compiled:
        policy = Policy(
            number=0,
            block=self._mask(profile.block),
            security=self._with_actions(self._security) if profile.security else 0,
            allow_only=profile.allow_only is not False,
            only=0
            if isinstance(profile.allow_only, bool)
            else self._mask(profile.allow_only) & ~self._let_pass,
            paused=profile.paused,
            safe_search=_safe_search(profile),
        )
        safe_search = frozenset(policy.safe_search.items())
        content = (policy.block, policy.security, policy.allow_only, policy.only, safe_search)
        return _Compiled(policy, _rules(profile.allow, profile.deny), content)

    def _mask(self, categories: Iterable[str]) -> int:
        """A category that no list feeds has no bit, and blocks nothing."""
        mask = 0
        for category in categories:
            mask |= self._categories.get(category, 0)
        return self._with_actions(mask)

    def _with_actions(self, mask: int) -> int:
        """The mask with the ACTION bits of the zones that feed it."""
        return mask | self._in_force(self._actions, mask)

    @staticmethod
    def _in_force(zones: Mapping[int, int], mask: int) -> int:
        return sum(1 << bit for bit, fed in zones.items() if fed & mask)

    def _intern(self, profile: _Compiled, rules: Mapping[RuleKey, bool], *, paused: bool) -> int:
        number = self._numbers.setdefault(
            (profile.content, paused, frozenset(rules.items())), len(self._policies)
        )
        if number == len(self._policies):
            self._policies.append(
                replace(profile.policy, number=number, paused=paused, rules=_by_name(rules))
            )
        return number


def _safe_search(profile: ProfileConfig) -> dict[bytes, bytes]:
    wanted = profile.safe_search
    engines = (ENGINES if wanted else ()) if isinstance(wanted, bool) else wanted
    return rewrites(engines, profile.youtube.value)


def _rules(allow: Iterable[NameRule], deny: Iterable[NameRule]) -> dict[RuleKey, bool]:
    """Name and reach → allowed. A name that stands in both is allowed (DESIGN.md section 5, step 4)."""
    rules = {(to_wire(rule.name), rule.below): False for rule in deny}
    rules.update({(to_wire(rule.name), rule.below): True for rule in allow})
    return rules


def _by_name(rules: Mapping[RuleKey, bool]) -> dict[bytes, tuple[Rule, ...]]:
    result: dict[bytes, tuple[Rule, ...]] = {}
    for (name, below), allow in rules.items():
        rule = _RULES[allow, below]
        result[name] = (*result[name], *rule) if name in result else rule
    return result


_RULES = {(allow, below): (Rule(allow, below),) for allow in (False, True) for below in (False, True)}
"""The four rules that there are, each once: a large network has a million."""
