"""The forms of an export by name. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

from admin.audit.exports.ocsf import ocsf_line
from admin.audit.exports.plain import plain_line
from admin.audit.exports.record import Exported
from admin.audit.exports.syslog import syslog_line


class Format(StrEnum):
    """In which form events are exported, one line each."""

    OCSF = "ocsf"
    """OCSF inside CloudEvents, JSON."""
    SYSLOG = "syslog"
    """RFC 5424."""
    JSON = "json"
    """The API's own names."""


LINES: Mapping[Format, Callable[[Exported], str]] = MappingProxyType(
    {Format.OCSF: ocsf_line, Format.SYSLOG: syslog_line, Format.JSON: plain_line}
)
"""One line of each, without its end."""
