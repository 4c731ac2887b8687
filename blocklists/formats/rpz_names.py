"""Owner names of a response policy zone: from master file text to the trigger that they stand for."""

from __future__ import annotations

from blocklists.canonical import CanonicalError, address
from blocklists.formats.rpz_syntax import ZoneSyntaxError
from blocklists.model import SkipReason

Labels = tuple[str, ...]

MAX_LABELS = 128
"""One more than 255 octets can hold, for the apex that the file has not told."""
_APEX: Labels = ("\0apex",)
"""Stands for the zone's name as long as the file has not told it; no label holds a NUL."""


class ZoneNames:
    """The zone's apex and the current ``$ORIGIN``; a file that names neither has relative owners only.

    Every method that takes a name raises ZoneSyntaxError if it has more than MAX_LABELS labels.
    """

    def __init__(self) -> None:
        """Both are unknown at first, and equal."""
        self._apex = _APEX
        self._origin = _APEX

    def set_origin(self, text: str) -> None:
        """``$ORIGIN``; the first absolute one is taken for the apex until the SOA says otherwise."""
        self._origin = self._absolute(text)
        if self._apex == _APEX and self._origin[-1:] != _APEX:
            self._apex = self._origin

    def set_apex(self, text: str) -> None:
        """The owner of the SOA."""
        self._apex = self._absolute(text)
        if self._origin == _APEX:
            self._origin = self._apex

    def trigger(self, text: str) -> Labels | None:
        """The owner's labels relative to the apex, in lower case (none: the apex itself); None if it lies outside."""
        labels = self._absolute(text)
        for apex in (self._apex, _APEX):
            depth = len(labels) - len(apex)
            if depth >= 0 and labels[depth:] == apex:
                return labels[:depth]
        return None

    @property
    def origin_text(self) -> str | None:
        """The current origin as an absolute name, for names inside rdata; None while it is unknown."""
        return None if self._origin[-1:] == _APEX else f"{'.'.join(self._origin)}."

    def _absolute(self, text: str) -> Labels:
        if text == "@":
            return self._origin
        labels = tuple(text.lower().removesuffix(".").split(".")) if text != "." else ()
        labels = labels if text.endswith(".") else labels + self._origin
        if len(labels) > MAX_LABELS:  # relative origins would add up without end
            raise ZoneSyntaxError("a name has too many labels")
        return labels


def trigger_address(labels: Labels) -> str:
    """The prefix of an ``rpz-ip`` or ``rpz-client-ip`` trigger without that label: ``24.0.2.0.192`` is 192.0.2.0/24,
    ``zz`` is ``::``.

    CanonicalError if it is none.
    """
    length, *parts = labels
    parts.reverse()
    if "zz" in parts:
        middle = parts.index("zz")
        text = f"{':'.join(parts[:middle])}::{':'.join(parts[middle + 1 :])}"
    else:
        text = ("." if len(parts) == 4 else ":").join(parts)
    if not length.isdecimal():
        raise CanonicalError(SkipReason.BAD_NAME)
    return address(f"{text}/{length}")
