"""The gates on names: public suffixes, protected names, popular names. Pure; ``snapshot.covering`` looks the names up.

=============  ==================================================  ==============================================
gate           held                                                never held
=============  ==================================================  ==============================================
suffixes       a version with some that the one before did not     a first version; ``public_suffixes: true``
               have
protected      illegal, security: some that the one before did     category: they stay reachable, which is told
               not have; a first version has no one before
popular        some that the one before did not have; a first      a first version of a category list, which is
               version of an illegal or security list              told; category with ``popular_names: expected``
=============  ==================================================  ==============================================

A list of protected names is held by none of them. Of a secret list only the gate and numbers are said: protected and
popular names are no secret, but that one of them stands in this list would be.
"""

from __future__ import annotations

from collections.abc import Iterable

from blocklists.coverage import NOTHING_COVERED, Coverage, newly_covered
from blocklists.gates.failures import MOST_EXAMPLES, Gate, GateFailure
from blocklists.guard import FROM_LISTS
from blocklists.model import Confidentiality, Kind, ListCounts, ListSource
from blocklists.properties import PopularNames

_GRAVE = (Kind.ILLEGAL, Kind.SECURITY)
"""Blocked for everybody: what they take away nobody can give back to himself."""


def name_failures(
    source: ListSource, counts: ListCounts, previous: ListCounts | None, release: str
) -> tuple[GateFailure, ...]:
    """The gates on names that a version does not pass; ``release`` is how to let it serve all the same."""
    if source.kind is Kind.PROTECTED:
        return ()
    new = newly_covered(counts.coverage, previous.coverage if previous else NOTHING_COVERED)
    is_first = previous is None
    failures = []
    if new.suffixes and not is_first and not source.public_suffixes:
        failures.append(_suffixes(source, new, release))
    if new.protected and source.kind in _GRAVE:
        failures.append(_protected(source, new, release))
    if new.popular and _minds_popular(source, is_first=is_first):
        failures.append(_popular(source, new, release, is_first=is_first))
    return tuple(failures)


def notices(source: ListSource, counts: ListCounts, previous: ListCounts | None) -> tuple[str, ...]:
    """What is worth telling of a version that may serve, in sentences with numbers and without names."""
    if source.kind is Kind.PROTECTED:
        return ()
    covered, said = counts.coverage, []
    if covered.protected:
        said.append(f"Protected names stay reachable although entries cover them: {_grouped(covered)}.")
    is_first_category = previous is None and source.kind is Kind.CATEGORY
    if is_first_category and covered.popular and source.handling.popular is PopularNames.HOLD:
        said.append(
            f"{_number(len(covered.popular), 'popular name is', 'popular names are')} covered; later versions with "
            "more of them are held. Set popular_names: expected if that is the list's purpose."
        )
    return tuple(said)


def _minds_popular(source: ListSource, *, is_first: bool) -> bool:
    if source.kind in _GRAVE:
        return True
    return not is_first and source.handling.popular is PopularNames.HOLD


def _suffixes(source: ListSource, new: Coverage, release: str) -> GateFailure:
    message = (
        f"{_number(len(new.suffixes), 'entry is a whole top-level domain or public suffix', 'entries are whole top-level domains or public suffixes')}"
        " (below which strangers have their names), and the version before had none of these."
    )
    remedy = (
        "Such entries are never enforced, but a list that brings them has had an accident or was tampered with: ask its "
        f"publisher. {release}"
    )
    return GateFailure(Gate.SUFFIXES, message, remedy, examples=_examples(source, new.suffixes))


def _protected(source: ListSource, new: Coverage, release: str) -> GateFailure:
    message = f"Protected names would be taken from everybody: {_grouped(new)}."
    never = "They stay reachable, released or not"
    if new.groups().get(FROM_LISTS):
        never += ", but for those of your own protected lists, which illegal content outranks"
    remedy = f"{never}. A list that has them is hardly what its authority meant: ask there. {release}"
    return GateFailure(
        Gate.PROTECTED, message, remedy, examples=_examples(source, (item.name for item in new.protected))
    )


def _popular(source: ListSource, new: Coverage, release: str, *, is_first: bool) -> GateFailure:
    before = "" if is_first else " that the version before left alone"
    message = f"{_number(len(new.popular), 'of the', 'of the')} {new.asked:,} most popular names{before} would be blocked."
    if new.today_asked:
        message += f" Of the {new.today_asked:,} names asked for most today it covers {new.today:,}."
    remedy = (
        "Compare with the list's publisher before anything else: this is how forged and broken lists look. Two different "
        f"persons must release it. {release}"
    )
    return GateFailure(
        Gate.POPULAR, message, remedy, two_persons=True, examples=_examples(source, new.popular)
    )


def _grouped(covered: Coverage) -> str:
    groups = sorted(covered.groups().items())
    return ", ".join(f"{number:,} of the group {group}" for group, number in groups)


def _examples(source: ListSource, names: Iterable[str]) -> tuple[str, ...]:
    if source.confidentiality is not Confidentiality.PUBLIC:
        return ()
    return tuple(names)[:MOST_EXAMPLES]


def _number(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"
