"""``weir audit blocked``: was a name or page blocked at a time? Answered offline, from a copy of the log and texts of lists."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin.cli.audit_offline import read_replay_keys
from admin.cli.documents import say_json
from admin.cli.exits import Exit
from admin.cli.terminal import coloured, complain, say, table

if TYPE_CHECKING:
    from admin.audit.blocked import Answer, Evidence, Question, Situation

WORDS = "Was it blocked? From a copy of the log and the lists' texts alone."
_OF = "LIST=FILE"


def blocked(
    name: Annotated[str, typer.Argument(metavar="NAME|URL", help="A name, or a web address.")],
    at: Annotated[
        str, typer.Option(metavar="TIME", help="2026-10-25T01:30+02:00; without a zone it is UTC.")
    ],
    log: Annotated[str, typer.Option(metavar="URL|DIR", help="The log, or a copy of it.")],
    key: Annotated[Path, typer.Option(metavar="FILE", help="Verifier keys, one a line (log.vkey).")],
    profile: Annotated[
        str | None, typer.Option(metavar="ID", help="For whoever has this profile; else for everybody.")
    ] = None,
    text: Annotated[list[str] | None, typer.Option(metavar=_OF, help="A list's canonical text.")] = None,
    opening: Annotated[
        list[str] | None, typer.Option(metavar="LIST=HEX|FILE", help="What opens the commitment to it.")
    ] = None,
    edits: Annotated[list[str] | None, typer.Option(metavar=_OF, help="The text of its edits.")] = None,
    edits_opening: Annotated[
        list[str] | None, typer.Option(metavar="LIST=HEX|FILE", help="What opens the commitment to those.")
    ] = None,
    protected: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The text of the names that no list reaches.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all there is as JSON.")] = False,
) -> int:
    """0 not blocked, 1 blocked or the log is not what it says, 2 the question is wrong, 3 cannot tell."""
    from admin.audit import blocked as asking
    from admin.audit import verifier
    from admin.audit.past import past

    try:
        question = _question(name, at, profile)
        given = _evidence(text, opening, edits, edits_opening)
        names = None if protected is None else protected.read_bytes()
        keys = read_replay_keys(key)
    except (OSError, ValueError) as error:
        complain(str(error))
        return Exit.USAGE
    try:
        situation, manifest = past(log, keys, question.at, time.time())
        if manifest is None:
            found = asking.Answer(asking.Outcome.UNKNOWN, situation.doubt)
        else:
            found = asking.answer(question, manifest, given, names)
    except verifier.FailedError as error:
        complain(f"the log is not what it says: {error.args[0]}; weir audit verify shows more")
        return Exit.FAILED
    except asking.QuestionError as error:
        complain(str(error))
        return Exit.USAGE
    except (verifier.UndecidedError, OSError, ValueError) as error:
        complain(f"cannot tell: {error}")
        return Exit.UNKNOWN
    _tell(question, situation, found, as_json=as_json)
    return {asking.Outcome.FREE: Exit.DONE, asking.Outcome.LISTED: Exit.FAILED}.get(
        found.outcome, Exit.UNKNOWN
    )


def _question(name: str, at: str, profile: str | None) -> Question:
    """ValueError for what is no name, no address or no moment."""
    from admin.audit.blocked import Question
    from admin.services.moment import parse_moment
    from admin.services.subject import parse_subject

    subject = parse_subject(name)
    return Question(subject.name, subject.url, int(parse_moment(at)), profile)


def _evidence(
    texts: Iterable[str] | None,
    openings: Iterable[str] | None,
    edits: Iterable[str] | None,
    edits_openings: Iterable[str] | None,
) -> dict[str, Evidence]:
    """What is given of each list. ValueError or OSError for what cannot be read."""
    from admin.audit.blocked import Evidence

    found: dict[str, Evidence] = {}
    for key, pairs, read in (
        ("text", texts, _content),
        ("opening", openings, _opening),
        ("edits", edits, _content),
        ("edits_opening", edits_openings, _opening),
    ):
        for pair in pairs or ():
            list_id, equals, value = pair.partition("=")
            if not (list_id and equals and value):
                raise ValueError(f"{pair!r}: write the id of a list, =, and a file")
            found[list_id] = replace(found.get(list_id, Evidence()), **{key: read(value)})
    return found


def _content(path: str) -> bytes:
    return Path(path).read_bytes()


def _opening(value: str) -> bytes:
    """64 hexadecimal digits, or a file that has them."""
    try:
        return bytes.fromhex(value)
    except ValueError:
        return bytes.fromhex(Path(value).read_text())


def _tell(question: Question, situation: Situation, found: Answer, *, as_json: bool) -> None:
    if as_json:
        say_json(
            {
                "name": question.name,
                "url": None if question.page is None else question.page.text,
                "at": question.at,
                "profile": question.profile,
                "log": situation.origin,
                "state": situation.state,
                "leaf": situation.leaf,
                "next": situation.next,
                "served": dict(situation.served),
                **asdict(found),
            }
        )
        return
    colour = {"listed": "red", "not listed": "green"}.get(found.outcome.value, "yellow")
    facts = [
        ("asked", question.name if question.page is None else question.page.text),
        ("at", _moment(question.at)),
        ("for", f"profile {question.profile}" if question.profile else "everybody, whatever the profile"),
        ("answer", coloured(found.outcome.value, colour)),
        ("because", found.why),
        ("log", situation.origin),
        ("state", f"{situation.state} (leaf {_place(situation.leaf)}, until leaf {_place(situation.next)})"),
        ("served by", ", ".join(f"{node} since {_moment(t)}" for node, t in situation.served.items())),
    ]
    say(table([fact for fact in facts if fact[1]]))
    if found.lists:
        say(table([(one.list, one.outcome.value, one.why) for one in found.lists], ("list", "says", "why")))
    say("A log shows what was decided, not that every resolver obeyed, nor what a subscriber had chosen.")


def _place(place: tuple[int, int] | None) -> str:
    return "none yet" if place is None else f"{place[0]}, {_moment(place[1])}"


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
