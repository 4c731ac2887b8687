"""What an edit is, which a list takes, and what a series of them amounts to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.edits import AT_NAME, BELOW, REACH, Change, Edit, EditError, combine, parse_edit
from blocklists.model import Confidentiality, Kind, ListSource, Scope

SUFFIXES = frozenset({"co.uk", "example"})


def source(**fields: object) -> ListSource:
    fields = {"format": "domains", "kind": Kind.CATEGORY, "categories": ("one",)} | fields
    return ListSource(id="bets", url="file:/list", **fields)  # type: ignore[arg-type] - checked by each test


@pytest.mark.parametrize(
    ("text", "scope", "fields", "edit"),
    [
        ("Bets.Example.", None, {}, Edit(Change.ADD, "bets.example", Scope.DOMAIN)),
        ("bets.example", None, {"scope": Scope.HOST}, Edit(Change.ADD, "bets.example", Scope.HOST)),
        ("bets.example", None, {"format": "rpz"}, Edit(Change.ADD, "bets.example", Scope.HOST)),
        ("bücher.example", Scope.WILDCARD, {}, Edit(Change.ADD, "xn--bcher-kva.example", Scope.WILDCARD)),
        ("co.uk", Scope.HOST, {}, Edit(Change.ADD, "co.uk", Scope.HOST)),
        ("co.uk", None, {"public_suffixes": True}, Edit(Change.ADD, "co.uk", Scope.DOMAIN)),
        ("192.0.2.7", None, {"addresses": True}, Edit(Change.ADD, "192.0.2.7", Scope.ADDRESS)),
        ("192.0.2.0/24", Scope.ADDRESS, {"addresses": True}, Edit(Change.ADD, "192.0.2.0/24", Scope.ADDRESS)),
    ],
)
def test_what_is_taken(text: str, scope: Scope | None, fields: dict[str, object], edit: Edit) -> None:
    assert parse_edit(source(**fields), Change.ADD, text, scope, SUFFIXES) == edit


@pytest.mark.parametrize(
    ("text", "scope", "fields", "words"),
    [
        ("co.uk", None, {}, "public suffix"),
        ("co.uk", Scope.WILDCARD, {}, "public suffix"),
        ("bets", None, {}, "no name that can be listed"),
        ("not a name", None, {}, "no name that can be listed"),
        ("x" * 5000, None, {}, "no name that can be listed"),
        ("192.0.2.7", None, {}, "addresses: true"),
        ("192.0.2.7/24", Scope.ADDRESS, {"addresses": True}, "no address or prefix"),
        ("bets.example", Scope.URL, {}, "has the scope"),
        ("bets.example", None, {"format": "urls"}, "list of URLs"),
        ("bets.example", None, {"confidentiality": Confidentiality.SECRET}, "secret"),
    ],
)
def test_what_is_refused(text: str, scope: Scope | None, fields: dict[str, object], words: str) -> None:
    with pytest.raises(EditError, match=words) as caught:
        parse_edit(source(**fields), Change.ADD, text, scope, SUFFIXES)
    if "confidentiality" in fields:
        assert text not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_public_suffix_can_be_removed() -> None:
    assert parse_edit(source(), Change.REMOVE, "co.uk", None, SUFFIXES).name == "co.uk"


names = st.sampled_from(["a.example", "b.example"])
scopes = st.sampled_from([Scope.HOST, Scope.DOMAIN, Scope.WILDCARD])
series = st.lists(st.builds(Edit, st.sampled_from(Change), names, scopes), max_size=12)


@given(series)
def test_a_series_is_what_its_last_words_are(edits: list[Edit]) -> None:
    last: dict[tuple[str, int], Change] = {}
    for edit in edits:
        for reach in (AT_NAME, BELOW):
            if REACH[edit.scope] & reach:
                last[edit.name, reach] = edit.change
    combined = combine(edits)
    found = {
        (e.name, reach): e.change for e in combined for reach in (AT_NAME, BELOW) if REACH[e.scope] & reach
    }
    assert found == {key: change for key, change in last.items() if change is not Change.TAKE_BACK}
    assert combine(combined) == combined
    assert len({(e.name, e.change) for e in combined}) == len(combined)
