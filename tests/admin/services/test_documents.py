"""The use cases of lists, categories, profiles and subscribers, on both databases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from admin.audit.events import digest_of
from admin.config import Config, load
from admin.services.actors import GRANTS, Actor, ActorKind, DeniedError, Permission, Role
from admin.services.acts import Act, Page
from admin.services.categories import CATEGORIES
from admin.services.documents import Documents, merged
from admin.services.errors import (
    ConflictError,
    DeclaredError,
    InvalidError,
    NotFoundError,
    RevisionError,
)
from admin.services.lists_declared import LISTS
from admin.services.profiles import PROFILES
from admin.services.subscribers import SUBSCRIBERS
from admin.store.database import Database
from admin.store.tables import EventRow, IdentityRow

DECLARED = """\
data_dir: var
lists:
  - {id: bets, url: "file:bets.txt", format: domains, kind: category, categories: [gambling]}
categories: {homework: {title: Home work helpers}}
profiles: {strict: {block: [gambling]}, open: {}}
default_profile: strict
subscribers:
  - {id: home-1, profile: open, addresses: ["192.0.2.1"]}
"""
ROOT = Actor.of_the_box(ActorKind.LOCAL, "root")
CHAT: dict[str, object] = {
    "url": "https://lists.example/chat",
    "format": "domains",
    "kind": "category",
    "categories": ["chat"],
}
LINE: dict[str, object] = {"profile": "open", "addresses": ["192.0.2.7", "2001:db8:7::/56"]}


@dataclass
class Desk:
    """The use cases, each in a transaction of its own."""

    database: Database
    declared: Config
    act: Act

    async def __call__(self, documents: Documents[Any, Any], verb: str, *arguments: Any, **act: Any) -> Any:
        async with self.database.transaction() as transaction:
            does = getattr(documents, verb)
            who = replace(self.act, **act)
            return await does(
                transaction, self.declared, who.actor if verb in ("list", "get") else who, *arguments
            )

    async def events(self) -> list[tuple[str, str, str, str]]:
        async with self.database.reading() as transaction:
            rows = await transaction.session.scalars(select(EventRow).order_by(EventRow.sequence))
            return [(row.kind, row.subject, row.before, row.after) for row in rows]


@pytest.fixture
def declared(tmp_path: Path) -> Config:
    path = tmp_path / "weir.yaml"
    path.write_text(DECLARED)
    return load(path)


@pytest.fixture
def desk(database: Database, declared: Config) -> Desk:
    return Desk(database, declared, Act(ROOT, 100.0, "because"))


CASES = [
    (LISTS, "chat", CHAT, {"title": "Chat", "refresh": "2h"}),
    (CATEGORIES, "school", {"title": "School"}, {"title": "Schools"}),
    (PROFILES, "teen", {"block": ["gambling", "homework"]}, {"paused": True, "safe_search": ["google"]}),
    (SUBSCRIBERS, "home-7", LINE, {"profile": "strict", "deny": ["=news.example"], "paused": True}),
]


@pytest.mark.parametrize(("documents", "name", "document", "changes"), CASES)
async def test_the_life_of_a_document(
    desk: Desk, documents: Any, name: str, document: dict[str, object], changes: dict[str, object]
) -> None:
    made = await desk(documents, "create", name, document)
    assert (made.id, made.revision, made.created, made.changed, made.declared) == (
        name,
        1,
        100.0,
        100.0,
        False,
    )
    assert await desk(documents, "get", name) == made

    changed = await desk(documents, "patch", name, changes, at=200.0, revision=1)
    assert (changed.revision, changed.created, changed.changed) == (2, 100.0, 200.0)
    assert await desk(documents, "get", name) == changed
    assert changed.section != made.section

    replaced = await desk(documents, "replace", name, document, at=300.0, revision=2)
    assert replaced.section == made.section
    await desk(documents, "delete", name, at=400.0, revision=3)
    with pytest.raises(NotFoundError, match=name):
        await desk(documents, "get", name)

    events = await desk.events()
    assert [subject for _, subject, _, _ in events] == [name] * 4
    digests = [(before, after) for _, _, before, after in events]
    first, second = digests[0][1], digests[1][1]
    assert digests == [("", first), (first, second), (second, first), (first, "")]
    assert first != second
    assert first == digest_of(_stored(document))


def _stored(document: dict[str, object]) -> dict[str, object]:
    """The canonical form of what these cases send."""
    stored = dict(document)
    if "addresses" in stored:
        stored["addresses"] = ["192.0.2.7/32", "2001:db8:7::/56"]
    return stored


@pytest.mark.parametrize(("documents", "name", "document", "changes"), CASES)
async def test_a_change_from_an_old_revision_is_refused(
    desk: Desk, documents: Any, name: str, document: dict[str, object], changes: dict[str, object]
) -> None:
    await desk(documents, "create", name, document)
    await desk(documents, "patch", name, changes)
    before = await desk.events()
    for verb, rest in (("patch", (changes,)), ("replace", (document,)), ("delete", ())):
        with pytest.raises(RevisionError, match="has revision 2") as caught:
            await desk(documents, verb, name, *rest, revision=1)
        assert caught.value.revision == 2
    assert await desk.events() == before


DECLARED_ONES = [(LISTS, "bets"), (CATEGORIES, "homework"), (PROFILES, "strict"), (SUBSCRIBERS, "home-1")]


@pytest.mark.parametrize(("documents", "name"), DECLARED_ONES)
async def test_what_the_file_declares_is_read_only(desk: Desk, documents: Any, name: str) -> None:
    found = await desk(documents, "get", name)
    assert (found.declared, found.revision, found.created) == (True, 0, None)
    for verb, rest in (("create", ({},)), ("patch", ({},)), ("replace", ({},)), ("delete", ())):
        with pytest.raises(DeclaredError, match=r"weir\.yaml"):
            await desk(documents, verb, name, *rest)
    assert await desk.events() == []


@pytest.mark.parametrize(("documents", "name", "document", "changes"), CASES)
async def test_whoever_lacks_the_scope_learns_and_changes_nothing(
    desk: Desk, documents: Any, name: str, document: dict[str, object], changes: dict[str, object]
) -> None:
    nobody = Actor(ActorKind.TOKEN, "x", "x", frozenset({Permission.STATS}))
    for verb, rest in (
        ("create", (name, document)),
        ("patch", (name, changes)),
        ("replace", (name, document)),
        ("delete", (name,)),
        ("get", (name,)),
        ("list", ()),
    ):
        with pytest.raises(DeniedError, match="scope"):
            await desk(documents, verb, *rest, actor=nobody)


@pytest.mark.parametrize(
    ("documents", "name", "document", "fields"),
    [
        (PROFILES, "teen", {"block": ["gambling", "gamblin"]}, ["block[1]"]),
        (PROFILES, "teen", {"allow_only": ["nothing"]}, ["allow_only[0]"]),
        (PROFILES, "refuse", {}, ["id"]),
        (PROFILES, "a b", {}, ["id"]),
        (PROFILES, "teen", {"id": "other"}, ["id"]),
        (PROFILES, "teen", {"blok": []}, ["blok"]),
        (CATEGORIES, "school", {}, ["title"]),
        (CATEGORIES, "school", {"title": 7}, ["title"]),
        (LISTS, "chat", {**CHAT, "categories": ["chatt"]}, ["categories[0]"]),
        (LISTS, "chat", {**CHAT, "url": "http://lists.example/chat"}, ["url"]),
        (LISTS, "../x", CHAT, ["id"]),
        (SUBSCRIBERS, "home-7", {**LINE, "profile": "opn"}, ["profile"]),
        (SUBSCRIBERS, "home-7", {**LINE, "addresses": []}, ["addresses"]),
        (SUBSCRIBERS, "home-7", {**LINE, "addresses": ["192.0.2.1"]}, ["addresses[0]"]),
        (SUBSCRIBERS, "home-7", {**LINE, "addresses": ["192.0.2.3", "192.0.2.3/32"]}, ["addresses[1]"]),
        (SUBSCRIBERS, "home-7", {"profile": "x", "addresses": ["192.0.2.1"]}, ["profile", "addresses[0]"]),
    ],
)
async def test_mistakes_name_their_fields(
    desk: Desk, documents: Any, name: str, document: dict[str, object], fields: list[str]
) -> None:
    with pytest.raises(InvalidError) as caught:
        await desk(documents, "create", name, document)
    assert [mistake.field for mistake in caught.value.mistakes] == fields
    assert await desk.events() == []


async def test_what_is_there_cannot_be_created_again(desk: Desk) -> None:
    await desk(PROFILES, "create", "teen", {})
    with pytest.raises(ConflictError, match="is there already"):
        await desk(PROFILES, "create", "teen", {})


async def test_a_network_leads_to_one_subscriber(desk: Desk) -> None:
    await desk(SUBSCRIBERS, "create", "home-7", LINE)
    with pytest.raises(InvalidError, match=r"addresses\[0\].*subscriber `home-7` already"):
        await desk(SUBSCRIBERS, "create", "home-8", {**LINE, "addresses": ["192.0.2.7"]})
    await desk(SUBSCRIBERS, "patch", "home-7", {"addresses": ["192.0.2.9"]})
    await desk(SUBSCRIBERS, "create", "home-8", {**LINE, "addresses": ["192.0.2.7"]})
    await desk(SUBSCRIBERS, "delete", "home-8")
    async with desk.database.reading() as transaction:
        rows = (await transaction.session.execute(select(IdentityRow.prefix, IdentityRow.subscriber))).all()
    assert [tuple(row) for row in rows] == [("192.0.2.9/32", "home-7")]


async def test_what_is_needed_cannot_be_deleted(desk: Desk) -> None:
    await desk(CATEGORIES, "create", "school", {"title": "School"})
    await desk(CATEGORIES, "create", "club", {"title": "Club"})
    await desk(PROFILES, "create", "teen", {"allow_only": ["school"]})
    await desk(LISTS, "create", "clubs", {**CHAT, "categories": ["club"]})
    await desk(SUBSCRIBERS, "create", "home-7", {**LINE, "profile": "teen"})
    with pytest.raises(ConflictError, match="named by profile `teen`"):
        await desk(CATEGORIES, "delete", "school")
    with pytest.raises(ConflictError, match="named by list `clubs`"):
        await desk(CATEGORIES, "delete", "club")
    with pytest.raises(ConflictError, match="subscriber `home-7`"):
        await desk(PROFILES, "delete", "teen")
    await desk(SUBSCRIBERS, "patch", "home-7", {"profile": "open"})
    await desk(PROFILES, "delete", "teen")
    await desk(CATEGORIES, "delete", "school")


async def test_lists_that_do_not_fit_together_are_refused(desk: Desk) -> None:
    document = {**CHAT, "kind": "security", "categories": []}
    for number in range(255):
        await desk(LISTS, "create", f"list-{number}", document)
    with pytest.raises(ConflictError, match="there are 256"):
        await desk(LISTS, "create", "one-more", document)


@pytest.mark.parametrize(
    "document",
    [
        {**CHAT, "url": "file:/etc/shadow"},
        {**CHAT, "access": {"api_key": "/etc/weir/other-key"}},
        {**CHAT, "access": {"ca": "/etc/weir/ca.pem"}},
        {**CHAT, "signature": {"kind": "minisign", "public_key": "/etc/weir/key.pub"}},
        {**CHAT, "format": "hashes", "hashes": {"shape": "expression", "full": "file:/etc/shadow"}},
    ],
)
async def test_a_list_manager_cannot_reach_for_the_files_of_the_box(
    desk: Desk, document: dict[str, object]
) -> None:
    manager = Actor(ActorKind.TOKEN, "x", "Anna", GRANTS[Role.LIST_MANAGER])
    with pytest.raises(DeniedError, match="config:reload"):
        await desk(LISTS, "create", "mine", document, actor=manager)
    await desk(LISTS, "create", "mine", CHAT, actor=manager)
    with pytest.raises(DeniedError, match="config:reload"):
        await desk(LISTS, "replace", "mine", document, actor=manager)
    await desk(LISTS, "replace", "mine", document)


async def test_a_list_manager_cannot_open_a_secret_list(desk: Desk) -> None:
    manager = Actor(ActorKind.TOKEN, "x", "Anna", GRANTS[Role.LIST_MANAGER])
    secret = {**CHAT, "kind": "illegal", "categories": [], "confidentiality": "secret"}
    await desk(LISTS, "create", "watch", secret, actor=manager)
    for opened in ("restricted", "public"):
        with pytest.raises(DeniedError, match="config:reload"):
            await desk(LISTS, "patch", "watch", {"confidentiality": opened}, actor=manager)
    await desk(LISTS, "patch", "watch", {"title": "Still secret"}, actor=manager)
    await desk(LISTS, "patch", "watch", {"confidentiality": "restricted"})


async def test_pages_go_through_declared_and_stored_in_the_order_of_ids(desk: Desk) -> None:
    for name in ("a", "m", "z", "teen"):
        await desk(PROFILES, "create", name, {})
    ids: list[str] = []
    after: str | None = ""
    while after is not None:
        part = await desk(PROFILES, "list", Page(after, 2))
        assert len(part.items) <= 2
        ids += [item.id for item in part.items]
        after = part.after
    assert ids == ["a", "m", "open", "strict", "teen", "z"]
    assert (await desk(PROFILES, "list", Page("z", 5))).items == ()
    assert len((await desk(PROFILES, "list", Page(limit=6))).items) == 6
    assert (await desk(PROFILES, "list", Page(limit=6))).after is None


@pytest.mark.parametrize(
    ("document", "changes", "result"),
    [
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None, "d": 3}}, {"a": {"c": 2, "d": 3}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": 1}, {"a": {"b": None}}, {"a": {}}),
        ({}, {"a": {"b": {"c": None}}}, {"a": {"b": {}}}),
    ],
)
def test_a_patch_is_a_merge_patch(document: Any, changes: Any, result: Any) -> None:
    before = repr(document)
    assert merged(document, changes) == result
    assert repr(document) == before


_JSON = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=2), _JSON), st.dictionaries(st.text(max_size=2), _JSON))
def test_a_patch_without_null_holds_afterwards(document: Any, changes: Any) -> None:
    once = merged(document, changes)
    assert merged(once, changes) == once
    assert changes.keys() <= once.keys()
