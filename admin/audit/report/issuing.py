"""Finished reports beside the log that they were computed from: ``reports/`` and ``stats/`` below the served folder.

Each is written once, when its period is complete, and never again: whoever has a copy has the same bytes. An index lists
them. Nothing here is trusted by anybody: all of it can be computed again from the log.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from admin.audit.printed_pages import PrintedPages
from admin.audit.report.computing import Walk, printed
from admin.audit.report.model import Document
from admin.audit.report.page import FOLDER, NoPdfError, pages, to_pdf
from admin.audit.report.period import Period, PeriodError, month_before, of, year_before
from admin.audit.report.verified import walked
from blocklists.durable import write_file

REPORTS, STATISTICS = "reports", "stats"
INDEX = "index.json"
_LONGEST_MONTH = 31


def due(log: Path, today: date) -> tuple[Period, ...]:
    """The periods whose reports are not there yet: the last month and the last year."""
    found = (month_before(today), year_before(today))
    return tuple(item for item in found if not (log / REPORTS / f"{item.name}.json").exists())


def issue(log: Path, keys: Iterable[str], period: Period, now: float) -> bool:
    """Write the report of a period; False if it is not complete, or the log knows nothing of it.

    RefusedError, UnreadableError, OSError. JSON comes last: a report is there when its JSON is.
    """
    walk = walked(str(log), keys, period, now)
    document = walk.told()
    if not document["period"]["complete"] or not document["log"]["leaves"]:
        return False
    folder = log / REPORTS
    folder.mkdir(exist_ok=True)
    for tag in pages().languages:
        page = pages().render(document, tag)
        write_file(folder / f"{period.name}.{tag}.html", page.encode())
        with contextlib.suppress(NoPdfError):  # an appliance without it has the page to print
            write_file(folder / f"{period.name}.{tag}.pdf", to_pdf(page))
    _write_statistics(log, period, walk)
    write_file(folder / f"{period.name}.json", printed(document))
    write_index(log)
    return True


def write_index(log: Path) -> None:
    """List the reports that are there, for programs and for people. OSError."""
    folder = log / REPORTS
    rows = sorted(
        (_row(folder, path) for path in _reports(folder)), key=lambda row: str(row["first_day"]), reverse=True
    )
    write_file(folder / INDEX, (json.dumps({"reports": rows}, indent=1, sort_keys=True) + "\n").encode())
    contents = PrintedPages(FOLDER, "reports")
    for tag in contents.languages:
        page = contents.fill(tag, rows=rows, languages=contents.languages).encode()
        write_file(folder / f"index.{tag}.html", page)
        if tag == contents.languages[0]:
            write_file(folder / "index.html", page)


def _reports(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*.json") if path.name != INDEX and _is_period(path.stem)]


def _is_period(name: str) -> bool:
    try:
        return of(name).name == name
    except PeriodError:
        return False


def _row(folder: Path, path: Path) -> Document:
    period = of(path.stem)
    files = sorted(item.name for item in folder.glob(f"{path.stem}.*") if not item.name.startswith("."))
    return {
        "name": period.name,
        "first_day": period.first.isoformat(),
        "last_day": period.last.isoformat(),
        "files": files,
    }


def _write_statistics(log: Path, period: Period, walk: Walk) -> None:
    """The numbers of a month's days in one file."""
    if period.days > _LONGEST_MONTH or not walk.days:
        return
    folder = log / STATISTICS
    folder.mkdir(exist_ok=True)
    content = {"format": "weir-stats-1", "month": period.name, "days": walk.days}
    write_file(folder / f"{period.name}.json", printed(content))
