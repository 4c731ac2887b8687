"""An event as a line of syslog (RFC 5424): facts as structured data, and a sentence. Pure.

The leaf's place in the public log is the element ``tlog@32473``, all else of the event ``event@32473``; 32473 is the
enterprise number that RFC 5612 keeps for documentation. A line never has an end of line inside: control characters are
written as ``\\uXXXX``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from admin.audit.exports.classes import Severity, classed
from admin.audit.exports.plain import compact
from admin.audit.exports.record import Exported

ENTERPRISE = 32473
_FACILITY = 13
"""Log audit (RFC 5424, 6.2.1)."""
_LEVELS = {
    Severity.INFORMATIONAL: 6,
    Severity.LOW: 5,
    Severity.MEDIUM: 4,
    Severity.HIGH: 3,
}
"""Informational, notice, warning, error (RFC 5424, 6.2.1)."""
_LONGEST_HOSTNAME, _LONGEST_MSGID = 255, 32
_NIL = "-"
_BOM = "\ufeff"
"""RFC 5424, 6.4: a message in UTF-8 begins with it."""
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SPECIAL = re.compile(r'(["\\\]])')


def syslog_line(event: Exported) -> str:
    """One line without its end."""
    priority = _FACILITY * 8 + _LEVELS[classed(event.kind).severity]
    head = f"<{priority}>1 {event.time} {_name(event.node, _LONGEST_HOSTNAME)} weir - "
    data = "".join(_elements(event))
    return f"{head}{_name(event.kind, _LONGEST_MSGID)} {data} {_BOM}{_printable(event.words)}"


def _elements(event: Exported) -> Iterable[str]:
    if event.index is not None:
        leaf = {"origin": event.origin, "seq": str(event.index), "leafhash": event.leaf_hash}
        yield _element("tlog", leaf)
    yield _element(
        "event",
        {
            "sequence": str(event.sequence),
            "kind": event.kind,
            "subject": event.subject,
            "actor": f"{event.actor_kind}:{event.actor_id}",
            "holder": event.holder,
            "before": event.before,
            "after": event.after,
            "reason": event.reason,
            "detail": compact(dict(event.detail)),
        },
    )


def _element(name: str, parameters: dict[str, str]) -> str:
    written = (f' {key}="{_escaped(value)}"' for key, value in parameters.items() if value)
    return f"[{name}@{ENTERPRISE}{''.join(written)}]"


def _escaped(value: str) -> str:
    """RFC 5424, 6.3.3: a quotation mark, a backslash and a closing bracket have a backslash before them."""
    return _SPECIAL.sub(r"\\\1", _printable(value))


def _printable(text: str) -> str:
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _name(text: str, longest: int) -> str:
    """A field of the header: printable ASCII without blanks, or nothing."""
    return text[:longest] if _PRINTABLE.fullmatch(text) else _NIL
