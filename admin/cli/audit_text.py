"""``weir audit text``: what the public log's digests are made of, through the running control process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlencode

import typer

from admin.cli.api import lines
from admin.cli.documents import given
from admin.cli.exits import Exit
from admin.cli.talking import talk
from admin.cli.terminal import complain

if TYPE_CHECKING:
    from admin.config import Config

TEXT_WORDS = (
    "The text that a digest in the log is made of: of a public list, or of the names that no list reaches."
)


def text(
    list_id: Annotated[str | None, typer.Argument(metavar="LIST", help="The id of a public list.")] = None,
    version: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="How that of a kept version or text begins.")
    ] = None,
    edits: Annotated[bool, typer.Option("--edits", help="That of the list's edits.")] = False,
    protected: Annotated[bool, typer.Option("--protected", help="That of the protected names.")] = False,
    file: Annotated[Path | None, typer.Option("--file", help="Write there.")] = None,
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
) -> int:
    """1 if it is not kept or not public, 3 if control cannot be asked or the file not be written."""
    if protected is bool(list_id):
        complain("write the id of a list, or --protected")
        return Exit.USAGE
    path = _path(list_id, version, edits=edits)

    def words(checked: Config) -> int:
        content, _ = lines(checked, path, "ETag")
        if file is None:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
            return Exit.DONE
        try:
            file.write_bytes(content)
        except OSError as error:
            complain(f"{file}: {error.strerror or error}; name a new file in a folder with room")
            return Exit.UNKNOWN
        return Exit.DONE

    return talk(config, words)


def _path(list_id: str | None, version: str | None, *, edits: bool) -> str:
    if list_id is None:
        return "/api/v1/audit/protected-names"
    asked = given(version=version, part="edits" if edits else None)
    return f"/api/v1/lists/{quote(list_id, safe='')}/text?{urlencode(asked)}"
