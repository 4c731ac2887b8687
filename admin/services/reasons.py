"""What a reason is: one line of plain words, because the audit log keeps it and people read it on terminals. Pure."""

from __future__ import annotations

from admin.services.acts import LONGEST_REASON
from admin.services.errors import InvalidError, Mistake


def reason_fault(text: str) -> str:
    """What is wrong with a reason that must be given, in words; empty if nothing is."""
    said = text.strip()
    if not said:
        return "say why, in one line: the audit log keeps it"
    if len(said) > LONGEST_REASON or not said.isprintable():
        return f"write one line of at most {LONGEST_REASON} characters"
    return ""


def reason_in(text: str) -> str:
    """The reason without the blanks around it. InvalidError if it is none."""
    if fault := reason_fault(text):
        raise InvalidError([Mistake("reason", fault)])
    return text.strip()
