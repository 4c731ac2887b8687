"""Public suffixes: names below which strangers register (``co.uk``, ``blogspot.com``), from the Public Suffix List.

Blocking one of them and all below it blocks all its customers. Both sections of the list count: the private one names
hosting services. The data ships with the package ``publicsuffixlist``; only this module reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

from blocklists.canonical import CanonicalError, to_ascii


@dataclass(frozen=True, slots=True)
class _Rules:
    plain: frozenset[str]
    parents: frozenset[str]
    """``ck`` of the rule ``*.ck``: every name one label below it is a suffix."""
    exceptions: frozenset[str]
    """``www.ck`` of the rule ``!www.ck``: no suffix after all."""


def public_suffixes() -> frozenset[str]:
    """All suffixes that can be listed, as A-labels: plain rules, and the parents of wildcard rules.

    A wildcard's parent is in because everything right below it is a suffix; the names below it are not, because there
    is no end of them: ``is_public_suffix`` knows them.
    """
    rules = _rules()
    return rules.plain | rules.parents


def is_public_suffix(name: str) -> bool:
    """True if strangers register right below this canonical name; every single label counts as one."""
    rules = _rules()
    if name in rules.exceptions:
        return False
    _, dot, parent = name.partition(".")
    return not dot or name in rules.plain or name in rules.parents or parent in rules.parents


def registered_part(name: str) -> str | None:
    """The suffix that a registry runs and one label: what somebody registered, without the hosts below it. The private
    section does not count, as what customers of a hosting service are called may name a person. A name that is a suffix
    stays as it is; None below a top-level domain that the list does not know (a house's own ``lan``).
    """
    rules = _rules(registries_only=True)
    labels = name.split(".")
    for start in range(len(labels)):
        suffix = ".".join(labels[start:])
        if suffix in rules.exceptions:
            return suffix
        if suffix in rules.plain or suffix in rules.parents or suffix.partition(".")[2] in rules.parents:
            return ".".join(labels[max(start - 1, 0) :])
    return None


@cache
def _rules(*, registries_only: bool = False) -> _Rules:
    text = resources.files("publicsuffixlist").joinpath("public_suffix_list.dat").read_text("utf-8")
    if registries_only:
        text = text.partition("===END ICANN DOMAINS===")[0]
    plain, parents, exceptions = set(), set(), set()
    for line in text.splitlines():
        rule = line.split(maxsplit=1)[0] if line.strip() else ""
        if rule.startswith("!"):
            exceptions.add(_ascii(rule[1:]))
        elif rule.startswith("*."):
            parents.add(_ascii(rule[2:]))
        elif rule and not rule.startswith("//"):
            plain.add(_ascii(rule))
    return _Rules(frozenset(plain), frozenset(parents), frozenset(exceptions))


def _ascii(rule: str) -> str:
    if rule.isascii():
        return rule.lower()
    try:
        return to_ascii(rule).lower()
    except CanonicalError as error:
        raise RuntimeError(
            "the installed public suffix list is damaged: reinstall publicsuffixlist"
        ) from error
