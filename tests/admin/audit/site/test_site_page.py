"""The page's words: whole in every language, nothing of what leaves do not say, no markup out of names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from admin.audit.site import charts
from admin.audit.site.folding import GROUPS, fold
from admin.audit.site.page import FOLDER, Operator, Site, by_month, pages
from admin.audit.site.sums import Happening, Sums
from resolver.tlog import leaves, manifests
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.leaf_types import LeafType
from resolver.tlog.leaves import Role
from resolver.tlog.manifests import ListState

OPTIONS = {"trimmed": "true", "extensions": "jinja2.ext.i18n", "newstyle_gettext": "true"}
OPERATOR = Operator(
    "Example Broadband", "filter@isp.example", "https://isp.example/filter", "https://x.example/log/"
)
EVIL = "</title><script>alert(1)</script>"
_VOID = {"meta", "br", "link", "rect", "path"}


class Elements(HTMLParser):
    """What a page has; a tag that is not closed in its turn fails."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name in ("href", "src"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self._open.pop() == tag


def site_of(story: Any, **more: Any) -> Site:
    sums = Sums()
    for data in story.leaves:
        fold(sums, leaves.decode(data), lambda state: manifests.decode(story.manifests[state]))
    manifest = manifests.decode(story.manifests[sums.state]) if sums.state else None
    checkpoint = Checkpoint(story.origin, sums.size, bytes(32))
    site = Site(sums, checkpoint, "a note\n", manifest, [story.vkey.text], "ab" * 32, OPERATOR)
    return replace(site, **more)


@pytest.fixture
def full(of_a_year: Callable[[], Any]) -> Site:
    return site_of(of_a_year(), earlier=["2025"], reports=True)


@pytest.mark.parametrize("tag", ["en", "de"])
def test_it_is_well_formed_and_loads_nothing(full: Site, tag: str) -> None:
    page = pages().render(full, tag)
    found = Elements(page)
    assert not {"script", "img", "link", "iframe", "object", "form", "style src"} & set(found.tags)
    assert len(found.ids) == len(set(found.ids))
    for link in found.links:
        if link.startswith("#"):
            assert link[1:] in found.ids
        else:
            assert re.fullmatch(
                r"(2025/|reports/)?index(\.de)?\.html|checkpoint|policy\.txt|keys\.json|verify\.py|state/[0-9a-f]{64}\.json"
                r"|mailto:filter@isp\.example|https://isp\.example/filter",
                link,
            ), link
    assert "@import" not in page
    assert "url(" not in page
    other = "index.html" if tag == "de" else "index.de.html"
    assert other in found.links
    assert ("reports/index.html" if tag == "en" else "reports/index.de.html") in found.links


def test_it_says_what_is_so(full: Site) -> None:
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", pages().render(full, "en")))
    for words in (
        "Suspended since 2 June 2026, until 2 July 2026: nothing of it is blocked.",
        "Internet Watch Foundation",
        "number not published",
        "enforced on 2 June 2026",
        "The list “IWF URL List” was opened to an auditor. Decided by two persons.",
        "The self-test found that the list “IWF URL List” was not enforced everywhere.",
        "Entries added: 3, removed: 90,000.",
        "6 lists belong to this filter",
        "1 of them is suspended or only partly enforced",
        "1 silence of more than a day in this log",
        "1 / 2 servers say that they serve the newest state",
        "python3 verify.py https://x.example/log/ --key log.vkey --remember remembered",
        "The log of 2025",
    ):
        assert words in page, words


def test_of_confidential_lists_it_says_what_the_manifest_says(full: Site) -> None:
    page = pages().render(full, "en")
    assert full.manifest is not None
    drawn = page[page.index('id="charts"') : page.index('id="limits"')]
    for title in ("IWF URL List", "Court orders"):
        assert title not in drawn
    assert "11" * 32 not in page  # what nobody can read is in the manifest, not on the page


@pytest.mark.parametrize("tag", ["en", "de"])
def test_names_are_text(new_story: Any, tag: str) -> None:
    story = new_story()
    story.lists = {"a": ListState("public", n=1, raw="22" * 32, title=EVIL, auth=EVIL)}
    story.profiles = {"p": ("a",)}
    story.change("list.add", Role.OPERATOR, list="a")
    story.tell("list.suspend", Role.OPERATOR, list="a")
    story.tell(EVIL)
    operator = Operator(EVIL, EVIL, f"https://x.example/{EVIL}", f"https://x.example/{EVIL}/")
    page = pages().render(site_of(story, operator=operator, note=EVIL, keys=[EVIL]), tag)
    assert "script" not in Elements(page).tags


@pytest.mark.parametrize("tag", ["en", "de"])
def test_a_log_of_one_leaf(new_story: Any, tag: str) -> None:
    page = pages().render(site_of(new_story(), operator=Operator()), tag)
    Elements(page)
    assert "https://ADDRESS-OF-THIS-LOG/" in page


@pytest.mark.parametrize("kind", sorted({*GROUPS, "worker.refuse", "event.untold"} - {LeafType.LIST_SYNC}))
@pytest.mark.parametrize("tag", ["en", "de"])
def test_everything_that_is_told_has_its_sentence(new_story: Any, kind: str, tag: str) -> None:
    site = site_of(new_story())
    happening = Happening(kind, "subject", "", "operator", False, 1, site.sums.last)
    site.sums.happenings = [happening]
    page = pages().render(site, tag)
    assert f"type {kind}" not in page
    assert f"Art {kind}" not in page
    site.sums.happenings = [replace(happening, type="of.tomorrow")]
    assert "of.tomorrow" in pages().render(site, tag)


@pytest.mark.parametrize("role", list(Role))
def test_every_role_has_its_words(new_story: Any, role: Role) -> None:
    site = site_of(new_story())
    found = set()
    for tag in pages().languages:
        for second in (False, True):
            site.sums.happenings = [Happening("profile.set", "p", "", role.value, second, 1, site.sums.last)]
            found.add(pages().render(site, tag).split('<span class="by">')[1].split("</span>")[0].strip())
    assert len(found) == 4


def messages() -> Iterator[str | tuple[str, ...]]:
    for name in ("sentences", "site"):
        with (FOLDER / f"{name}.html").open("rb") as file:
            for _, message, _, _ in extract(babel_extract, file, options=OPTIONS):
                yield message


@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("locale/*/LC_MESSAGES/site.po")), ids=lambda p: p.parts[-3]
)
def test_every_word_is_translated_and_no_other(path: Any) -> None:
    with path.open("rb") as file:
        catalogue = read_po(file)
    known = {message.id for message in catalogue if message.id}
    assert known == set(messages())
    assert all(message.string and not message.fuzzy for message in catalogue if message.id)


def test_the_number_at_the_end_of_each_month() -> None:
    assert by_month({}, 5) == {}
    assert by_month({0: 7, 20: 8, 40: 9}, 40) == {"1970-01": 8, "1970-02": 9}
    assert by_month({0: 7}, 60) == {"1970-01": 7, "1970-02": 7, "1970-03": 7}


def test_bars() -> None:
    svg = charts.bar({"lists": 3, "looks": 1, "other": 9}, ("lists", "limits", "looks"), 4)
    assert re.findall(r'class="(\w+)" x="([0-9.]+)" y="0" width="([0-9.]+)"', svg) == [
        ("lists", "0", "748"),
        ("looks", "750", "248"),
    ]
    assert charts.bar({}, ("lists",), 0).count("rect") == 0


def test_steps_and_strips() -> None:
    assert 'd="M0 53H500V6H1000"' in charts.steps({10: 50, 15: 100}, 10, 20)
    assert 'd="M0 100H1000"' in charts.steps({5: 0}, 10, 20)
    assert "path" not in charts.steps({}, 10, 20)
    assert '"gap" x="500" y="0" width="100"' in charts.strip([(150, 160)], 100, 200)
    assert '"gap" x="0" y="0" width="6"' in charts.strip([(100, 100)], 100, 100)


def test_whoever_has_last_years_key_is_told_the_way(full: Site, of_a_year: Callable[[], Any]) -> None:
    for tag in ("en", "de"):
        assert "2025/ --key log.vkey --since remembered" in pages().render(full, tag)
        assert "log.next" not in pages().render(site_of(of_a_year()), tag)
