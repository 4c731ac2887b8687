"""A report as a page to read or to print, in HTML or PDF, from its JSON form alone. Pure but for the files it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from admin.audit.printed_pages import PrintedPages
from admin.audit.report import charts
from admin.audit.report.model import Document

FOLDER = Path(__file__).with_name("page")
_GROUPS = {"illegal-and-security": "illegal content and security"}
MOST_SPANS = 200
"""Rows of the table of times; a list that came and went more often is told in JSON."""


class NoPdfError(Exception):
    """PDF cannot be made on this machine, with what to do."""


class ReportPages(PrintedPages):
    """The page in every language. OSError or ValueError if the installation is damaged."""

    def __init__(self) -> None:
        super().__init__(FOLDER, "report")

    def render(self, document: Document, tag: str, comparison: Mapping[str, Any] | None = None) -> str:
        """The page of a report in the language ``tag``, one of ``languages``; ``comparison`` is that of ``comparing``."""
        lists, words = document["lists"].items(), self._languages[tag].words.gettext
        return self.fill(
            tag,
            r=document,
            comparison=comparison,
            charts=charts,
            rows=[
                (item["title"] or list_id, item["in_force"]) for list_id, item in lists if item["in_force"]
            ],
            spans=[(list_id, item["title"], span) for list_id, item in lists for span in item["in_force"]][
                :MOST_SPANS
            ],
            counted=[
                (words(_GROUPS.get(name, name)), group["sum"], group["error_95"])
                for name, group in document["counters"]["groups"].items()
                if group["sum"] is not None
            ],
        )


@cache
def pages() -> ReportPages:
    """Loaded when somebody first asks."""
    return ReportPages()


def to_pdf(page: str) -> bytes:
    """The PDF of a page. NoPdfError where WeasyPrint or the libraries that it needs are missing."""
    try:
        from weasyprint import HTML
    except (ImportError, OSError) as error:
        raise NoPdfError(
            f"PDF needs WeasyPrint and the Pango libraries ({error}); run deploy/bootstrap, or use --format html"
        ) from error
    found: bytes = HTML(string=page, url_fetcher=_nothing).write_pdf()
    return found


def _nothing(url: str, *_: object, **__: object) -> dict[str, Any]:
    raise ValueError(f"a report loads nothing, and asked for {url}")
