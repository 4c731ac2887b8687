"""What a gate says of a version that it does not let pass. Frozen values and the words that they share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SHORTEST_DIGEST = 12
"""So many hexadecimal digits are enough to name a held version."""
MOST_EXAMPLES = 20
"""Names of a public list that a report shows."""


class Gate(StrEnum):
    """Which gate was not passed."""

    MARKUP = "markup"
    ENCODING = "encoding"
    BINARY = "binary"
    ERRORS = "errors"
    EMPTY = "empty"
    SHRINK = "shrink"
    GROWTH = "growth"
    SUFFIXES = "suffixes"
    """Top-level domains or public suffixes that the version before did not have."""
    PROTECTED = "protected"
    """Names that no list may take away."""
    POPULAR = "popular"
    """Names that very many people use."""


@dataclass(frozen=True, slots=True)
class GateFailure:
    """One gate that a version did not pass."""

    gate: Gate
    message: str
    """What happened, with numbers; never text of the list."""
    remedy: str
    """What to do about it."""
    two_persons: bool = False
    """Whether a release takes two persons: one could be deceived, or deceive."""
    examples: tuple[str, ...] = ()
    """Names that the gate is about, at most MOST_EXAMPLES; of a public list only."""


def release_advice(list_id: str, digest: str) -> str:
    """How an operator lets a held version serve."""
    return f"If this is meant, run `weir lists release {list_id} {digest[:SHORTEST_DIGEST]}`."
