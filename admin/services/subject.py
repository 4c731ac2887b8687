"""What a person asks about: a name, or a web address of which the host is decided. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from blocklists.canonical import CanonicalError, CanonicalUrl, host, requested_url, to_ascii, to_wire
from blocklists.model import SkipReason


class QuestionError(ValueError):
    """The question itself is wrong: no name, no address, no such subscriber. The message says what to write."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The canonical name, its lower-case wire form, and the web address that it came from, if it did."""

    name: str
    wire: bytes
    url: CanonicalUrl | None = None
    is_https: bool = False


def parse_subject(text: str) -> Subject:
    """Read a name or a web address; QuestionError if it is neither."""
    is_url = "/" in text
    try:
        page = requested_url(text) if is_url else None
        name = _name(text if page is None else page.host)
        return Subject(name, to_wire(name), page, text.strip().lower().startswith("https:"))
    except CanonicalError as error:
        what = "no web address" if is_url else "no name"
        if error.reason is SkipReason.ADDRESS:
            what = "an address; names are what is decided"
        raise QuestionError(f"`{_printable(text)}` is {what}; write for example bets.example") from None


def _name(text: str) -> str:
    try:
        return host(text)
    except CanonicalError as error:
        if error.reason is not SkipReason.SINGLE_LABEL:
            raise
        # A list never holds a single label, but a device may well ask for one.
        return to_ascii(text).lower().removesuffix(".")


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "�" for char in text[:80])
