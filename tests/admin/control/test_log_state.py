"""What the manifest says of lists, profiles and software, and what it never says."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from admin.config.people import ProfileConfig
from admin.control.log_state import ListFacts, describe, enforced_by, list_state, manifest_of, rules_digest
from admin.services.certificate import Software
from blocklists.edits import Change, Edit
from blocklists.enforcement import Enforced
from blocklists.guard import FROM_LISTS, NO_GUARD, Guard
from blocklists.model import Confidentiality, Kind, LegalBasis, ListSource, Scope
from blocklists.properties import Attribution, Handling, Publish
from blocklists.version_digests import VersionDigest
from resolver.tlog import manifests
from resolver.tlog.manifests import Edits, ListState

SOFTWARE = Software("1.0", "ab" * 32)
VERSION = VersionDigest("v" * 64, "r" * 64, 7, "1" * 64, "2" * 64)
PUBLIC = ListSource("bets", "file:/b", "domains", Kind.CATEGORY, ("gambling",), title="Bets", authority="Me")
RESTRICTED = replace(PUBLIC, confidentiality=Confidentiality.RESTRICTED)
SECRET = replace(PUBLIC, kind=Kind.ILLEGAL, confidentiality=Confidentiality.SECRET)


def facts(source: ListSource, publish: Publish = Publish.ROOT) -> ListFacts:
    source = replace(source, handling=Handling(publish=publish))
    return ListFacts(source, VERSION, 9.9, edits=2, edits_digest="3" * 64 if publish is Publish.ROOT else "")


NAMED: dict[str, Any] = {"auth": "Me", "title": "Bets", "basis": "user"}
SAID = [
    (PUBLIC, Publish.ROOT, {"n": 7, "raw": "1" * 64, "upd": 9, "edits": Edits(2, raw="3" * 64)}),
    (PUBLIC, Publish.COUNT, {"n": 7, "edits": Edits(2)}),
    (PUBLIC, Publish.NONE, {}),
    (RESTRICTED, Publish.ROOT, {"n": 7, "commit": "1" * 64, "upd": 9, "edits": Edits(2, commit="3" * 64)}),
    (RESTRICTED, Publish.COUNT, {"n": 7, "edits": Edits(2)}),
    (RESTRICTED, Publish.NONE, {}),
    (SECRET, Publish.ROOT, {"commit": "1" * 64, "upd": 9, "edits": Edits(commit="3" * 64)}),
    (SECRET, Publish.COUNT, {"n": 7, "edits": Edits(2)}),
    (SECRET, Publish.NONE, {}),
]


@pytest.mark.parametrize(("source", "publish", "said"), SAID)
def test_a_list_says_what_its_licence_allows(
    source: ListSource, publish: Publish, said: dict[str, Any]
) -> None:
    expected = ListState(conf=source.confidentiality.value, kind=source.kind.value, **NAMED, **said)
    assert list_state(facts(source, publish)) == expected


def test_a_list_without_a_version_has_no_digest() -> None:
    assert list_state(ListFacts(PUBLIC)) == ListState(conf="public", kind="category", **NAMED)


def test_an_authority_that_must_not_be_named_is_not() -> None:
    source = replace(PUBLIC, handling=Handling(attribution=Attribution.FORBIDDEN), title="x" * 201)
    assert (list_state(ListFacts(source)).auth, list_state(ListFacts(source)).title) == ("", "")
    assert list_state(ListFacts(replace(PUBLIC, authority="a\nb", title="x" * 201))).auth == ""


def test_profiles_enforce_what_holds_for_everybody_and_what_they_block() -> None:
    def of(list_id: str, kind: Kind, *categories: str) -> ListSource:
        return replace(PUBLIC, id=list_id, kind=kind, categories=categories)

    lists = [
        of("court", Kind.ILLEGAL),
        of("threats", Kind.SECURITY),
        of("helplines", Kind.PROTECTED),
        of("bets", Kind.CATEGORY, "gambling", "games"),
        of("adult", Kind.CATEGORY, "pornography"),
        of("ads", Kind.SECURITY, "games"),
    ]
    assert enforced_by(ProfileConfig(), lists) == ("court", "threats", "helplines", "ads")
    games = ProfileConfig.model_validate({"block": ["games"], "security": False})
    assert enforced_by(games, lists) == ("court", "helplines", "bets", "ads")


def test_whatever_a_profile_says_is_in_its_digest() -> None:
    profile = ProfileConfig.model_validate({"block": ["games"], "deny": ["=a.example"], "safe_search": True})
    others = [
        profile.model_copy(update={"paused": True}),
        ProfileConfig.model_validate({"block": ["games"], "deny": ["a.example"], "safe_search": True}),
        ProfileConfig.model_validate({"block": ["games"], "deny": ["=a.example"], "safe_search": ["google"]}),
    ]
    digests = [rules_digest(item, is_default=flag) for item in (profile, *others) for flag in (True, False)]
    assert len(set(digests)) == 8
    assert rules_digest(profile.model_copy(), is_default=True) == digests[0]


def test_names_that_lists_do_not_reach_are_in_the_manifest(config: Any) -> None:
    guard = Guard(
        {"b.example": "help", "a.example": "help", "x.example": FROM_LISTS}, frozenset({"b.example"})
    )
    assert guard.text == b"domain b.example\nhost a.example\n"
    found = manifest_of(config, [], {}, guard, SOFTWARE)
    assert found.protected == hashlib.sha256(guard.text).hexdigest()
    assert found.software == f"1.0+{'ab' * 32}"


CONFIG = """
data_dir: var
lists:
  - {id: bets, url: file:bets.txt, format: domains, kind: category, categories: [gambling], confidentiality: restricted}
  - {id: court, url: file:court.txt, format: domains, kind: illegal, legal_basis: court}
profiles: {strict: {block: [gambling]}, open: {}}
default_profile: open
subscribers: [{id: home-17, profile: strict, addresses: [192.0.2.17/32], deny: [own.example]}]
resolver: {listen: ["127.0.0.1:5300"], upstreams: ["192.0.2.53"]}
"""


@pytest.fixture
def config(tmp_path: Path) -> Any:
    from admin.config import load

    (tmp_path / "weir.yaml").write_text(CONFIG)
    return load(tmp_path / "weir.yaml")


async def test_a_configuration_is_described_as_its_lists_are_compiled(world: Any, config: Any) -> None:
    keeper = await loaded(world, config)
    versions = keeper.fingerprint()
    found = describe(config, versions, keeper, lambda _: (), NO_GUARD)
    assert manifests.decode(manifests.encode(found)) == found
    assert found.profiles == {"strict": ("bets", "court"), "open": ("court",)}
    bets, court = found.lists["bets"], found.lists["court"]
    assert (bets.n, bool(bets.commit), bets.raw, bets.enf) == (2, True, "", "all")
    assert (court.raw, court.basis) == (
        hashlib.sha256(b"domain court.example\n").hexdigest(),
        LegalBasis.COURT,
    )
    assert b"home-17" not in manifests.encode(found)
    assert describe(config, versions, keeper, lambda _: (), NO_GUARD) == found
    unknown = describe(config, None, keeper, lambda _: (), NO_GUARD)
    assert {(item.raw, item.commit, item.n) for item in unknown.lists.values()} == {("", "", None)}


async def test_what_a_subscriber_chooses_is_not_part_of_the_state(world: Any, config: Any) -> None:
    keeper = await loaded(world, config)
    subscriber = config.subscribers[0].model_copy(update={"paused": True, "profile": "open"})
    other = config.model_copy(update={"subscribers": (subscriber,)})
    described = [
        describe(item, keeper.fingerprint(), keeper, lambda _: (), NO_GUARD) for item in (config, other)
    ]
    assert described[0] == described[1]


async def test_edits_and_suspensions_change_the_state_and_no_digest_of_a_version(
    world: Any, config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = await loaded(world, config)
    before = describe(config, keeper.fingerprint(), keeper, lambda _: (), NO_GUARD)
    monkeypatch.setattr(keeper.lives, "enforced", lambda: {"court": Enforced.NOTHING})
    monkeypatch.setattr("blocklists.digesting.canonical_text", None)  # not to be worked out again
    edits = {"bets": (Edit(Change.ADD, "more.example", Scope.HOST),), "court": ()}
    after = describe(config, keeper.fingerprint(), keeper, edits.__getitem__, NO_GUARD)
    assert after.lists["court"] == replace(before.lists["court"], enf="nothing")
    assert after.lists["bets"].edits is not None
    assert after.lists["bets"] == replace(before.lists["bets"], edits=after.lists["bets"].edits)
    assert after.profiles == before.profiles


async def loaded(world: Any, config: Any) -> Any:
    """A keeper that has both lists."""
    from admin.services.build import sources

    listed = sources(config)
    for source in listed:
        Path(source.url.removeprefix("file:")).write_text("")
    world.sources.texts = {"bets": b"bets.example\nmore-bets.example\n", "court": b"court.example\n"}
    keeper = world.keeper()
    keeper.follow(listed)
    for source in listed:
        assert await keeper.fetch(source.id)
    return keeper
