"""``weir report``: the transparency report of a period, computed from a verified copy of the public log and nothing else."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from admin.cli.exits import Exit
from admin.cli.terminal import complain, complain_of, open_config
from admin.cli.verb import verb

if TYPE_CHECKING:
    from admin.audit.report.period import Period

_LONGEST_REPORT = 64 * 1024 * 1024
"""Bytes of a report to compare with."""


class Form(StrEnum):
    """How a report is written."""

    JSON = "json"
    HTML = "html"
    PDF = "pdf"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the log is, and the lines of its verifier keys."""

    where: str
    keys: list[str]


class _EndError(Exception):
    """The verb ends here, with these words and this status."""

    def __init__(self, words: str, status: Exit) -> None:
        super().__init__(words)
        self.status = status


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("report", help="The transparency report of a period, from the public log alone.")(
        verb(report)
    )


def report(
    first: Annotated[
        str, typer.Option("--from", metavar="PERIOD", help="2026, 2026-Q2, 2026-05 or 2026-05-17.")
    ],
    last: Annotated[
        str,
        typer.Option(
            "--to", metavar="PERIOD", help="The last year, quarter, month or day; by default the first."
        ),
    ] = "",
    form: Annotated[
        Form, typer.Option("--format", help="JSON, a page, a page on paper, or the EU's sheets in a ZIP.")
    ] = Form.JSON,
    log: Annotated[
        str, typer.Option(metavar="URL|DIR", help="The log; by default that of the configuration.")
    ] = "",
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Its verifier keys; get them from a second source too."),
    ] = None,
    compare: Annotated[
        Path | None, typer.Option(metavar="FILE", help="An earlier report (JSON) to stand beside this one.")
    ] = None,
    language: Annotated[str, typer.Option(help="Of a page: en or de.")] = "en",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write there.")] = None,
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
) -> int:
    """1 if the log does not verify, 2 for a wrong period or file, 3 if the log cannot be read or the report not be written."""
    try:
        period = _period(first, last or first)
        document = _computed(_source(log, key, config), period)
        data = _written(document, form, language, _compared(document, compare))
        return _put(data, output)
    except _EndError as error:
        complain(str(error))
        return error.status


def _period(first: str, last: str) -> Period:
    from admin.audit.report.period import PeriodError, between

    try:
        return between(first, last)
    except PeriodError as error:
        raise _EndError(str(error), Exit.USAGE) from error


def _source(log: str, key: Path | None, config: Path | None) -> _Source:
    """What the options say; what they leave open, the configuration."""
    if log and key is None:
        raise _EndError(
            "name the log's verifier key with --key: without it nothing can be verified", Exit.USAGE
        )
    if not log or key is None:
        from admin.config import ConfigError
        from admin.services.place import Place

        try:
            place = Place(open_config(config).data_dir)
        except ConfigError as error:
            complain_of(error)
            raise _EndError(
                "the configuration cannot be used; mend it, or give --log and --key", Exit.USAGE
            ) from error
        log, key = log or str(place.log), key or place.log_vkey
    try:
        return _Source(log, key.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise _EndError(f"{key}: the verifier keys cannot be read: {error}", Exit.UNKNOWN) from error


def _computed(source: _Source, period: Period) -> dict[str, Any]:
    from admin.audit.report.verified import RefusedError, UnreadableError, report_of

    try:
        return report_of(source.where, source.keys, period, time.time())
    except RefusedError as error:
        raise _EndError(
            f"{source.where}: the log does not verify, so there is no report: {error}", Exit.FAILED
        ) from error
    except UnreadableError as error:
        raise _EndError(f"{source.where}: the log cannot be read: {error}", Exit.UNKNOWN) from error


def _compared(document: dict[str, Any], path: Path | None) -> dict[str, Any] | None:
    from admin.audit.report.comparing import ComparisonError, compare

    if path is None:
        return None
    try:
        with path.open(encoding="utf-8") as file:
            return compare(document, json.loads(file.read(_LONGEST_REPORT)))
    except (OSError, ValueError, ComparisonError) as error:
        raise _EndError(f"{path}: cannot be compared with: {error}", Exit.USAGE) from error


def _written(document: dict[str, Any], form: Form, language: str, comparison: dict[str, Any] | None) -> bytes:
    from admin.audit.report.computing import printed

    if form is Form.JSON:
        return printed(document if comparison is None else {**document, "comparison": comparison})
    if form is Form.CSV:
        from admin.audit.report.sheets import archive

        return archive(document)
    from admin.audit.report.page import NoPdfError, pages, to_pdf

    if language not in pages().languages:
        languages = ", ".join(pages().languages)
        raise _EndError(f"there is no page in {language!r}; choose one of {languages}", Exit.USAGE)
    page = pages().render(document, language, comparison)
    if form is Form.HTML:
        return page.encode()
    try:
        return to_pdf(page)
    except NoPdfError as error:
        raise _EndError(str(error), Exit.UNKNOWN) from error


def _put(data: bytes, output: Path | None) -> int:
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return Exit.DONE
    try:
        output.write_bytes(data)
    except OSError as error:
        raise _EndError(
            f"{output}: cannot be written: {error.strerror or error}; name a file in a folder with room",
            Exit.UNKNOWN,
        ) from error
    return Exit.DONE
