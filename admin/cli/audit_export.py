"""``weir audit export``: events as lines for other systems, through the running control process."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

import typer

from admin.audit.exports.formats import Format
from admin.cli.api import UnreachableError, lines
from admin.cli.audit_worm import keep
from admin.cli.exits import Exit
from admin.cli.talking import talk
from admin.cli.terminal import complain

if TYPE_CHECKING:
    from admin.config import Config

_PATH, _CURSOR = "/api/v1/audit/export", "Weir-Cursor"
_AT_ONCE = 1_000
_LOOK = 2.0
"""Seconds between looks for new events with --follow."""


def export(
    form: Annotated[Format, typer.Option("--format", help="In which form.")] = Format.OCSF,
    after: Annotated[int, typer.Option(metavar="EVENT", min=0, help="Begin behind this event.")] = 0,
    since: Annotated[str, typer.Option(metavar="TIME", help="From this time on.")] = "",
    file: Annotated[
        Path | None, typer.Option("--file", help="Write there, and keep beside it how far it is.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where --file ends.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what happens, until stopped.")] = False,
    worm: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Instead: archives of the public log, written once.")
    ] = None,
    log: Annotated[
        str | None, typer.Option(metavar="URL|DIR", help="With --worm: the log or a copy.")
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="With --worm: its verifier keys.")] = None,
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
) -> int:
    """Events that the public log has looked at, oldest first, one line each. With --file, whatever dies when, --resume
    goes on without gap or double. 3 if control or the file cannot be had.
    """
    if worm is not None:
        return keep(worm, log, key)
    if resume and (file is None or after):
        complain("--resume goes on with a --file, and knows by itself behind which event")
        return Exit.USAGE

    from admin.cli.export_file import ExportFileError

    def words(checked: Config) -> int:
        begin, write = _target(form, after, file, resume=resume)
        ask = {"format": form.value, "limit": _AT_ONCE} | ({"since": since} if since else {})
        return _run(checked, ask, begin, write, follow=follow)

    try:
        return talk(config, words)
    except KeyboardInterrupt:
        return Exit.DONE
    except ExportFileError as error:
        complain(str(error))
        return Exit.USAGE
    except BrokenPipeError:
        raise
    except OSError as error:
        complain(f"{error.filename or file}: {error.strerror or error}; make room, then go on with --resume")
        return Exit.UNKNOWN


Write = Callable[[bytes, int], None]
"""Takes whole lines, and the event of the last one."""


def _target(form: Format, after: int, file: Path | None, *, resume: bool) -> tuple[int, Write]:
    """Behind which event to begin, and where lines go."""
    if file is None:
        return after, _to_the_terminal
    from admin.cli.export_file import ExportFile  # pydantic costs every other verb a tenth of a second

    target = ExportFile(file, form.value, after, resume=resume)
    return target.sequence, target.add


def _to_the_terminal(text: bytes, _last: int) -> None:
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


def _run(config: Config, ask: Mapping[str, object], after: int, write: Write, *, follow: bool) -> int:
    while True:
        try:
            text, cursor = lines(config, f"{_PATH}?{urlencode({**ask, 'cursor': after})}", _CURSOR)
        except UnreachableError as error:
            if not follow:
                raise
            complain(f"{error}; trying again")  # a restart of control ends no export
            time.sleep(_LOOK)
            continue
        if text:
            after = int(cursor)
            write(text, after)
        elif not follow:
            return Exit.DONE
        else:
            time.sleep(_LOOK)
