"""``weir audit open``, ``openings`` and ``challenge``: lists that are not public, opened by two persons."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from admin.cli.api import RefusedError, ask, get, headed, post
from admin.cli.documents import given, say_json
from admin.cli.exits import Exit
from admin.cli.moments import moment
from admin.cli.opened_folder import RECORD, Opened, write_folder, write_private
from admin.cli.talking import talk
from admin.cli.terminal import complain, say, table

if TYPE_CHECKING:
    from admin.config import Config

OPEN_WORDS = "Ask for a list that is not public to be opened, or write what was opened."
OPENINGS_WORDS = "The openings; agree to one, or end one."
CHALLENGE_WORDS = "Whether a list that is not public names something, as its opening allows."
_PATH, _CHALLENGE = "/api/v1/audit/openings", "/api/v1/audit/challenge"
_HEADS = ("id", "list", "state", "for", "stage", "asked by", "agreed by", "until", "left", "reason")
_ConfigPath = Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")]
_State = Annotated[str | None, typer.Option(metavar="DIGEST", help="The state of the log, or --at.")]
_At = Annotated[
    float | None,
    typer.Option(
        metavar="TIME",
        parser=moment,
        help="The state that held then: 2026-10-25T01:30+02:00; without a zone it is UTC.",
    ),
]
_WARNING = (
    "Whoever reads this folder has the list. Keep it where nobody else can, and destroy it when you are done; the licence "
    "of the list may say more."
)


def open_list(
    list_id: Annotated[str, typer.Argument(metavar="LIST", help="The id of a list.")],
    state: _State = None,
    at: _At = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Write what was opened there.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Ask, and why; the audit log keeps it.")] = None,
    challenge: Annotated[
        bool, typer.Option("--challenge", help="Ask for single answers, not for the text.")
    ] = False,
    config: _ConfigPath = None,
) -> int:
    """With --reason: ask, and 0 once that is noted. With -o: write text and opening; 1 if nobody agreed (yet)."""
    if (reason is None) is (output is None) or (output is not None and state is None):
        complain("write --reason to ask, or --state and -o to write what was opened")
        return Exit.USAGE

    def words(checked: Config) -> int:
        if output is not None:
            return _fetch(checked, list_id, state or "", output)
        body = given(state=state, at=at) | {"list": list_id, "reason": reason}
        asked = post(checked, _PATH, body | {"purpose": "challenge" if challenge else "text"})
        say(
            f"Opening {asked['id']} of list {asked['list']} in state {asked['state']} is noted. Another person must agree:"
        )
        say(f"  weir audit openings --agree {asked['id']} --reason WHY")
        return Exit.DONE

    return talk(config, words)


def openings(
    agree: Annotated[str | None, typer.Option(metavar="ID", help="Agree to this one.")] = None,
    end: Annotated[str | None, typer.Option(metavar="ID", help="End this one.")] = None,
    reason: Annotated[str, typer.Option(help="Why; the audit log keeps it.")] = "",
    config: _ConfigPath = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all there is as JSON.")] = False,
) -> int:
    """Those that there are; 1 if it was refused."""
    if agree is not None and end is not None:
        complain("agree to one or end one, not both")
        return Exit.USAGE

    def words(checked: Config) -> int:
        if agree is not None:
            done = post(checked, f"{_PATH}/{quote(agree, safe='')}/approve", {"reason": reason})
            say(f"Opening {done['id']} is open until {_moment(done['ends'])}.")
        elif end is not None:
            headers = {"Weir-Reason": quote(reason, safe=" ")} if reason else {}
            ask(checked, "DELETE", f"{_PATH}/{quote(end, safe='')}", None, headers)
            say("It is good for nothing any more.")
        else:
            _show(get(checked, _PATH)["items"], as_json=as_json)
        return Exit.DONE

    return talk(config, words)


def challenge(
    list_id: Annotated[str, typer.Argument(metavar="LIST", help="The id of a list.")],
    text: Annotated[
        str,
        typer.Argument(metavar="NAME|URL", help="What is asked; - reads it, so that no history keeps it."),
    ],
    state: _State = None,
    at: _At = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Keep the answer with what proves it."),
    ] = None,
    config: _ConfigPath = None,
) -> int:
    """0 it is not listed, 1 it is or the question was refused."""
    asked = sys.stdin.readline().strip() if text == "-" else text

    def words(checked: Config) -> int:
        answer = post(checked, _CHALLENGE, given(state=state, at=at) | {"list": list_id, "text": asked})
        if output is not None:
            try:
                write_private(output, json.dumps(answer, sort_keys=True).encode() + b"\n")
            except OSError as error:
                complain(
                    f"{output}: {error.strerror or error}; the answer is {answer['answer']}, and its proof is lost"
                )
                return Exit.UNKNOWN
        say(f"{answer['answer']} (leaf {answer['index']} of {answer['origin']})")
        return Exit.DONE if answer["answer"] == "absent" else Exit.FAILED

    return talk(config, words)


def _fetch(checked: Config, list_id: str, state: str, folder: Path) -> int:
    if (folder / RECORD).exists():
        complain(f"{folder} has an opened list already; name another folder")
        return Exit.USAGE
    place = f"{_PATH}/{quote(list_id, safe='')}/{quote(state, safe='')}"
    parts = {"entries": _part(checked, place, "entries")}
    try:
        parts["edits"] = _part(checked, place, "edits")
    except RefusedError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        say(str(error))
    try:
        write_folder(folder, list_id, state, parts)
    except OSError as error:
        complain(
            f"{error.filename or folder}: {error.strerror or error}; name a new folder on a disk with room"
        )
        return Exit.UNKNOWN
    complain(_WARNING)
    for one in parts.values():
        say(f"{folder / one.part}.txt: {len(one.text):,} bytes, given out in leaf {one.leaf}")
    return Exit.DONE


def _part(checked: Config, place: str, part: str) -> Opened:
    text, headers = headed(checked, f"{place}?part={part}")
    return Opened(part, text, headers.get("Weir-Opening", ""), headers.get("Weir-Leaf", ""))


def _show(items: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        say_json(items)
        return
    say(table(map(_row, items), _HEADS) if items else "no opening")


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    by = f"{one['asker']} ({one['asker_role']})"
    second = f"{one['agreer']} ({one['agreer_role']})" if one["agreer"] else ""
    times = (_moment(one["ends"]), str(one["left"]))
    return (
        one["id"],
        one["list"],
        one["state"][:12],
        one["purpose"],
        one["stage"],
        by,
        second,
        *times,
        one["reason"],
    )


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%MZ")
