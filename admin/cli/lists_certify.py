"""``weir lists certify``: the certificates of lists for a quarter, from the running control process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from admin.cli.api import get
from admin.cli.exits import Exit
from admin.cli.lists_selftest import with_canary
from admin.cli.talking import talk
from admin.cli.terminal import complain, say

if TYPE_CHECKING:
    from admin.config import Config

_LONGEST = 6
"""Characters of a quarter."""


class Form(StrEnum):
    """How a certificate is written."""

    JSON = "json"
    HTML = "html"


def certify(
    list_id: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="The list; by default every one with a canary (JSON only)."),
    ] = None,
    quarter: Annotated[
        str, typer.Option(metavar="QUARTER", help="For example 2026Q4; by default the one that lasts.")
    ] = "",
    form: Annotated[Form, typer.Option("--format", help="JSON, or a page to print.")] = Form.JSON,
    language: Annotated[str, typer.Option(help="Of the page.")] = "en",
    output: Annotated[Path | None, typer.Option(help="Write there, not on standard output.")] = None,
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
) -> int:
    """1 if it cannot be written, 2 if there is no such list, quarter or language, 3 if nothing can be told."""
    if list_id is None and form is Form.HTML:
        raise typer.BadParameter("name one list for a page; without one all come as JSON")

    def make(checked: Config) -> int:
        wanted = [list_id] if list_id is not None else with_canary(checked)
        if not wanted:
            complain("no list has a canary, so nothing was tested; name a list, or set its `canary`")
            return Exit.UNKNOWN
        found = [_certificate(checked, item, quarter) for item in wanted]
        text = _page(found[0], language) if form is Form.HTML else _json(found, single=list_id is not None)
        return _put(text, output)

    return talk(config, make)


def _certificate(config: Config, list_id: str, quarter: str) -> dict[str, Any]:
    query = f"?quarter={quote(quarter[: _LONGEST + 1], safe='')}" if quarter else ""
    return get(config, f"/api/v1/lists/{quote(list_id, safe='')}/certification{query}")


def _json(found: Sequence[dict[str, Any]], *, single: bool) -> str:
    return json.dumps(found[0] if single else found, ensure_ascii=False, indent=2)


def _page(certificate: dict[str, Any], language: str) -> str:
    from admin.api.certificate_page import pages

    made = pages()
    if language not in made.languages:
        raise typer.BadParameter(
            f"there is no page in {language!r}; choose one of {', '.join(made.languages)}"
        )
    return made.render(certificate, language)


def _put(text: str, output: Path | None) -> int:
    if output is None:
        say(text)
        return Exit.DONE
    try:
        output.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        complain(f"{output}: cannot be written: {error.strerror or error}")
        return Exit.FAILED
    return Exit.DONE
