"""An auditor's challenge: does this list name that, in this state? Answered so that the answer cannot be taken back. Pure.

What is claimed, and no more: the operator looked into the very text that the log commits to and said this. The leaf of the
answer holds a commitment (``ref``) to the statement; what opens it goes to whoever asked and is kept nowhere. So nobody else
learns what was asked, and whoever asked can show to everybody what was answered, and when. That the answer is true is proved
by the opened text alone: an opening of the same state shows a lie, signed by the log. A proof of one name without the text
needs the log's stage 2 (a prefix tree with VRF labels).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from admin.services.errors import InvalidError, Mistake
from admin.services.opening import Wish
from admin.services.subject import QuestionError, Subject, parse_subject
from blocklists.model import Action
from blocklists.text_lookup import SortedText, of_name, of_page, parsed_edits
from resolver.tlog import canonical
from resolver.tlog.commitments import commit

LONGEST = 2_048
"""Characters of a question: a URL that any browser would take."""
_NO_BLOCK = frozenset({Action.ALLOW, Action.TCP_ONLY, Action.COUNT})


class Said(StrEnum):
    """The answer: words of one length, so that an answer's size tells nothing to who watches the line."""

    LISTED = "listed"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Statement:
    """What is answered, as the bytes that the leaf commits to."""

    data: bytes = field(repr=False)
    """Canonical JSON."""
    opening: bytes = field(repr=False)
    said: Said

    @property
    def ref(self) -> str:
        """The commitment, hexadecimal: it tells nothing without the opening."""
        return commit(self.opening, self.data).hex()


def subject_of(text: str) -> Subject:
    """What is asked about. InvalidError, which never repeats it."""
    try:
        return parse_subject(text)
    except QuestionError:
        words = "is no name and no web address; write for example bets.example"
        raise InvalidError([Mistake("text", words)]) from None


def listed(text: bytes, edits: bytes, subject: Subject) -> bool:
    """Whether the list, with the edits of people, names it: by itself or by something above it."""
    lines = SortedText(text)
    if of_name(lines, subject.name, parsed_edits(edits)) - _NO_BLOCK:
        return True
    return subject.url is not None and of_page(lines, subject.url)


def statement(
    wish: Wish, commitment: str, subject: Subject, said: Said, *, at: float, opening: bytes
) -> Statement:
    """The statement about one question. ``at`` is Unix seconds; ``opening`` are 32 fresh random bytes."""
    asked = subject.name if subject.url is None else subject.url.text
    data = canonical.encode(
        {
            "answer": said.value,
            "asked": asked,
            "commit": commitment,
            "list": wish.list_id,
            "state": wish.state,
            "t": int(at),
            "v": 1,
        }
    )
    return Statement(data, opening, said)
