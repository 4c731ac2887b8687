"""Earlier logs keep being served: below the folder of the one that is written, each under its year.

``log/`` → the log that is written; ``log/2026/``, ``log/2026b/`` → those before, whole logs by themselves. Any web server
and any copy shows them so. Moving takes a few renames, during which nothing is served for some milliseconds; a process
that ends in between leaves what ``finish`` ends.
"""

from __future__ import annotations

from pathlib import Path

from admin.audit.series import is_label
from blocklists.durable import sync_folder


def shelve(served: Path, label: str) -> None:
    """Put the log that is served at ``served`` away under its label, with the earlier ones beside it. OSError."""
    aside = _aside(served)
    aside.mkdir(exist_ok=True)
    served.rename(aside / label)
    finish(served)


def finish(served: Path) -> None:
    """End a shelving that was interrupted; nothing to do if none was. OSError."""
    aside = _aside(served)
    if not aside.is_dir():
        return
    if not any(aside.iterdir()):  # interrupted before the first rename
        aside.rmdir()
        return
    if served.exists():
        served.rmdir()  # somebody has made the folder that was missing; a log lies in no such folder
    for log in [item for item in aside.iterdir() if item.is_dir()]:
        for earlier in [item for item in log.iterdir() if item.is_dir() and is_label(item.name)]:
            earlier.rename(aside / earlier.name)
    aside.rename(served)
    sync_folder(served.parent)


def is_shelved(served: Path, label: str) -> bool:
    """Whether this log was put away."""
    return (served / label / "checkpoint").is_file()


def _aside(served: Path) -> Path:
    return served.with_name(f"{served.name}.new")
