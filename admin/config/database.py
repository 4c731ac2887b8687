"""Where the database is, as the file says it. Pure: what it leads to is read elsewhere (``admin.store.address``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from admin.config.values import TextValue

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
CREDENTIAL = "credential"
FILE = "file"

_SPELLINGS = {"postgres": POSTGRESQL, **{word: word for word in (SQLITE, POSTGRESQL, CREDENTIAL, FILE)}}


@dataclass(frozen=True, slots=True)
class DatabaseAddress(TextValue):
    """``sqlite:PATH``, ``postgresql://…``, or where such an address lies: ``credential:NAME``, ``file:PATH``."""

    WORDS: ClassVar[str] = "the address of a database"
    REMEDY: ClassVar[str] = (
        "write postgresql://user@host/name, sqlite:weir.db, or credential:NAME or file:PATH for where the address lies"
    )

    scheme: str
    rest: str
    """Behind the colon; may hold a password."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """One of the four forms. The message of the ValueError never has the text: it may hold a password."""
        scheme, colon, rest = text.partition(":")
        known = _SPELLINGS.get(scheme)
        if known is None or not colon or not rest or not text.isprintable() or " " in text:
            raise ValueError(f"this is not {cls.WORDS}; {cls.REMEDY}")
        if known == POSTGRESQL and not rest.startswith("//"):
            raise ValueError(f"`{scheme}:` is followed by two slashes; {cls.REMEDY}")
        return cls(known, rest)

    @property
    def text(self) -> str:
        """The whole address, with its password."""
        return f"{self.scheme}:{self.rest}"

    def __str__(self) -> str:
        """Without its password."""
        return hide_password(self.text)

    def __repr__(self) -> str:
        """Without its password."""
        return f"DatabaseAddress({self})"


def hide_password(address: str) -> str:
    """The address as it may be shown: ``…`` in place of a password."""
    without = re.sub(r"(?<=//)([^:@/]*):.*@", r"\1:…@", address)
    return re.sub(r"(?<=[?&]password=)[^&]*", "…", without)
