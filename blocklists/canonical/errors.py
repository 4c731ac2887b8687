"""The one error of this package."""

from __future__ import annotations

from blocklists.model import SkipReason

_WORDS = {
    SkipReason.ADDRESS: "an IP address where a name belongs",
    SkipReason.SINGLE_LABEL: "a single label, not a full name",
    SkipReason.BAD_NAME: "not a valid name",
    SkipReason.UNSUPPORTED: "not of a supported kind",
}


class CanonicalError(ValueError):
    """The text has no canonical form; ``reason`` says why. The message never repeats the text: it may be secret."""

    def __init__(self, reason: SkipReason) -> None:
        """``reason`` is one of the reasons that concern a single name."""
        super().__init__(_WORDS.get(reason, str(reason)))
        self.reason = reason
