"""Which new versions the first worker is to try out before all have them. Pure."""

from __future__ import annotations

from collections.abc import Callable

from admin.config import Config
from admin.control.compiled import Fingerprint
from admin.services.build import worker_count
from blocklists.model import ListSource

WORKERS_TO_TRY = 2
"""One tries out, and there must be another to compare it with."""


def lists_to_try(
    config: Config, before: Fingerprint, after: Fingerprint, can_roll_back: Callable[[ListSource], bool]
) -> tuple[str, ...]:
    """The ``staged`` lists that have another version after than before and could be rolled back."""
    if worker_count(config) < WORKERS_TO_TRY:
        return ()
    known = {source.id: digest for source, digest in before}
    return tuple(
        source.id
        for source, digest in after
        if source.handling.staged and known.get(source.id, digest) != digest and can_roll_back(source)
    )
