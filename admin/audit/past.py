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
    path = f"state/{found.state}.json"
    data = source.read(path) or b""
    # It was verified a moment ago, but a web server may say something else to whoever asks again.
    if manifests.digest(data) != found.state:
        raise verifier.FailedError(f"{path}: served with other bytes than a moment ago")
    return found, manifests.decode(data)
