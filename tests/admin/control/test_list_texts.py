"""Texts that the public log's digests are made of: who gets which, and which are nobody's."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from admin.api.list_life import Part
from admin.control.list_texts import ListTexts, list_texts
from admin.services.actors import Actor, ActorKind, DeniedError
from admin.services.errors import ConflictError, NotFoundError
from blocklists.edits import Change, Edit
from blocklists.guard import Guard
from blocklists.model import Confidentiality, Kind, ListSource, Scope

BETS = ListSource("bets", "https://lists.example/bets", "domains", Kind.CATEGORY, ("gambling",))
INNER = replace(BETS, id="inner", confidentiality=Confidentiality.RESTRICTED)
WATCH = replace(BETS, id="watch", kind=Kind.ILLEGAL, confidentiality=Confidentiality.SECRET)
ROOT = Actor.of_the_box(ActorKind.LOCAL, "root")
FIRST, SECOND = b"domain bets.example\n", b"domain more.example\n"


@pytest.fixture
async def texts(world: Any) -> ListTexts:
    keeper = world.keeper()
    keeper.follow([BETS, INNER, WATCH])
    for data in (b"bets.example\n", b"more.example\n"):
        world.sources.texts = {BETS.url: data}
        world.pass_time(BETS.refresh)
        for source in (BETS, INNER, WATCH):
            assert await keeper.fetch(source.id)
    edits = {"bets": (Edit(Change.ADD, "x.example", Scope.HOST),)}
    guard = Guard({"helpline.example": "help"}, frozenset({"helpline.example"}))
    return list_texts(keeper, lambda: (BETS, INNER, WATCH), lambda name: edits.get(name, ()), lambda: guard)


async def test_a_public_list_gives_the_texts_of_its_versions(texts: ListTexts) -> None:
    assert await texts.text(ROOT, "bets", Part.ENTRIES, "") == SECOND
    by_version = hashlib.sha256(b"bets.example\n").hexdigest()
    by_text = hashlib.sha256(FIRST).hexdigest()
    for wanted in (by_version, by_version[:12], by_text, by_text[:8]):
        assert await texts.text(ROOT, "bets", Part.ENTRIES, wanted) == FIRST
    assert await texts.text(ROOT, "bets", Part.EDITS, "") == b"add host x.example\n"
    assert await texts.protected(ROOT) == b"domain helpline.example\n"


@pytest.mark.parametrize("part", Part)
@pytest.mark.parametrize("list_id", ["inner", "watch"])
async def test_others_are_opened_to_auditors_alone(texts: ListTexts, list_id: str, part: Part) -> None:
    with pytest.raises(ConflictError, match="auditors alone"):
        await texts.text(ROOT, list_id, part, "")


async def test_what_is_not_kept_is_not_found(texts: ListTexts) -> None:
    with pytest.raises(NotFoundError, match="not kept here"):
        await texts.text(ROOT, "bets", Part.ENTRIES, "0" * 64)
    with pytest.raises(NotFoundError, match="no list"):
        await texts.text(ROOT, "other", Part.ENTRIES, "")


async def test_nobody_without_the_right_gets_any(texts: ListTexts) -> None:
    nobody = Actor(ActorKind.ANONYMOUS, "nobody")
    with pytest.raises(DeniedError):
        await texts.text(nobody, "bets", Part.ENTRIES, "")
    with pytest.raises(DeniedError):
        await texts.protected(nobody)
