"""Pages as bytes: small, whole, escaped, silent about secrets."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from gateway.decision import Situation, StopCase
from gateway.stop_page.render import Pages
from resolver.tables.model import GatewaySettings

MAX_PAGE = 10_000
"""Bytes: a third of what issue and list owners ask for (30 kB), so that a prepaid link loads it at once."""

HOSTILE = '"><script>alert(1)</script>&%(x)s{{7*7}}'
VOID = {"meta", "path", "link", "br"}


class Structure(HTMLParser):
    """Elements, attributes and text; says so if tags do not nest."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


@pytest.fixture(params=["en", "ar"])
def tag(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_page_is_small_and_well_built(
    pages: Pages, every_case: list[StopCase], settings: GatewaySettings, tag: str
) -> None:
    assert {case.situation for case in every_case} == set(Situation)
    for case in every_case:
        for configured in (settings, GatewaySettings()):
            page = pages.render(case, configured, pages.languages[tag])
            assert len(page) < MAX_PAGE
            seen = Structure(page)
            assert seen.elements[0] == ("html", {"lang": tag, "dir": "rtl" if tag == "ar" else "ltr"})
            assert [seen.count(name) for name in ("h1", "main", "header", "footer", "title")] == [1] * 5
            assert not {"script", "img", "link", "iframe", "form", "button", "input"} & {
                n for n, _ in seen.elements
            }
            assert not {"style", "onclick", "src", "srcset"} & {
                a for _, attrs in seen.elements for a in attrs
            }
            assert "%(" not in seen.text
            assert "{{" not in seen.text


def test_no_style_but_the_hashed_one(pages: Pages, settings: GatewaySettings) -> None:
    page = pages.render(StopCase(Situation.NOT_BLOCKED, 421), settings, pages.languages["en"]).decode()
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert pages.style_source == f"'sha256-{digest}'"
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_the_illegal_page_says_what_it_must_and_no_more(
    pages: Pages, settings: GatewaySettings, tag: str
) -> None:
    language = pages.languages[tag]
    words = language.words.gettext
    page = pages.render(StopCase(Situation.ILLEGAL, 403), settings, language).decode()
    seen = Structure(page.encode())
    for text in (
        "This page is not an accusation. No record of you was made, and nobody was told.",
        "If you came here by accident",
        "If you worry about your own thoughts or actions",
        "If you are a child or a young person",
        "The list is confidential. That is why this page does not show the address.",
    ):
        assert words(text) in seen.text
    assert settings.provider in seen.text
    assert settings.contact in seen.text
    links = {attrs["href"] for name, attrs in seen.elements if name == "a"}
    assert links == {
        "https://report.iwf.org.uk/",
        "https://www.stopitnow.org.uk/",
        "https://troubled-desire.com/",
        "https://childhelplineinternational.org/",
        "mailto:help@riverside.example",
        "https://riverside.example/filter",
    }
    assert settings.portal_url not in page


def test_an_authority_is_shown_as_given(pages: Pages, settings: GatewaySettings, tag: str) -> None:
    case = StopCase(
        Situation.ORDER, 451, "ordered.example", authority="A & B", authority_contact="+44 20 7946 0000"
    )
    page = pages.render(case, settings, pages.languages[tag]).decode()
    assert "<bdi>A &amp; B</bdi>" in page
    assert 'href="tel:+442079460000"' in page


@pytest.mark.parametrize("situation", [Situation.ILLEGAL, Situation.ORDER])
def test_an_authority_s_own_words_stand_on_its_page(
    pages: Pages, settings: GatewaySettings, tag: str, situation: Situation
) -> None:
    without = pages.render(StopCase(situation, 403), settings, pages.languages[tag]).decode()
    case = StopCase(situation, 403, authority_words="Ask us <first>.")
    page = pages.render(case, settings, pages.languages[tag]).decode()
    assert "<bdi>Ask us &lt;first&gt;.</bdi>" in page
    assert "<p><bdi></bdi></p>" not in without


def test_a_pause_does_not_name_the_site(pages: Pages, settings: GatewaySettings) -> None:
    page = pages.render(StopCase(Situation.PAUSED, 403), settings, pages.languages["en"]).decode()
    assert "Site:" not in page


def test_text_from_outside_is_escaped(pages: Pages, every_case: list[StopCase], tag: str) -> None:
    hostile = GatewaySettings(
        provider=HOSTILE, contact=HOSTILE, policy_url="javascript:alert(1)", portal_url=f"https://x/{HOSTILE}"
    )
    for situation in Situation:
        state = next(case.state for case in every_case if case.state)
        case = StopCase(situation, 403, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, state=state)
        page = pages.render(case, hostile, pages.languages[tag])
        seen = Structure(page)
        assert "script" not in {name for name, _ in seen.elements}
        assert b"javascript:" not in page
        assert HOSTILE in seen.text


def test_well_known_categories_are_translated_and_others_kept(
    pages: Pages, settings: GatewaySettings
) -> None:
    arabic = pages.languages["ar"]
    known = pages.render(StopCase(Situation.CATEGORY, 403, category="Gambling"), settings, arabic).decode()
    other = pages.render(
        StopCase(Situation.CATEGORY, 403, category="Bell-ringing"), settings, arabic
    ).decode()
    assert "القمار" in known
    assert "<bdi>Bell-ringing</bdi>" in other


@pytest.mark.parametrize(
    ("case_number", "headline"),
    [
        (-5, "Your filter is on"),
        (-4, "No family filter is on"),
        (-3, "Your protection from dangerous sites is on"),
        (-2, "The internet is paused"),
        (-1, "Your filter is on"),
    ],
)
def test_the_status_page_s_headline(
    pages: Pages, every_case: list[StopCase], settings: GatewaySettings, case_number: int, headline: str
) -> None:
    page = pages.render(every_case[case_number], settings, pages.languages["en"]).decode()
    assert re.search(rf"<h1>\s*{headline}\s*</h1>", page)
