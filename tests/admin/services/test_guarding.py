"""Which names lists are held against, from the configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from admin.config import Config, load
from admin.services.guarding import OPERATOR, check_edit, guard_of, own_names
from blocklists.edits import Change, Edit, EditError
from blocklists.guard import FROM_LISTS
from blocklists.model import Action, Entry, Kind, ListSource, Scope

Read = Callable[[str], Config]
SOURCE = ListSource("bets", "file:/bets", "domains", Kind.CATEGORY, ("gambling",))


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The configuration of a text."""

    def write_and_load(text: str) -> Config:
        (tmp_path / "weir.yaml").write_text('resolver: {upstreams: ["127.0.0.1:5399"]}\n' + text)
        return load(tmp_path / "weir.yaml")

    return write_and_load


def test_the_operator_s_own_names(read: Read) -> None:
    config = read(
        'node: edge-1.isp.example\ngateway: {portal_url: "https://isp.example/my", policy_url: "http://192.0.2.1/p"}\n'
    )
    assert tuple(own_names(config)) == ("edge-1.isp.example", "isp.example")
    assert guard_of(config).protected["isp.example"] == OPERATOR
    assert "isp.example" not in guard_of(config).domains
    assert tuple(own_names(read("node: weir\n"))) == ()


def test_what_the_section_says(read: Read, tmp_path: Path) -> None:
    (tmp_path / "top.txt").write_text("mine.example\ngoogle.com\nother.example\n")
    config = read(
        "admin: {gates: {never: [pay.isp.example], unprotected: [lencr.org, nothing.example], "
        "popular: {file: top.txt, top: 2}}}\n"
    )
    guard = guard_of(config)
    assert guard.protector("x.pay.isp.example") == "pay.isp.example"
    assert guard.protector("x.lencr.org") is None
    assert guard.popular[:3] == ("mine.example", "google.com", "youtube.com")
    assert guard.popular.count("google.com") == 1


@pytest.mark.parametrize(("text", "words"), [(None, "cannot be read"), ("<html>\n<p>\n", "have no name")])
def test_a_ranking_that_is_none(read: Read, tmp_path: Path, text: str | None, words: str) -> None:
    if text is not None:
        (tmp_path / "top.txt").write_text(text)
    with pytest.raises(ValueError, match=words):
        read("admin: {gates: {popular: {file: top.txt}}}\n")


def test_lists_of_protected_names_count_but_for_their_exceptions(read: Read) -> None:
    entries = [
        Entry("a.example", Scope.HOST),
        Entry("b.example", Scope.DOMAIN),
        Entry("c.example", Scope.HOST, Action.ALLOW),
        Entry("https://d.example/", Scope.URL),
        Entry("lencr.org", Scope.HOST),
    ]
    guard = guard_of(read(""), entries, today=("t.example",))
    listed = {name for name, group in guard.protected.items() if group == FROM_LISTS}
    assert listed == {"a.example", "b.example"}
    assert guard.protector("x.b.example") == "b.example"
    assert guard.today == ("t.example",)


EDITS = [
    (Change.ADD, "ocsp.digicert.com", Scope.HOST, False),
    (Change.ADD, "ocsp.digicert.com", Scope.WILDCARD, False),
    (Change.ADD, "captive.apple.com", Scope.WILDCARD, True),
    (Change.ADD, "x.ocsp.digicert.com", Scope.HOST, False),
    (Change.ADD, "digicert.com", Scope.DOMAIN, False),
    (Change.ADD, "digicert.com", Scope.WILDCARD, False),
    (Change.ADD, "digicert.com", Scope.HOST, True),
    (Change.ADD, "lencr.org", Scope.WILDCARD, False),
    (Change.ADD, "x.lencr.org", Scope.HOST, False),
    (Change.ADD, "captive.apple.com", Scope.HOST, False),
    (Change.ADD, "x.captive.apple.com", Scope.DOMAIN, True),
    (Change.REMOVE, "ocsp.digicert.com", Scope.HOST, True),
    (Change.ADD, "192.0.2.1", Scope.ADDRESS, True),
    (Change.ADD, "bets.example", Scope.DOMAIN, True),
]


@pytest.mark.parametrize(("change", "name", "scope", "taken"), EDITS)
def test_edits(change: Change, name: str, scope: Scope, taken: bool, read: Read) -> None:
    guard, edit = guard_of(read("")), Edit(change, name, scope)
    if taken:
        check_edit(SOURCE, edit, guard)
        return
    with pytest.raises(EditError, match="protected"):
        check_edit(SOURCE, edit, guard)
    check_edit(ListSource("help", "file:/h", "domains", Kind.PROTECTED), edit, guard)
