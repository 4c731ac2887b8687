"""The page of a report: whole in every language, loads nothing, shows what the JSON says; and its PDF."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from admin.audit.report import charts
from admin.audit.report.comparing import ComparisonError, compare
from admin.audit.report.limits import ALWAYS
from admin.audit.report.page import FOLDER, NoPdfError, pages, to_pdf
from resolver.tlog.leaves import Role

TEMPLATES = ("report", "reports")
OPTIONS = {"trimmed": "true", "extensions": "jinja2.ext.i18n", "newstyle_gettext": "true"}


@pytest.fixture
def document(maker: Any) -> dict[str, Any]:
    """A report in which every part has something to show."""
    maker.add("2026-01-02", "canary", list="iwf", result="failing", day="2026-01-02", paths={"udp": "wrong"})
    maker.lists["court"] = replace(maker.lists["court"], title="<script>alert(1)</script>", enf="names")
    maker.change("2026-01-03", "list.stale", list="court", level="past", enf="names")
    maker.add("2026-01-04", "enforce", node="r1", snap="ab" * 32, served=maker.state)
    maker.add("2026-01-05", "list.read", Role.AUDITOR, list="iwf", how="open")
    counts = {"gambling": 1234, "illegal-and-security": 77, "quiet": None}
    maker.add("2026-01-06", "stats", day="2026-01-05", c=10, eps="1", k=50, counts=counts)
    maker.add("2026-02-02", "heartbeat")
    found: dict[str, Any] = maker.report("2026-01")
    return found


class Elements(HTMLParser):
    """What a page has: tags, what they link to, and their ids."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("href", "src"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("tag", ["en", "de"])
def test_a_page_is_well_formed_and_loads_nothing(document: dict[str, Any], tag: str) -> None:
    page = pages().render(document, tag, compare(document, document))
    found = Elements(page)
    assert found.open == []
    assert not {"script", "img", "link", "iframe", "object"} & set(found.tags)
    assert all(link.startswith("#") and link[1:] in found.ids for link in found.links)
    assert len(found.ids) == len(set(found.ids))
    assert found.tags.count("svg") == 2
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "url(" not in page


def test_a_page_says_what_the_document_says(document: dict[str, Any]) -> None:
    page = pages().render(document, "en")
    words = re.sub(r"<[^>]+>", " ", page)
    for text in (
        "1,234",
        "not published",
        document["log"]["root"],
        "not passed throughout",
        "names only, no single pages",
    ):
        assert text in words
    assert len(document["limits"]) > len(ALWAYS)
    assert "weir report --from 2026-01-01 --to 2026-01-31" in words
    assert "1.234" in pages().render(document, "de")


def test_every_word_is_translated() -> None:
    """And no catalogue has words that no page uses."""
    for name in TEMPLATES:
        used = set(_words(FOLDER / f"{name}.html"))
        for path in FOLDER.glob(f"locale/*/LC_MESSAGES/{name}.po"):
            with path.open("rb") as file:
                catalogue = read_po(file)
            translated = {
                message.id if isinstance(message.id, str) else message.id[0]
                for message in catalogue
                if message.id and message.string and not message.fuzzy
            }
            assert translated == used, path


def _words(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        for _, _, message, _ in babel_extract(file, ("_", "gettext", "ngettext"), [], OPTIONS):
            assert message is not None
            yield message if isinstance(message, str) else str(message[0])


def test_pages_of_an_empty_period_are_whole(maker: Any) -> None:
    for tag in pages().languages:
        assert Elements(pages().render(maker.report("2020"), tag)).open == []


def test_charts_fit_their_box() -> None:
    spans: list[charts.Span] = [
        {"from": 0, "until": 50, "enforced": "all"},
        {"from": 50, "until": 100, "enforced": "nothing"},
    ]
    drawn = charts.timeline([("a" * 100, spans), ("<b>", [])], 0, 100, str)
    edges = [
        float(x) + float(width)
        for x, width in re.findall(r'<rect[^>]* x="([\d.]+)"[^>]* width="([\d.]+)"', drawn)
    ]
    assert max(edges) == charts.WIDTH
    assert "<b>" not in drawn
    bars = charts.bars([("one", 10, 2), ("none", 0, 0)], str)
    ends = [float(x) for x in re.findall(r"H([\d.]+)m", bars)]
    assert max(ends) <= charts.WIDTH
    assert charts.bars([], str).count("<rect") == 0


def test_reports_of_different_operators_are_not_compared(document: dict[str, Any]) -> None:
    other = {**document, "log": {**document["log"], "origin": "other.example/log/2026"}}
    with pytest.raises(ComparisonError, match="different operators"):
        compare(document, other)
    with pytest.raises(ComparisonError, match="not a report"):
        compare(document, {"format": "something"})


def test_a_comparison_has_both_numbers(document: dict[str, Any], maker: Any) -> None:
    found = compare(document, maker.report("2025-12"))
    assert found["counts"]["lists/iwf/disclosures/open"] == {"now": 1, "before": 0}
    assert "counters/groups/gambling/sum" in found["only_now"]
    assert "Compared with before" in pages().render(document, "en", found)


def test_a_pdf_opens_and_has_the_words(document: dict[str, Any], tmp_path: Path) -> None:
    try:
        data = to_pdf(pages().render(document, "en"))
    except NoPdfError as error:
        pytest.skip(str(error))
    path = tmp_path / "report.pdf"
    path.write_bytes(data)
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("pdftotext is not here")
    text = subprocess.run([reader, "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    for words in (
        "What this report cannot show",
        "1,234",
        "Digital Services Act",
        "isp.example/blocklog/2026",
    ):
        assert words in text
