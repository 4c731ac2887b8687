"""The built-in files of protected and popular names, and rankings as others ship them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.canonical import host
from blocklists.guard import Guard, parents
from blocklists.popular import RankingError, built_in_ranking, parse_ranking, read_ranking
from blocklists.protected import built_in_groups
from blocklists.suffixes import is_public_suffix, registered_part

NAMES = [name for group in built_in_groups().values() for name in group.names]


def test_every_group_has_a_reason() -> None:
    for group in built_in_groups().values():
        assert group.reason.endswith(".")
        assert group.names


def test_protected_names_are_canonical_and_stand_once() -> None:
    bare = [name.removeprefix("=") for name in NAMES]
    assert len(set(bare)) == len(bare)
    assert all(host(name) == name for name in bare)
    assert not [name for name in NAMES if not name.startswith("=") and is_public_suffix(name)]


def test_no_popular_site_is_protected_with_all_below_it() -> None:
    top = set(built_in_ranking()[:100])
    assert not top.intersection(NAMES)


def test_the_built_in_ranking_is_one() -> None:
    ranking = built_in_ranking()
    assert len(ranking) >= 500
    assert parse_ranking("\n".join(ranking), top=len(ranking)) == ranking
    assert all(registered_part(name) == name for name in ranking)


RANKINGS = [
    ("google.com\nwikipedia.org\n", ("google.com", "wikipedia.org")),
    ("1,google.com\r\n2,Wikipedia.ORG\r\n", ("google.com", "wikipedia.org")),
    ("bucket,host\n1000,https://www.google.com\n1000,wikipedia.org\n", ("www.google.com", "wikipedia.org")),
    ("# mine\n\na.example\na.example\nb.example\nc.example\n", ("a.example", "b.example", "c.example")),
    ("com\nco.uk\na.example\n", ("a.example",)),
    ("", ()),
]


@pytest.mark.parametrize(("text", "names"), RANKINGS)
def test_rankings(text: str, names: tuple[str, ...]) -> None:
    assert parse_ranking(text, top=10) == names
    assert parse_ranking(text, top=1) == names[:1]


@pytest.mark.parametrize("text", ["<html>\n<body>\n", "\0\1\n\2\n", "a b c\nd e f\n"])
def test_what_is_no_ranking(text: str) -> None:
    with pytest.raises(RankingError, match="one name a line"):
        parse_ranking(text, top=10)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RankingError, match="cannot be read: No such file"):
        read_ranking(tmp_path / "none", top=10)


@given(st.text(max_size=200), st.integers(1, 5))
def test_any_text_is_a_ranking_or_none(text: str, top: int) -> None:
    try:
        names = parse_ranking(text, top=top)
    except RankingError:
        return
    assert len(names) <= top
    assert all(host(name) == name for name in names)


def test_who_protects_a_name() -> None:
    guard = Guard(protected={"a.example": "x", "b.example": "y"}, domains=frozenset({"a.example"}))
    found = {name: guard.protector(name) for name in ("a.example", "z.a.example", "b.example", "z.b.example")}
    assert found == {
        "a.example": "a.example",
        "z.a.example": "a.example",
        "b.example": "b.example",
        "z.b.example": None,
    }
    assert tuple(parents("a.b.example")) == ("b.example", "example")


def test_the_digests_tell_what_changed() -> None:
    plain = Guard(protected={"a.example": "x"})
    wide = Guard(protected={"a.example": "x"}, domains=frozenset({"a.example"}))
    listed = Guard(protected={"a.example": "x", "l.example": "protected-lists"})
    popular = Guard(protected={"a.example": "x"}, popular=("p.example",))
    today = Guard(protected={"a.example": "x"}, today=("t.example",))
    assert len({guard.digest for guard in (plain, wide, listed, popular)}) == 4
    assert today.digest == plain.digest
    assert plain.shield == listed.shield == popular.shield != wide.shield
