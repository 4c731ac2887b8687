"""Pages: the verdict on each, the honest sentence, and nothing at all of secret lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from admin.config import Config
from admin.services.build import sources
from admin.services.check import CheckReport, check
from admin.services.check_pages import UNLISTED
from blocklists.enforcement import Enforced
from blocklists.model import Entry, Scope
from blocklists.urls.collecting import UrlRecords
from blocklists.urls.index import UrlIndex
from blocklists.urls.layout import write_index

KEY = bytes(16)
LISTED = {
    "vault": ("pages.example/secret.html", "pages.example/both.html"),
    "hotline": ("pages.example/bad.html", "pages.example/both.html", "known.example/x"),
    "bets": ("pages.example/bets.html",),
    "talk": ("pages.example/talk.html",),
    "threats": ("pages.example/threat.html",),
}
Ask = Callable[..., CheckReport]


@pytest.fixture
def view(config: Config, view_of: Callable[[Config], Any], tmp_path: Path) -> Any:
    """The small appliance, whose lists name pages too; its key of secret lists is at hand."""
    found = []
    for source in sources(config):
        records = UrlRecords(source, KEY)
        for name in LISTED.get(source.id, ()):
            assert records.add(Entry(name, Scope.URL))
        found.append(records)
    write_index(tmp_path / "urls.weir", KEY, found)
    return replace(view_of(config), urls=UrlIndex.open(tmp_path / "urls.weir", KEY))


@pytest.fixture
def ask(config: Config, view: Any) -> Ask:
    """Ask about a page."""
    return lambda name, **who: check(view, name, config=config, now=1000.0, **who)


@pytest.mark.parametrize(
    ("url", "host", "page", "disposition", "lists", "said"),
    [
        ("http://pages.example/bad.html", "allow", "block", "url-filter", ["hotline"], "no URL filter runs on this box"),
        ("pages.example/bad.html", "allow", "block", "url-filter", ["hotline"], "DNS sees the host only"),
        ("https://pages.example/bad.html", "allow", "block", "not-enforceable", ["hotline"], "over https only the host"),
        ("https://pages.example/other.html", "allow", "allow", "", [], UNLISTED),
        ("http://known.example/x", "block", "block", "dns", ["hotline"], "Its host is blocked"),
        ("http://known.example/y", "block", "allow", "", [], UNLISTED),
        ("http://pages.example/bets.html", "allow", "block", "url-filter", ["bets"], "Listed by bets."),
        ("http://pages.example/talk.html", "allow", "allow", "", ["talk"], "which this client is not kept from"),
        ("http://pages.example/threat.html", "allow", "block", "url-filter", ["threats"], "Listed by threats"),
        ("http://pages.example/both.html", "allow", "block", "url-filter", ["hotline"], "Listed by hotline."),
    ],
)  # fmt: skip
def test_pages(
    url: str, host: str, page: str, disposition: str, lists: list[str], said: str, ask: Ask
) -> None:
    report = ask(url, subscriber="home-1")
    assert report.action == host
    assert report.page is not None
    assert (report.page.action, report.page.disposition) == (page, disposition)
    assert [one.list for one in report.page.listed] == lists
    assert said in report.page.summary
    assert "vault" not in str(report.as_dict())


def test_an_entry_for_a_page_never_changes_the_hosts_verdict(ask: Ask) -> None:
    host, page = (
        ask("pages.example", subscriber="home-1"),
        ask("http://pages.example/bad.html", subscriber="home-1"),
    )
    same = ("action", "reason", "step", "summary", "answer", "ede", "http_status", "lists", "steps")
    assert [getattr(host, name) for name in same] == [getattr(page, name) for name in same]
    assert host.page is None


@pytest.mark.parametrize("who", [{"subscriber": "home-1"}, {}, {"address": "203.0.113.9"}])
def test_a_page_of_a_secret_list_reads_like_one_that_is_not_listed(who: dict[str, str], ask: Ask) -> None:
    secret = str(ask("https://pages.example/secret.html", **who).as_dict())
    unlisted = str(ask("https://pages.example/absent.html", **who).as_dict())
    assert secret.replace("secret.html", "absent.html") == unlisted


@pytest.mark.parametrize("part", [Enforced.NAMES, Enforced.NOTHING])
def test_a_page_of_a_list_that_is_off_is_let_through_and_that_is_said(
    part: Enforced, view: Any, config: Config
) -> None:
    lists = view.tables.lists | {"hotline": replace(view.tables.lists["hotline"], enforced=part)}
    off = replace(view, tables=replace(view.tables, lists=lists))
    report = check(off, "http://pages.example/bad.html", config=config, now=1000.0)
    assert report.page is not None
    assert (report.page.action, report.page.disposition) == ("allow", "")
    assert "not enforced now" in report.page.summary
