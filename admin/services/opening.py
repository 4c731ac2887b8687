"""Two persons open a list that is not public: what an opening is, and who may take part in it. Pure.

One of the two is an auditor, the other is not, and neither can do it alone. What this cannot prevent is an operator who
makes a token for an auditor that does not exist: but making tokens is a leaf of the public log too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from admin.services.actors import Actor, DeniedError, Permission, Role, require
from admin.services.errors import ConflictError

WAITS = 7 * 86_400.0
"""Seconds that an opening waits for the second person."""
LASTS = 86_400.0
"""Seconds that it is good for, once both have agreed."""


class Purpose(StrEnum):
    """What is given out."""

    TEXT = "text"
    """The whole canonical text, with what opens the log's commitment to it."""
    CHALLENGE = "challenge"
    """Answers to single questions whether the list names something."""


MOST_USES = {Purpose.TEXT: 10, Purpose.CHALLENGE: 30}
"""How often something is given out for one opening: a text is fetched again when a connection broke; who would compile a list
by asking needs thousands of answers."""


class Stage(StrEnum):
    """How far an opening is."""

    WAITING = "waiting"
    """For the second person."""
    OPEN = "open"
    SPENT = "spent"
    """Given out as often as it may be."""
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked to be opened: a list as it was in a state of the log (hexadecimal)."""

    list_id: str
    state: str
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Person:
    """One of the two: the holder of a token or whoever is on the box, and in which role."""

    holder: str
    role: Role

    @classmethod
    def of(cls, actor: Actor) -> Person:
        """DeniedError for who may not take part, or of whom nobody knows who it is."""
        require(actor, Permission.AUDIT_OPEN)
        if not actor.holder:
            raise DeniedError("nobody knows for whom this token is: two persons must be told apart")
        return cls(actor.holder, Role(actor.role) if actor.role else Role.OPERATOR)


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening. Times are Unix seconds."""

    id: str
    wish: Wish
    reason: str
    asker: Person
    asked: float
    ends: float
    agreer: Person | None = None
    agreed: float | None = None
    uses: int = 0

    def stage(self, at: float) -> Stage:
        """How far it is at a moment; a clock that was set back opens nothing."""
        if not (self.agreed or self.asked) <= at < self.ends:
            return Stage.OVER
        if self.agreer is None:
            return Stage.WAITING
        return Stage.OPEN if self.left > 0 else Stage.SPENT

    @property
    def left(self) -> int:
        """How often something may still be given out."""
        return max(0, MOST_USES[self.wish.purpose] - self.uses)

    def other(self, person: Person) -> Person | None:
        """The other of the two; None if this is neither of them."""
        if self.agreer is None:
            return None
        pair = {self.asker.holder: self.agreer, self.agreer.holder: self.asker}
        return pair.get(person.holder)


def check_second(opening: Opening, person: Person, at: float) -> None:
    """Whether this person may agree. ConflictError in words."""
    if opening.stage(at) is not Stage.WAITING:
        raise ConflictError(f"opening {opening.id} waits for nobody any more; it is {opening.stage(at)}")
    if person.holder == opening.asker.holder:
        raise ConflictError("a second person must agree: whoever asked cannot")
    if (person.role is Role.AUDITOR) is (opening.asker.role is Role.AUDITOR):
        raise ConflictError(
            f"one of the two is an auditor and the other is not: {opening.asker.role} asked, so "
            f"{'an operator or list manager' if opening.asker.role is Role.AUDITOR else 'an auditor'} must agree"
        )


def check_use(opening: Opening, person: Person, at: float) -> Person:
    """The other of the two, if something may be given to this person now. DeniedError, ConflictError in words."""
    stage = opening.stage(at)
    if stage is Stage.SPENT:
        most = MOST_USES[opening.wish.purpose]
        raise ConflictError(
            f"opening {opening.id} was used {most} times, which is as often as it may be; ask for another"
        )
    if stage is not Stage.OPEN:
        raise ConflictError(
            f"opening {opening.id} is {stage}"
            + (": a second person must agree first" if stage is Stage.WAITING else "; ask for another")
        )
    other = opening.other(person)
    if other is None:
        raise DeniedError(
            "this opening is that of two others: only who asked and who agreed are given anything"
        )
    return other
