"""Names in a person's own allow and deny rules. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from admin.config.problems import shown
from admin.config.values import TextValue
from blocklists.canonical import CanonicalError, host


@dataclass(frozen=True, slots=True)
class NameRule(TextValue):
    """``name``: this name and everything below it; ``=name``: exactly this name. Kept in canonical form."""

    WORDS: ClassVar[str] = "a name"
    PLURAL: ClassVar[str] = "names"
    REMEDY: ClassVar[str] = "write for example bets.example, or =bets.example for exactly this name"
    PATTERN: ClassVar[str] = r"^[^/]+$"

    name: str
    below: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """A host name with or without ``=``; a URL, an address or a single label is refused."""
        exact = text.startswith("=")
        name = text.removeprefix("=")
        if "/" in name:
            raise ValueError(f"{shown(text)} is a web address; rules are about whole names: {cls.REMEDY}")
        try:
            return cls(host(name), not exact)
        except CanonicalError as error:
            raise ValueError(
                f"{shown(text)} is no name that can be allowed or denied ({error}); {cls.REMEDY}"
            ) from None

    def __str__(self) -> str:
        """With ``=`` if exactly this name is meant."""
        return self.name if self.below else f"={self.name}"
