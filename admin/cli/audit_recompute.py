"""``weir audit recompute``: texts that were shown, and answers that were given, held against the log. Offline."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin.cli.audit_offline import read_replay_keys
from admin.cli.exits import Exit
from admin.cli.opened_folder import read_folder
from admin.cli.terminal import complain, paragraph, say

if TYPE_CHECKING:
    from admin.audit.recomputing import Answered, Finding, Text, Told
    from admin.audit.verifier import Key

RECOMPUTE_WORDS = "Compute digests again from opened lists, and hold them against the log."
_LARGEST_ANSWER = 64 * 1024
"""Bytes of a file with an answer; a URL of the longest kind takes a tenth."""


def recompute(
    given: Annotated[
        list[str],
        typer.Argument(
            metavar="DIR|FILE|LIST=FILE…",
            help="Folders of weir audit open, answers of weir audit challenge, texts of public lists (with --state).",
        ),
    ],
    log: Annotated[str | None, typer.Option(metavar="URL|DIR", help="The log, or a copy of it.")] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Verifier keys, one a line (log.vkey).")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(metavar="FILE", help="In place of the log: the manifest of one state.")
    ] = None,
    state: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="The state of texts of public lists.")
    ] = None,
) -> int:
    """0 all is as the log says, 1 something is not or the log is not what it says, 2 usage, 3 cannot tell."""
    if (log is None) is (manifest is None) or (log is not None and key is None):
        complain("give --log with --key, or --manifest")
        return Exit.USAGE
    try:
        things = [thing for text in given for thing in _things(text, state or "")]
        keys = [] if key is None else read_replay_keys(key)
    except (OSError, ValueError) as error:
        complain(str(error))
        return Exit.USAGE
    return _compared(things, keys, log, manifest)


def _compared(things: list[Text | Answered], keys: list[Key], log: str | None, manifest: Path | None) -> int:
    from admin.audit import verifier
    from admin.audit.recomputing import recompute as held

    try:
        told = _of_manifest(manifest) if manifest is not None else _of_log(log or "", keys, things)
    except verifier.FailedError as error:
        complain(f"the log is not what it says: {error.args[0]}; weir audit verify shows more")
        return Exit.FAILED
    except (verifier.UndecidedError, OSError, ValueError) as error:
        complain(f"cannot tell: {error}")
        return Exit.UNKNOWN
    return _tell([held(told, thing) for thing in things])


def _tell(findings: list[Finding]) -> int:
    for finding in findings:
        say(paragraph(f"{finding.what}: {finding.result}: {finding.why}"))
    results = {finding.result.value for finding in findings}
    return Exit.FAILED if "differs" in results else Exit.UNKNOWN if "cannot tell" in results else Exit.DONE


def _things(text: str, state: str) -> Iterator[Text | Answered]:
    """What one argument stands for. ValueError, OSError."""
    from admin.audit.recomputing import Text

    path = Path(text)
    list_id, is_named, file = text.partition("=")
    if path.is_dir():
        found, in_state, parts = read_folder(path)
        for one in parts:
            yield Text(found, in_state, one.text, bytes.fromhex(one.opening), is_edits=one.part == "edits")
    elif is_named and not path.exists():
        if not state:
            raise ValueError(f"{list_id}: say of which state this text is (--state)")
        yield Text(list_id, state, Path(file).read_bytes())
    else:
        yield _answer(path)


def _answer(path: Path) -> Answered:
    from admin.audit.recomputing import Answered

    with path.open("rb") as file:
        data = file.read(_LARGEST_ANSWER)
    try:
        said = json.loads(data)
        opening = bytes.fromhex(said["opening"])
        return Answered(said["statement"].encode(), opening, str(said["origin"]), int(said["index"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}: no answer to a challenge, and no folder of an opened list: {error}"
        ) from error


def _of_log(log: str, keys: list[Key], things: list[Text | Answered]) -> Told:
    from admin.audit.recomputing import Answered, listen, state_of

    states = {state_of(one) for one in things}
    return listen(log, keys, time.time(), states, [one.index for one in things if isinstance(one, Answered)])


def _of_manifest(path: Path) -> Told:
    from admin.audit.recomputing import Told
    from resolver.tlog import manifests

    data = path.read_bytes()
    return Told(manifests={manifests.digest(data): data})
