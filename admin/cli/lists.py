"""``weir lists status|release|edit``: the life of every list at a glance, and what an operator may do to one."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin.cli.exits import Exit
from admin.cli.lists_edit import edit
from admin.cli.lists_hits import hits
from admin.cli.terminal import complain, complain_of, open_config, say, table
from admin.cli.verb import verb

if TYPE_CHECKING:
    from blocklists.model import ListSource
    from blocklists.sync import ListStatus

_HEADS = ("list", "kind", "state", "entries", "current as of", "serving", "message")


def register(app: typer.Typer) -> None:
    """Add the group of verbs."""
    group = typer.Typer(help="The life of lists.", no_args_is_help=True, rich_markup_mode=None)
    group.command("status", help="One line per list: what serves, since when, and what went wrong.")(
        verb(status)
    )
    group.command(
        "release", help="Let a version serve that the gates hold back. Run it as the user of control."
    )(verb(release))
    group.command("edit", help="Add or remove single entries; they hold for later versions of the list too.")(
        verb(edit)
    )
    group.command("hits", help="How often a list has spoken, by hour; single hits are not told.")(verb(hits))
    app.add_typer(group, name="lists")


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


def release(
    list_id: Annotated[str, typer.Argument(metavar="ID", help="The list.")],
    digest: Annotated[
        str, typer.Argument(help="The digest of the held version, or its first 12 digits or more.")
    ],
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
) -> int:
    """1 if no version with this digest is held; run it as the user of control, who owns the folder of lists."""
    from admin.config import ConfigError
    from admin.services.place import Place
    from blocklists.sync import ListStore, ReleaseError

    try:
        checked = open_config(config)
        if list_id not in {item.id for item in checked.lists}:
            complain(f"there is no list `{list_id}`; lists are declared in {checked.path}")
            return Exit.USAGE
        store = ListStore(Place(checked.data_dir).lists)
        is_at_hand = store.accept_held(list_id, digest)
    except ConfigError as error:
        complain_of(error)
        return Exit.USAGE
    except ReleaseError as error:
        complain(str(error))
        return Exit.FAILED
    except OSError as error:
        complain(f"cannot release: {error}")
        return Exit.UNKNOWN
    what = f"list {list_id}: the held version {digest[:12].lower()} is released"
    when = "" if is_at_hand else ", provided that its source still has it"
    say(f"{what}. `systemctl reload weir-admin` (or SIGHUP to `weir serve`) takes it at once{when}.")
    return Exit.DONE


_TROUBLE = {"held", "failed"}


def _report(source: ListSource, known: ListStatus) -> dict[str, str | int | None]:
    """One list for ``--json``; ``entries`` and ``serving`` are null for a secret list.

    ``age`` is in seconds, null before any success.
    """
    from admin.services.redaction import redacted

    shown = redacted(source, known)
    return {
        "id": source.id,
        "kind": source.kind.value,
        "state": known.state.value,
        "entries": shown.entries,
        "age": None if known.age is None else int(known.age),
        "serving": shown.digest,
        "message": shown.message,
    }


def _row(report: dict[str, str | int | None]) -> tuple[str, ...]:
    age, entries, serving = report["age"], report["entries"], report["serving"]
    return (
        str(report["id"]),
        str(report["kind"]),
        str(report["state"]),
        "secret" if entries is None else str(entries),
        f"{_ago(age)} ago" if isinstance(age, int) else "never",
        "secret" if serving is None else str(serving)[:12] or "nothing",
        str(report["message"]),
    )


def _ago(seconds: int) -> str:
    """In the largest whole unit."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
