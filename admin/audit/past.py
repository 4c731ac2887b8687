"""Which state a log had decided at a time: the whole log verified first, with the checker that shares no code with it.

Reads a folder or a web server; nothing is believed that does not lead to the given keys.
"""

from __future__ import annotations

from collections.abc import Iterable

from admin.audit import verifier
from admin.audit.blocked import Situation
from resolver.tlog import manifests
from resolver.tlog.manifests import Manifest


def past(where: str, keys: Iterable[verifier.Key], at: int, now: float) -> tuple[Situation, Manifest | None]:
    """The situation at ``at`` (POSIX seconds) and its manifest; None where the log leaves it in doubt.

    ``where`` is an address or a folder, ``now`` is Unix seconds.
    ``verifier.FailedError``: the log is not what it says. ``verifier.UndecidedError``, OSError: it cannot be read.
    """
    source, found = verifier.Source(where), Situation(at)
    verifier.Replay(source, keys, now).run(found.hear)
    if found.doubt:
        return found, None
    data = source.read(f"state/{found.state}.json")
    return found, manifests.decode(data or b"")
