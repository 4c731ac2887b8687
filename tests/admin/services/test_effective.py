"""File and database as one configuration: who wins, what is set aside, and the short way for single subscribers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.config import Config, load
from admin.config.lists import ListConfig
from admin.config.people import CategoryConfig, ProfileConfig, SubscriberConfig
from admin.services.effective import effective, merge, merge_subscribers
from admin.services.stored import NOTHING_STORED, Changed, Stored

DECLARED = """\
data_dir: var
lists:
  - {id: bets, url: "file:bets.txt", format: domains, kind: category, categories: [gambling]}
profiles: {strict: {block: [gambling]}}
default_profile: strict
subscribers:
  - {id: home-1, profile: strict, addresses: ["192.0.2.1"]}
"""


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Config:
    path: Path = tmp_path_factory.mktemp("effective") / "weir.yaml"
    path.write_text(DECLARED)
    return load(path)


def subscriber(name: str, address: str, profile: str = "strict") -> SubscriberConfig:
    return SubscriberConfig.model_validate({"id": name, "profile": profile, "addresses": [address]})


def stored(*subscribers: SubscriberConfig, **sections: Any) -> Stored:
    return Stored(subscribers={item.id: item for item in subscribers}, sequence=1, **sections)


def chat(name: str = "chat", category: str = "chat") -> ListConfig:
    return ListConfig.model_validate(
        {
            "id": name,
            "url": "https://x.example/",
            "format": "domains",
            "kind": "category",
            "categories": [category],
        }
    )


def test_nothing_stored_changes_nothing(declared: Config) -> None:
    assert effective(declared, NOTHING_STORED) == declared


def test_both_parts_are_in_the_effective_configuration(declared: Config) -> None:
    config = effective(
        declared,
        stored(
            subscriber("home-2", "192.0.2.2", "teen"),
            lists={"chat": chat()},
            categories={"school": CategoryConfig(title="School")},
            profiles={"teen": ProfileConfig(block=("chat",))},
        ),
    )
    assert [item.id for item in config.lists] == ["bets", "chat"]
    assert [item.id for item in config.subscribers] == ["home-1", "home-2"]
    assert set(config.profiles) == {"strict", "teen"}
    assert config.titles["school"] == "School"
    assert (config.path, config.data_dir, config.resolver) == (
        declared.path,
        declared.data_dir,
        declared.resolver,
    )


@pytest.mark.parametrize(
    ("database", "words"),
    [
        (stored(lists={"bets": chat("bets")}), "list `bets` of the database is left out"),
        (stored(profiles={"strict": ProfileConfig()}), "profile `strict` of the database is left out"),
        (stored(subscriber("home-1", "192.0.2.9")), "subscriber `home-1` of the database is left out"),
        (stored(subscriber("home-2", "192.0.2.1")), "`192.0.2.1/32` stands in subscriber `home-1`"),
        (stored(subscriber("home-2", "192.0.2.2", "gone")), "`gone` is no profile"),
        (
            replace(NOTHING_STORED, unreadable={("lists", "x"): "list `x` cannot be used"}),
            "list `x` cannot be used",
        ),
    ],
)
def test_where_they_clash_the_file_wins_and_that_is_said(
    declared: Config, database: Stored, words: str
) -> None:
    merged = merge(declared, database)
    assert len(merged.clashes) == 1
    assert words in merged.clashes[0]
    assert merged.config == declared


def test_a_list_whose_category_is_gone_goes_on_blocking(declared: Config) -> None:
    merged = merge(declared, stored(lists={"odd": chat("odd", "oddities")}))
    assert "oddities" in merged.clashes[0]
    assert [item.id for item in merged.config.lists] == ["bets", "odd"]


def test_a_thousand_clashes_are_told_by_their_number(declared: Config) -> None:
    many = stored(*(subscriber(f"s{n}", f"10.0.{n // 256}.{n % 256}", "gone") for n in range(1000)))
    clashes = merge(declared, many).clashes
    assert len(clashes) == 21
    assert clashes[-1] == "and 980 more of this sort"


_PEOPLE = st.dictionaries(
    st.sampled_from(["home-1", "home-2", "home-3", "home-4"]),
    st.builds(
        lambda last, profile: (f"192.0.2.{last}", profile),
        st.integers(1, 6),
        st.sampled_from(["strict", "teen", "gone"]),
    ),
)


def _people(drawn: dict[str, tuple[str, str]]) -> tuple[SubscriberConfig, ...]:
    """Each network once: the database sees to that."""
    first = {address: name for name, (address, _) in reversed(drawn.items())}
    return tuple(
        subscriber(name, address, profile)
        for name, (address, profile) in drawn.items()
        if first[address] == name
    )


@given(before=_PEOPLE, after=_PEOPLE)
def test_the_short_way_ends_where_the_long_one_does(
    declared: Config, before: dict[str, tuple[str, str]], after: dict[str, tuple[str, str]]
) -> None:
    teen = {"teen": ProfileConfig()}
    old, new = stored(*_people(before), profiles=teen), stored(*_people(after), profiles=teen)
    long = merge(declared, new)
    short, changes = merge_subscribers(merge(declared, old), new, before.keys() | after.keys())
    assert short.config == long.config
    assert sorted(short.clashes) == sorted(long.clashes)
    in_force = {item.id: item for item in merge(declared, old).config.subscribers}
    for change in changes:
        if change.before is not None:
            assert in_force.pop(change.before.id) == change.before
    for change in changes:
        if change.after is not None:
            in_force[change.after.id] = change.after
    assert in_force == {item.id: item for item in long.config.subscribers}


def _ids(*names: str) -> dict[str, frozenset[str]]:
    return {"subscribers": frozenset(names)}


@pytest.mark.parametrize(
    ("changed", "alone"),
    [
        (Changed(), None),
        (Changed(_ids("a")), {"a"}),
        (Changed(_ids("a")) | Changed(_ids("b")), {"a", "b"}),
        (Changed(_ids("a")) | Changed({"profiles": frozenset({"p"})}), None),
        (Changed(_ids("a")) | Changed(whole=frozenset({"subscribers"})), None),
    ],
)
def test_whether_subscribers_alone_changed(changed: Changed, alone: set[str] | None) -> None:
    assert changed.subscribers_alone == alone
    assert bool(changed) == (changed != Changed())
