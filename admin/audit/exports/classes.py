"""Which class and activity of OCSF each kind of event is, and how grave. A table; a test holds that it has every kind.

Class ids and activities are those of the schema's version ``VERSION`` (https://schema.ocsf.io): 3001 account change, 5002
device configuration state, 6002 application life cycle, 6003 API activity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from admin.audit.events import EventKind

VERSION = "1.4.0"


class Severity(IntEnum):
    """``severity_id``: how much an operator wants to know of it."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4


class EventClass(IntEnum):
    """``class_uid``; the thousands are ``category_uid``."""

    ACCOUNT_CHANGE = 3001
    CONFIG_STATE = 5002
    APPLICATION_LIFECYCLE = 6002
    API_ACTIVITY = 6003


OTHER = 99
"""``activity_id`` of what none of a class's activities says."""
CREATE, READ, UPDATE, DELETE = 1, 2, 3, 4
LOG = 1
START, STOP = 3, 4
ACTIVITIES: Mapping[EventClass, Mapping[int, str]] = MappingProxyType(
    {
        EventClass.ACCOUNT_CHANGE: {1: "Create", 6: "Delete"},
        EventClass.CONFIG_STATE: {1: "Log"},
        EventClass.APPLICATION_LIFECYCLE: {3: "Start", 4: "Stop"},
        EventClass.API_ACTIVITY: {1: "Create", 2: "Read", 3: "Update", 4: "Delete"},
    }
)
"""The names of the activities that are used; that of ``OTHER`` is the kind of event."""
CLASS_NAMES: Mapping[EventClass, str] = MappingProxyType(
    {
        EventClass.ACCOUNT_CHANGE: "Account Change",
        EventClass.CONFIG_STATE: "Device Config State",
        EventClass.APPLICATION_LIFECYCLE: "Application Lifecycle",
        EventClass.API_ACTIVITY: "API Activity",
    }
)
CATEGORY_NAMES: Mapping[int, str] = MappingProxyType(
    {3: "Identity & Access Management", 5: "Discovery", 6: "Application Activity"}
)


@dataclass(frozen=True, slots=True)
class Classed:
    """What a kind of event is in OCSF. ``is_good`` False: it tells of something that did not succeed."""

    event_class: EventClass
    activity: int
    severity: Severity = Severity.INFORMATIONAL
    is_good: bool = True


def _api(activity: int, severity: Severity = Severity.INFORMATIONAL, *, is_good: bool = True) -> Classed:
    return Classed(EventClass.API_ACTIVITY, activity, severity, is_good)


UNKNOWN = _api(OTHER)
"""Of a kind that this version does not know."""
CLASSES: Mapping[EventKind, Classed] = MappingProxyType(
    {
        EventKind.LIST_CREATED: _api(CREATE),
        EventKind.LIST_CHANGED: _api(UPDATE),
        EventKind.LIST_DELETED: _api(DELETE),
        EventKind.LIST_SYNCED: _api(UPDATE),
        EventKind.LIST_HELD: _api(OTHER, Severity.MEDIUM, is_good=False),
        EventKind.LIST_FAILED: _api(UPDATE, Severity.MEDIUM, is_good=False),
        EventKind.LIST_APPROVED: _api(OTHER, Severity.LOW),
        EventKind.LIST_RELEASED: _api(UPDATE, Severity.MEDIUM),
        EventKind.LIST_ROLLED_BACK: _api(UPDATE, Severity.MEDIUM),
        EventKind.LIST_SUSPENDED: _api(UPDATE, Severity.HIGH),
        EventKind.LIST_RESUMED: _api(UPDATE, Severity.MEDIUM),
        EventKind.LIST_STALE: _api(OTHER, Severity.MEDIUM),
        EventKind.LIST_EDITED: _api(UPDATE),
        EventKind.LIST_ASKED: _api(READ, Severity.LOW),
        EventKind.LIST_SCANNED: _api(OTHER, Severity.HIGH),
        EventKind.LIST_OPENED: _api(READ, Severity.HIGH),
        EventKind.LIST_CHALLENGED: _api(READ, Severity.MEDIUM),
        EventKind.LIST_OPENING_ASKED: _api(CREATE, Severity.MEDIUM),
        EventKind.LIST_OPENING_AGREED: _api(UPDATE, Severity.HIGH),
        EventKind.LIST_OPENING_ENDED: _api(DELETE, Severity.LOW),
        EventKind.LIST_ERASING: _api(DELETE, Severity.HIGH),
        EventKind.LIST_ERASED: _api(DELETE, Severity.HIGH),
        EventKind.LIST_SELFTEST: _api(OTHER, Severity.MEDIUM),
        EventKind.CATEGORY_CHANGED: _api(UPDATE),
        EventKind.CATEGORY_DELETED: _api(DELETE),
        EventKind.PROFILE_CHANGED: _api(UPDATE),
        EventKind.PROFILE_DELETED: _api(DELETE),
        EventKind.SUBSCRIBER_CHANGED: _api(UPDATE),
        EventKind.SUBSCRIBER_DELETED: _api(DELETE),
        EventKind.TOKEN_CREATED: Classed(EventClass.ACCOUNT_CHANGE, 1, Severity.MEDIUM),
        EventKind.TOKEN_REVOKED: Classed(EventClass.ACCOUNT_CHANGE, 6, Severity.LOW),
        EventKind.CONFIG_LOADED: Classed(EventClass.CONFIG_STATE, LOG),
        EventKind.CONFIG_REFUSED: Classed(EventClass.CONFIG_STATE, LOG, Severity.MEDIUM, is_good=False),
        EventKind.SOFTWARE_STARTED: Classed(EventClass.APPLICATION_LIFECYCLE, START),
        EventKind.VAULT_ROTATED: _api(UPDATE, Severity.HIGH),
        EventKind.WORKER_STARTED: Classed(EventClass.APPLICATION_LIFECYCLE, START),
        EventKind.WORKER_ENDED: Classed(EventClass.APPLICATION_LIFECYCLE, STOP, Severity.HIGH, is_good=False),
        EventKind.WORKER_REFUSED: _api(OTHER, Severity.HIGH, is_good=False),
        EventKind.STATE_ENFORCED: _api(OTHER),
        EventKind.CANARY_RESULT: _api(OTHER),
        EventKind.STATS_COUNTED: _api(OTHER),
        EventKind.DEBUG_ON: Classed(EventClass.CONFIG_STATE, LOG, Severity.MEDIUM),
        EventKind.DEBUG_OFF: Classed(EventClass.CONFIG_STATE, LOG),
        EventKind.AUDIT_OPENED: _api(READ, Severity.MEDIUM),
        EventKind.AUDIT_ERASING: _api(DELETE, Severity.HIGH),
        EventKind.AUDIT_ERASED: _api(DELETE, Severity.HIGH),
        EventKind.LOG_ROTATED: _api(UPDATE, Severity.HIGH),
        EventKind.LOG_CLOSED: _api(UPDATE, Severity.HIGH),
        EventKind.LOG_CLOCK_CONFIRMED: _api(UPDATE, Severity.HIGH),
        EventKind.LOG_ADOPTED: _api(UPDATE, Severity.HIGH),
    }
)


def classed(kind: str) -> Classed:
    """What a kind is; one of a later version is some other API activity."""
    try:
        return CLASSES[EventKind(kind)]
    except ValueError:
        return UNKNOWN
