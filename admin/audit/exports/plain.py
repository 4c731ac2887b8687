"""An event as plain JSON, one object a line: every fact under the name that it has in the API. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict

from admin.audit.exports.record import Exported


def plain_line(event: Exported) -> str:
    """One line without its end."""
    return compact(asdict(event))


def compact(value: object) -> str:
    """JSON in one line whose bytes depend on the value alone; what is not ASCII is escaped."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
