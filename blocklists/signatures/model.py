"""What a signature comes to. Frozen values and the one error."""

from __future__ import annotations

from dataclasses import dataclass


class SignatureError(Exception):
    """The signature is not good; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A good signature. ``at`` is when it was made as far as it says so itself, Unix seconds."""

    key: str
    """The identifier of the key that signed, as its tools print it."""
    at: float | None = None
