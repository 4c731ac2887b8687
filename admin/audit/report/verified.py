"""A report of logs that are verified on the way: what the verifier hears is what is counted, in one pass over the files.

Only this module of the report reads files. A log that does not verify gives no report at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from admin.audit import verifier
from admin.audit.copies import replay_keys
from admin.audit.report.computing import Walk
from admin.audit.report.model import Document
from admin.audit.report.period import Period
from admin.audit.years import Years
from resolver.tlog import leaves, manifests
from resolver.tlog.canonical import FormatError


class RefusedError(Exception):
    """The log does not verify. The message says what is wrong, and where."""


class UnreadableError(Exception):
    """The log cannot be read or judged now, or the key is none."""


def report_of(where: str, keys: Iterable[str], period: Period, now: float) -> Document:
    """The report of the log at a folder or address, as ``walked``."""
    return walked(where, keys, period, now).told()


def walked(where: str, keys: Iterable[str], period: Period, now: float) -> Walk:
    """All that a report needs of the log at a folder or address, and of those before it as far as the period reaches back,
    checked against these vkeys at the time ``now`` (POSIX seconds). RefusedError, UnreadableError.
    """
    try:
        years = Years(verifier.Source(where), _keys(keys), now)
        walk = Walk(period, lambda state: manifests.decode(years.manifest(state)))

        def hear(leaf: dict[str, Any]) -> None:
            # The bytes that it came from: the verifier has found them canonical. ``decode`` checks that once more.
            data = json.dumps(leaf, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
            walk.take(data, leaves.decode(data))

        years.run(hear, period.begin)
    except verifier.FailedError as error:
        raise RefusedError(str(error.args[0])) from error
    except FormatError as error:
        raise RefusedError(f"a leaf or manifest is not of this version of the log: {error}") from error
    except (verifier.UndecidedError, OSError) as error:
        raise UnreadableError(str(error)) from error
    return walk


def _keys(lines: Iterable[str]) -> list[verifier.Key]:
    try:
        return replay_keys("\n".join(lines))
    except ValueError as error:
        raise UnreadableError(f"the verifier keys: {error}; they are lines as log.vkey has them") from error
