"""``weir lists status``: the life of every list at a glance."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin.cli.exits import Exit
from admin.cli.terminal import complain, complain_of, open_config, say, table
from admin.cli.verb import verb

if TYPE_CHECKING:
    from blocklists.model import ListSource
    from blocklists.sync import ListStatus

_HEADS = ("list", "kind", "state", "entries", "current as of", "serving", "message")


def register(app: typer.Typer) -> None:
    """Add the group of verbs."""
    group = typer.Typer(help="The life of lists.", no_args_is_help=True, rich_markup_mode=None)
    group.callback()(_group)
    group.command("status", help="One line per list: what serves, since when, and what went wrong.")(
        verb(status)
    )
    app.add_typer(group, name="lists")


def _group() -> None:
    """Typer folds a group with one verb into that verb; a callback keeps it a group."""


def status(
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> int:
    """1 if a list serves nothing, or its last update was held or failed; 3 if the store cannot be read."""
    from admin.config import ConfigError
    from admin.services.build import sources
    from admin.services.place import Place
    from blocklists.sync import ListStore

    now = time.time()
    try:
        checked = open_config(config)
        store = ListStore(Place(checked.data_dir).lists)
        found = [(source, store.status(source.id, now=now)) for source in sources(checked)]
    except ConfigError as error:
        complain_of(error)
        return Exit.USAGE
    except OSError as error:
        complain(f"cannot tell: {error}")
        return Exit.UNKNOWN
    reports = [_report(source, known) for source, known in found]
    if as_json:
        say(json.dumps(reports, ensure_ascii=False, indent=2))
    else:
        say(table(map(_row, reports), _HEADS) if reports else "no lists are configured")
    troubled = any(not known.serving_digest or known.state in _TROUBLE for _, known in found)
    return Exit.FAILED if troubled else Exit.DONE


_TROUBLE = {"held", "failed"}


def _report(source: ListSource, known: ListStatus) -> dict[str, str | int | None]:
    """One list for ``--json``; ``entries`` is null for a secret list, ``age`` is in seconds, null before any success."""
    return {
        "id": source.id,
        "kind": source.kind.value,
        "state": known.state.value,
        "entries": None if source.confidentiality.value == "secret" else known.entries,
        "age": None if known.age is None else int(known.age),
        "serving": known.serving_digest,
        "message": known.message,
    }


def _row(report: dict[str, str | int | None]) -> tuple[str, ...]:
    age, entries = report["age"], report["entries"]
    return (
        str(report["id"]),
        str(report["kind"]),
        str(report["state"]),
        "secret" if entries is None else str(entries),
        f"{_ago(age)} ago" if isinstance(age, int) else "never",
        str(report["serving"])[:12] or "nothing",
        str(report["message"]),
    )


def _ago(seconds: int) -> str:
    """In the largest whole unit."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
