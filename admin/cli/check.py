"""``weir check``: the verdict on a name for somebody, and every step to it."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin.cli.exits import Exit
from admin.cli.terminal import coloured, complain, complain_of, open_config, say, table
from admin.cli.verb import verb

if TYPE_CHECKING:
    from admin.config import Config
    from admin.services.check import CheckReport
    from resolver.tables.view import View

_VERDICT = "verdict"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("check", help="Decide about a name as the resolver would, and show every step.")(verb(check))


def check(
    name: Annotated[
        str, typer.Argument(metavar="NAME|URL", help="A name, or a web address: its host and its page.")
    ],
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
    subscriber: Annotated[str | None, typer.Option(metavar="ID", help="Decide for this subscriber.")] = None,
    address: Annotated[
        str | None, typer.Option(metavar="IP", help="Decide for whoever has this address.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Decide for this time (2026-10-25T01:30+02:00; without a zone it is UTC)."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> int:
    """0 allowed, 1 blocked or refused, 2 the question is wrong, 3 it cannot be answered now."""
    from admin.config import ConfigError
    from admin.services.check import check as decide
    from admin.services.moment import parse_moment
    from admin.services.subject import QuestionError
    from admin.services.who import UndecidableError

    try:
        now = time.time() if at is None else parse_moment(at)
        checked = _with_people(open_config(config), subscriber, address)
        with _view(checked, now) as view:
            report = decide(view, name, config=checked, subscriber=subscriber, address=address, now=now)
    except ConfigError as error:
        complain_of(error)
        return Exit.USAGE
    except QuestionError as error:
        complain(str(error))
        return Exit.USAGE
    except (UndecidableError, OSError, ValueError) as error:  # no usable tables, lists that do not compile
        complain(f"cannot tell: {error}")
        return Exit.UNKNOWN
    say(json.dumps(report.as_dict(), ensure_ascii=False, indent=2) if as_json else _readable(report))
    return Exit.DONE if report.allowed else Exit.FAILED


def _with_people(config: Config, subscriber: str | None, address: str | None) -> Config:
    """With what the database holds, if the question may be about one of its subscribers.

    UndecidableError if that cannot be read; whoever asks about an address is only told so, for what holds for an address
    stands in the published state.
    """
    from admin.services.beside import with_stored
    from admin.services.who import UndecidableError
    from admin.store.errors import StoreError

    if address is None and (subscriber is None or any(item.id == subscriber for item in config.subscribers)):
        return config
    try:
        return with_stored(config)
    except StoreError as error:
        if subscriber is not None:
            raise UndecidableError(f"the database says who `{subscriber}` is: {error}") from error
        complain(f"subscribers of the database are not known by name: {error}")
        return config


@contextmanager
def _view(config: Config, now: float) -> Iterator[View]:
    """What the appliance serves now; if it has published nothing, the configured lists compiled for this question."""
    import tempfile

    from admin.services.place import Place
    from admin.services.publish import compile_offline
    from blocklists.snapshot.native import INDEX_KEY_BYTES
    from resolver.tables.index_key import read_index_key
    from resolver.tables.store import current_generation
    from resolver.tables.view import View

    place = Place(config.data_dir)
    if current_generation(place.state) is not None:
        yield View.open(place.state, read_index_key(place.run))
        return
    complain("nothing is published here; the configured lists are compiled for this question")
    with tempfile.TemporaryDirectory(prefix="weir-check-") as folder:
        key = secrets.token_bytes(INDEX_KEY_BYTES)
        for sentence in compile_offline(config, Path(folder), now=now, index_key=key):
            complain(sentence)
        yield View.open(Path(folder), key)


def _readable(report: CheckReport) -> str:
    facts = [
        ("name", report.name),
        ("for", _client(report)),
        (_VERDICT, report.action),
        ("because", report.summary),
        ("answer", report.answer),
        ("DNS error code", "" if report.ede is None else str(report.ede)),
        ("HTTP status", "" if report.http_status is None else str(report.http_status)),
        ("lists", ", ".join(report.lists)),
    ]
    steps = [(str(step.step), step.title, step.said) for step in report.steps]
    if report.page is not None:
        facts += [
            ("page", report.page.url),
            ("page verdict", report.page.action),
            ("of the page", report.page.summary),
        ]
    parts = [_marked(table([fact for fact in facts if fact[1]]), "green" if report.allowed else "red")]
    if steps:
        parts.append(table(steps, ("step", "about", "says")))
    if report.zones:
        zones = [(zone.zone, zone.trigger, zone.asks, zone.said) for zone in report.zones]
        parts.append(table(zones, ("zone", "trigger", "asks for", "says")))
    return "\n\n".join([*parts, *report.notes])


def _marked(facts: str, colour: str) -> str:
    """The table of facts with the verdict's line in a colour; a table lets no cell bring one."""
    lines = facts.split("\n")
    return "\n".join(coloured(line, colour) if line.startswith(_VERDICT) else line for line in lines)


def _client(report: CheckReport) -> str:
    who = f"subscriber {report.subscriber}" if report.subscriber else "whoever is no subscriber"
    if report.address:
        who = f"{report.address}, {who}"
    return f"{who}, profile {report.profile}" if report.profile else who
