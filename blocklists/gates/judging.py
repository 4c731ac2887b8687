"""All gates on a version that was read, in the order in which a person should hear of them. Pure."""

from __future__ import annotations

from blocklists.gates.failures import GateFailure, release_advice
from blocklists.gates.names import name_failures
from blocklists.gates.sizes import size_failures
from blocklists.model import ListCounts, ListSource


def judge(
    source: ListSource, counts: ListCounts, previous: ListCounts | None, digest: str
) -> tuple[GateFailure, ...]:
    """The gates that a version with these counts does not pass; ``previous`` counts the version that serves now."""
    release = f"{release_advice(source.id, digest)} Until then the last good version goes on serving."
    return (
        *size_failures(source, counts, previous, release),
        *name_failures(source, counts, previous, release),
    )
