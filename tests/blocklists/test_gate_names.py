"""The gates on names: which versions they hold, and what they say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from blocklists.coverage import Coverage, Protected
from blocklists.gates import Gate, judge, notices
from blocklists.guard import FROM_LISTS
from blocklists.model import Confidentiality, Kind, ListCounts, ListSource
from blocklists.properties import Handling, PopularNames

Make = Callable[..., ListSource]
DIGEST = "0123456789abcdef" * 4
RELEASE = "run `weir lists release test 0123456789ab`"


def _counts(
    suffixes: str = "", protected: str = "", popular: str = "", group: str = "time", today: int = 0
) -> ListCounts:
    covered = Coverage(
        reference="r",
        suffixes=tuple(suffixes.split()),
        protected=tuple(Protected(name, group) for name in protected.split()),
        popular=tuple(popular.split()),
        asked=10_000,
        today=today,
        today_asked=500 if today else 0,
    )
    return ListCounts(lines=50, accepted=50, entries=50, coverage=covered)


NOTHING = _counts()
CATEGORY, GRAVE = [Kind.CATEGORY], [Kind.SECURITY, Kind.ILLEGAL]
CASES = [
    (CATEGORY + GRAVE, NOTHING, NOTHING, []),
    (CATEGORY + GRAVE, None, _counts(suffixes="com"), []),
    (CATEGORY + GRAVE, NOTHING, _counts(suffixes="com"), [Gate.SUFFIXES]),
    (CATEGORY + GRAVE, _counts(suffixes="com"), _counts(suffixes="com"), []),
    (CATEGORY + GRAVE, _counts(suffixes="com"), _counts(suffixes="com co.uk"), [Gate.SUFFIXES]),
    (CATEGORY, NOTHING, _counts(protected="ntp.example"), []),
    (GRAVE, NOTHING, _counts(protected="ntp.example"), [Gate.PROTECTED]),
    (GRAVE, None, _counts(protected="ntp.example"), [Gate.PROTECTED]),
    (GRAVE, _counts(protected="ntp.example"), _counts(protected="ntp.example"), []),
    (CATEGORY, None, _counts(popular="big.example"), []),
    (GRAVE, None, _counts(popular="big.example"), [Gate.POPULAR]),
    (CATEGORY + GRAVE, NOTHING, _counts(popular="big.example"), [Gate.POPULAR]),
    (CATEGORY + GRAVE, _counts(popular="big.example"), _counts(popular="big.example"), []),
    (CATEGORY + GRAVE, _counts(popular="big.example other.example"), _counts(popular="big.example"), []),
    ([Kind.PROTECTED], NOTHING, _counts("com", "ntp.example", "big.example"), []),
    (
        GRAVE,
        NOTHING,
        _counts("com", "ntp.example", "big.example"),
        [Gate.SUFFIXES, Gate.PROTECTED, Gate.POPULAR],
    ),
]


@pytest.mark.parametrize(("kinds", "before", "now", "gates"), CASES)
def test_what_is_held(
    kinds: list[Kind], before: ListCounts | None, now: ListCounts, gates: list[Gate], source: Make
) -> None:
    for kind in kinds:
        failures = judge(source(kind=kind), now, before, DIGEST)
        assert [failure.gate for failure in failures] == gates
        assert [failure.two_persons for failure in failures] == [gate is Gate.POPULAR for gate in gates]


def test_what_a_list_may_have(source: Make) -> None:
    expected = source(handling=Handling(popular=PopularNames.EXPECTED))
    assert judge(expected, _counts(popular="big.example"), NOTHING, DIGEST) == ()
    dynamic = source(public_suffixes=True)
    assert judge(dynamic, _counts(suffixes="co.uk"), NOTHING, DIGEST) == ()
    grave = source(kind=Kind.SECURITY, handling=Handling(popular=PopularNames.EXPECTED))
    assert len(judge(grave, _counts(popular="big.example"), NOTHING, DIGEST)) == 1


WORDS = [
    (
        _counts(suffixes="com"),
        "1 entry is a whole top-level domain or public suffix (below which strangers have their names), and the version "
        "before had none of these.",
        "Such entries are never enforced, but a list that brings them has had an accident or was tampered with: ask its "
        "publisher.",
    ),
    (
        _counts(protected="a.example b.example"),
        "Protected names would be taken from everybody: 2 of the group time.",
        "They stay reachable, released or not. A list that has them is hardly what its authority meant: ask there.",
    ),
    (
        _counts(protected="a.example", group=FROM_LISTS),
        "Protected names would be taken from everybody: 1 of the group protected-lists.",
        "They stay reachable, released or not, but for those of your own protected lists, which illegal content outranks.",
    ),
    (
        _counts(popular="big.example"),
        "1 of the 10,000 most popular names that the version before left alone would be blocked.",
        "Compare with the list's publisher before anything else: this is how forged and broken lists look. Two different "
        "persons must release it.",
    ),
    (
        _counts(popular="big.example", today=3),
        "1 of the 10,000 most popular names that the version before left alone would be blocked. Of the 500 names asked "
        "for most today it covers 3.",
        "Compare with the list's publisher",
    ),
]


@pytest.mark.parametrize(("now", "message", "remedy"), WORDS)
def test_the_words(now: ListCounts, message: str, remedy: str, source: Make) -> None:
    (failure,) = judge(source(kind=Kind.ILLEGAL), now, NOTHING, DIGEST)
    assert failure.message == message
    assert failure.remedy.startswith(remedy)
    assert RELEASE in failure.remedy
    assert failure.remedy.endswith("Until then the last good version goes on serving.")


@pytest.mark.parametrize("confidentiality", Confidentiality)
def test_names_stand_apart_and_only_of_public_lists(confidentiality: Confidentiality, source: Make) -> None:
    many = " ".join(f"p{n}.example" for n in range(30))
    made = source(kind=Kind.ILLEGAL, confidentiality=confidentiality)
    failures = judge(made, _counts("com", "ntp.example", many), NOTHING, DIGEST)
    is_public = confidentiality is Confidentiality.PUBLIC
    assert [len(failure.examples) for failure in failures] == ([1, 1, 20] if is_public else [0, 0, 0])
    assert not any(".example" in failure.message + failure.remedy for failure in failures)


def test_notices(source: Make) -> None:
    now = _counts(protected="ntp.example", popular="big.example")
    kept = "Protected names stay reachable although entries cover them: 1 of the group time."
    assert notices(source(), now, NOTHING) == (kept,)
    first = notices(source(), now, None)
    assert first[0] == kept
    assert first[1].startswith("1 popular name is covered; later versions with more of them are held.")
    assert notices(source(handling=Handling(popular=PopularNames.EXPECTED)), now, None) == (kept,)
    assert notices(source(kind=Kind.SECURITY), now, None) == (kept,)
    assert notices(source(kind=Kind.PROTECTED), now, None) == ()
    assert notices(source(), NOTHING, None) == ()
