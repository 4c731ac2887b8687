"""What a version changed: the quick way must say what reading both versions says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists import differences
from blocklists.differences import Difference, difference
from blocklists.formats import read
from blocklists.formats.reading import identity
from blocklists.model import Entry, ListSource, Scope

Make = Callable[..., ListSource]


def _names(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.name for entry in entries]


@pytest.mark.parametrize(
    ("format", "before", "after", "added", "removed"),
    [
        ("domains", b"", b"", [], []),
        ("domains", b"a.example\nb.example\n", b"b.example\nc.example\n", ["c.example"], ["a.example"]),
        ("domains", b"a.example\n", b"# new head\nA.example.\n", [], []),
        ("domains", b"a.example\r\nb.example\r\n", b"a.example\nb.example\n", [], []),
        ("domains", b"a.example", b"\xef\xbb\xbfa.example\nb.example", ["b.example"], []),
        ("domains", b"a.example\nA.EXAMPLE\n", b"A.EXAMPLE\n", [], []),
        ("domains", b"A.EXAMPLE\n", b"a.example # again\nA.EXAMPLE\n", [], []),
        (
            "hosts",
            b"0.0.0.0 a.example b.example\n",
            b"0.0.0.0 b.example c.example\n",
            ["c.example"],
            ["a.example"],
        ),
        ("urls", b"http://a.example/x\n", b"https://a.example/x\na.example/x*\n", ["a.example/x"], []),
        ("adblock", b"||a.example^\n", b"||a.example^\n||a.example^$badfilter\n", [], ["a.example"]),
    ],
)
def test_cases(
    format: str, before: bytes, after: bytes, added: list[str], removed: list[str], source: Make
) -> None:
    found = difference(source(format), before, after)
    assert found is not None
    assert (_names(found.added), _names(found.removed)) == (added, removed)


LINE = st.sampled_from(
    [
        "a.example",
        "A.example",
        "b.example",
        "sub.a.example",
        "# a.example",
        "",
        "b.example # b",
        "1.2.3.4",
        "com",
        "\xff",
    ]
)
TEXT = st.lists(LINE, max_size=8).map(lambda lines: "\n".join(lines).encode("latin-1"))


@given(before=TEXT, after=TEXT)
def test_it_is_the_difference_of_what_both_say(before: bytes, after: bytes, source: Make) -> None:
    wanted = source("domains", addresses=True)
    old, new = ({identity(entry) for entry in read(wanted, text)[0]} for text in (before, after))
    found = difference(wanted, before, after)
    assert found is not None
    assert {identity(entry) for entry in found.added} == new - old
    assert {identity(entry) for entry in found.removed} == old - new
    if not any(read(wanted, text)[1].duplicate for text in (before, after)):
        assert difference(wanted, before, after, repeats=False) == found


def test_public_suffixes_are_no_entries(source: Make) -> None:
    found = difference(source(), b"", b"co.uk\na.example\n", {"co.uk"})
    assert found == Difference((Entry("a.example", Scope.DOMAIN),))


@pytest.mark.parametrize("format", ["domains", "adblock"])
def test_what_is_too_much_is_said(format: str, source: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differences, "MOST_LINES", 3)
    text = b"".join(b"n%d.example\n" % number for number in range(5))
    assert difference(source(format), b"", text) is None
    assert difference(source(format), text, b"") is None
