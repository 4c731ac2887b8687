"""``weir audit export --worm``: the public log as archives for write-once storage, from a copy and its key alone."""

from __future__ import annotations

import time
from pathlib import Path

from admin.cli.audit_offline import offline, read_replay_keys
from admin.cli.exits import Exit
from admin.cli.terminal import complain, say


def keep(folder: Path, log: str | None, key: Path | None) -> int:
    """1 if the log does not verify, 2 without log or key, 3 if something cannot be read or written."""
    if log is None or key is None:
        complain("--worm needs the log (--log URL|DIR) and its verifier key (--key FILE)")
        return Exit.USAGE

    def words() -> int:
        from admin.audit.worm import export

        made = export(log, read_replay_keys(key), folder, time.time())
        for path in made:
            say(str(path))
        say(f"{len(made)} new; all of {folder}, unpacked in the order of the names, is the log")
        return Exit.DONE

    return offline(words)
