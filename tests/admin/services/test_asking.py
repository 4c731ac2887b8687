"""The privileged question: who may ask, how often, what is kept of it, and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from admin.audit.events import Event, EventKind
from admin.config import Config
from admin.services.actors import GRANTS, Actor, ActorKind, DeniedError, Role
from admin.services.asking import MOST_AN_HOUR, AskLimits, Desk, Question, TooOftenError, ask_list
from admin.services.build import sources
from admin.services.errors import InvalidError, NotFoundError
from blocklists.enforcement import Enforced
from blocklists.model import Disposition, Entry, Scope
from blocklists.urls.collecting import UrlRecords
from blocklists.urls.index import UrlIndex
from blocklists.urls.layout import write_index

KEY = bytes(range(16))
MANAGER = Actor(ActorKind.TOKEN, "t1", "anna", GRANTS[Role.LIST_MANAGER])


@dataclass
class Transaction:
    """Keeps what is recorded."""

    events: list[Event] = field(default_factory=list)

    def record(self, event: Event, actor: Actor, at: float, /) -> None:
        assert (actor, at) == (MANAGER, 1000.0)
        self.events.append(event)


@pytest.fixture
def desk(config: Config, view_of: Callable[[Config], Any], tmp_path: Path) -> Desk:
    """The small appliance, whose secret list names a page."""
    found = [UrlRecords(source, KEY) for source in sources(config)]
    for records in found:
        if records.source.id == "vault":
            records.add(Entry("pages.example/secret.html", Scope.URL))
    write_index(tmp_path / "urls.weir", KEY, found)
    view = replace(view_of(config), urls=UrlIndex.open(tmp_path / "urls.weir", KEY))
    return Desk(view, b"k" * 32, AskLimits())


@pytest.mark.parametrize(
    ("list_id", "text", "listed", "disposition"),
    [
        ("vault", "secret.example", True, Disposition.DNS),
        ("vault", "www.SECRET.example.", True, Disposition.DNS),
        ("vault", "http://secret.example/x", True, Disposition.DNS),
        ("vault", "bets.example", False, None),
        ("vault", "http://pages.example/secret.html", True, Disposition.URL_FILTER),
        ("vault", "https://pages.example/secret.html", True, Disposition.NOT_ENFORCEABLE),
        ("vault", "pages.example", False, None),
        ("hotline", "http://pages.example/secret.html", False, None),
        ("hotline", "known.example", True, Disposition.DNS),
        ("court", "ordered.example", True, Disposition.DNS),
        ("bets", "www.bets.example", True, Disposition.DNS),
        ("talk", "bets.example", False, None),
    ],
)
def test_answers(list_id: str, text: str, listed: bool, disposition: Disposition | None, desk: Desk) -> None:
    transaction = Transaction()
    answer = ask_list(transaction, MANAGER, Question(list_id, text, "appeal 7"), 1000.0, desk)
    assert (answer.listed, answer.disposition) == (listed, disposition)
    (event,) = transaction.events
    assert (event.kind, event.subject, event.reason) == (EventKind.LIST_ASKED, list_id, "appeal 7")
    assert "example" not in str(event)


@pytest.mark.parametrize(
    ("part", "text", "disposition"),
    [
        (Enforced.NAMES, "secret.example", Disposition.DNS),
        (Enforced.NAMES, "http://pages.example/secret.html", None),
        (Enforced.NOTHING, "secret.example", None),
        (Enforced.NOTHING, "http://pages.example/secret.html", None),
    ],
)
def test_an_entry_of_a_list_that_is_off_is_told_without_enforcement(
    part: Enforced, text: str, disposition: Disposition | None, desk: Desk
) -> None:
    tables = desk.view.tables
    lists = {**tables.lists, "vault": replace(tables.lists["vault"], enforced=part)}
    view: Any = desk.view
    off = replace(desk, view=replace(view, tables=replace(tables, lists=lists)))
    answer = ask_list(Transaction(), MANAGER, Question("vault", text, "why"), 1000.0, off)
    assert (answer.listed, answer.disposition) == (True, disposition)


def test_the_same_question_has_the_same_digest_in_whatever_form(desk: Desk) -> None:
    transaction = Transaction()
    for text in ("secret.example", "SECRET.example.", "other.example"):
        ask_list(transaction, MANAGER, Question("vault", text, "why"), 1000.0, desk)
    first, second, other = (event.detail["asked"] for event in transaction.events)
    assert first == second != other


@pytest.mark.parametrize(
    ("actor", "question", "error"),
    [
        (Actor.of_the_box(ActorKind.LOCAL, "root"), Question("vault", "a.example", "why"), DeniedError),
        (Actor(ActorKind.TOKEN, "t2", "bob", GRANTS[Role.AUDITOR]), Question("vault", "a.example", "why"), DeniedError),
        (MANAGER, Question("vault", "a.example", " "), InvalidError),
        (MANAGER, Question("vault", "a.example", "x" * 501), InvalidError),
        (MANAGER, Question("vault", "no name of mine", "why"), InvalidError),
        (MANAGER, Question("nosuch", "a.example", "why"), NotFoundError),
    ],
)  # fmt: skip
def test_what_is_refused_is_neither_answered_nor_recorded(
    actor: Actor, question: Question, error: type[Exception], desk: Desk
) -> None:
    transaction = Transaction()
    with pytest.raises(error) as caught:
        ask_list(transaction, actor, question, 1000.0, desk)
    assert transaction.events == []
    assert question.text not in str(caught.value)


def test_nobody_compiles_a_list_by_asking() -> None:
    limits = AskLimits()
    for second in range(MOST_AN_HOUR):
        limits.take("anna", 1000.0 + second)
    with pytest.raises(TooOftenError) as caught:
        limits.take("anna", 2000.0)
    assert caught.value.wait == 2600.0
    limits.take("bob", 2000.0)
    limits.take("anna", 1000.0 + 3600.0)
    with pytest.raises(TooOftenError):
        limits.take("anna", 1000.5 + 3600.0)


def test_a_clock_that_is_set_back_locks_nobody_out_for_long() -> None:
    limits = AskLimits()
    for _ in range(MOST_AN_HOUR):
        limits.take("anna", 1e9)
    limits.take("anna", 1000.0)
