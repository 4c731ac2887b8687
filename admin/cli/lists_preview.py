"""``weir lists held`` and ``weir lists preview``: why a version waits, and what one would do if it served."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from admin.cli.api import get, post
from admin.cli.exits import Exit
from admin.cli.talking import talk
from admin.cli.terminal import complain, say

if TYPE_CHECKING:
    from admin.config import Config
    from admin.services.gate_reports import VersionReport
    from blocklists.model import ListSource

_ConfigFile = Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")]


def held(
    list_id: Annotated[str, typer.Argument(metavar="ID", help="The list.")], config: _ConfigFile = None
) -> int:
    """2 if nothing of the list is held, 3 if control does not answer."""

    def ask(checked: Config) -> int:
        _print(get(checked, f"/api/v1/lists/{quote(list_id, safe='')}/held"))
        return Exit.DONE

    return talk(config, ask)


def preview(
    list_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A configured list; or use --file or --url.")
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="What its source has now, even if another version is held.")
    ] = False,
    file: Annotated[Path | None, typer.Option(help="A list that is not configured, in a file.")] = None,
    url: Annotated[
        str | None, typer.Option(help="A list that is not configured, at an https address.")
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--as", metavar="KIND/FORMAT", help="What --file or --url is, for example security/hosts."
        ),
    ] = "category/domains",
    config: _ConfigFile = None,
) -> int:
    """1 if the gates would hold it, 2 if there is no such list, 3 if it cannot be had."""
    if sum(item is not None for item in (list_id, file, url)) != 1:
        raise typer.BadParameter("name one of: a configured list, --file PATH, --url ADDRESS")
    unknown = None if list_id is not None else _source(file, url, form)

    def ask(checked: Config) -> int:
        if unknown is not None:
            return _look_and_show(checked, unknown)
        path = f"/api/v1/lists/{quote(list_id or '', safe='')}/preview"
        return _show(post(checked, path, {"fetch": fetch}))

    return talk(config, ask)


def _look_and_show(config: Config, source: ListSource) -> int:
    from blocklists.sources import FetchError

    try:
        import asyncio

        return _show(asdict(asyncio.run(_look(config, source))))
    except FetchError as error:
        complain(str(error))
        return Exit.UNKNOWN


def _show(report: Mapping[str, Any]) -> int:
    _print(report)
    return Exit.FAILED if report["gates"] else Exit.DONE


def _source(file: Path | None, url: str | None, form: str) -> ListSource:
    from blocklists.formats import FORMATS
    from blocklists.model import Kind, ListSource

    kind, _, format_name = form.partition("/")
    if format_name not in FORMATS or kind not in (Kind.CATEGORY, Kind.ILLEGAL, Kind.SECURITY):
        raise typer.BadParameter(
            f"write category, illegal or security, a slash, and one of {', '.join(FORMATS)}"
        )
    if url is not None and not url.startswith("https://"):
        raise typer.BadParameter("the address begins with https://")
    address = url if file is None else f"file:{file.absolute()}"
    return ListSource("preview", address or "", format_name, Kind(kind), categories=("preview",))


async def _look(config: Config, source: ListSource) -> VersionReport:
    """Fetch and judge a list as a first version, in this process. FetchError if it cannot be had."""
    from admin.services.gate_reports import Origin, examined, version_report
    from admin.services.guarding import guard_of
    from blocklists.gates import inspect_bytes, judge
    from blocklists.sources import FetchError, NotModified, fetch

    version = await fetch(source, now=time.time())
    if isinstance(version, NotModified):
        raise FetchError(f"{source.url}: the server sends nothing, and says that nothing changed")
    if (failure := inspect_bytes(version.data)) is not None:
        raise FetchError(f"{source.url}: {failure.message} {failure.remedy}")
    counts = examined(source, version.data, guard_of(config))
    failures = judge(source, counts, None, version.digest)
    word = "file" if source.url.startswith("file:") else "fetched"
    return version_report(source, Origin(word, version.digest, version.fetched), counts, None, failures)


def _print(report: Mapping[str, Any]) -> None:
    for line in lines_of(report):
        say(line)


def lines_of(report: Mapping[str, Any]) -> Iterator[str]:
    """A report as a person reads it on a terminal."""
    yield f"list {report['list_id']}: version {report['digest'][:12]} ({report['origin']})"
    if report["entries"] is not None:
        before, entries = report["entries_before"], report["entries"]
        yield f"  {entries:,} {'entry' if entries == 1 else 'entries'}; " + (
            "none serve now" if before is None else f"{before:,} serve now"
        )
    yield f"  {report['preview']}"
    yield from _named(report["examples"])
    for notice in report["notices"]:
        yield f"  {notice}"
    for gate in report["gates"]:
        yield f"  HELD: {gate['title']}"
        yield f"    {gate['message']}"
        yield from _named(gate["examples"], "    ")
        yield f"    What to do: {gate['remedy']}"
    if not report["gates"]:
        yield "  It passes all gates."


def _named(examples: list[str] | tuple[str, ...], indent: str = "  ") -> Iterator[str]:
    if examples:
        yield f"{indent}Among them: {', '.join(examples)}"
