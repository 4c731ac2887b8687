"""Which state a log, or one before it, had decided at a time: verified first, with the checker that shares no code with it.

Reads a folder or a web server; nothing is believed that does not lead to the given keys.
"""

from __future__ import annotations

from collections.abc import Iterable

from admin.audit import verifier
from admin.audit.blocked import Situation
from admin.audit.years import Years
from resolver.tlog import manifests
from resolver.tlog.manifests import Manifest


def past(where: str, keys: Iterable[verifier.Key], at: int, now: float) -> tuple[Situation, Manifest | None]:
    """The situation at ``at`` (POSIX seconds) and its manifest; None where the log leaves it in doubt.

    ``where`` is an address or a folder, ``now`` is Unix seconds.
    ``verifier.FailedError``: the log is not what it says. ``verifier.UndecidedError``, OSError: it cannot be read.
    """
    years, found = Years(verifier.Source(where), keys, now), Situation(at)
    years.run(found.hear, at)
    if found.doubt:
        return found, None
    return found, manifests.decode(years.manifest(found.state))
