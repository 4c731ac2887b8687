"""Audit events: what happened, to what, by whom and why. Frozen values; nothing here writes them anywhere.

An event is written in the transaction of the change that it tells of (``admin.store``): no change without its event, no
event without its change. It never carries an entry of a secret list, a secret, or personal detail: of what changed it
has digests.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

Detail = str | int | float | bool | None
"""One fact of an event."""
NO_DETAIL: Mapping[str, Detail] = MappingProxyType({})


class EventKind(StrEnum):
    """Everything that leaves an event. The word before the dot is the kind of thing that changed."""

    LIST_CREATED = "list.created"
    LIST_CHANGED = "list.changed"
    LIST_DELETED = "list.deleted"
    LIST_SYNCED = "list.synced"
    """A new version serves."""
    LIST_HELD = "list.held"
    LIST_FAILED = "list.failed"
    """An attempt failed after one that had not; repeated failures are one event."""
    LIST_APPROVED = "list.approved"
    """One of two persons agreed to the release of a held version."""
    LIST_RELEASED = "list.released"
    LIST_ROLLED_BACK = "list.rolled-back"
    LIST_SUSPENDED = "list.suspended"
    LIST_RESUMED = "list.resumed"
    LIST_STALE = "list.stale"
    """A list passed an age: warned, critical, or past its maximum."""
    LIST_EDITED = "list.edited"
    LIST_ASKED = "list.asked"
    """Somebody asked whether a secret list has an entry."""
    LIST_SCANNED = "list.scanned"
    """Clients began to walk through secret lists: how many, never who, nor which list."""
    LIST_OPENED = "list.opened"
    """An auditor was shown the text of a list that is not public, with what the log's commitment to it needs."""
    LIST_CHALLENGED = "list.challenged"
    """An auditor was told whether a list that is not public named something at a time; what was asked is kept nowhere."""
    LIST_OPENING_ASKED = "list.opening-asked"
    """Somebody asked that a list which is not public be opened to an auditor, or its challenges be answered."""
    LIST_OPENING_AGREED = "list.opening-agreed"
    """A second person agreed to that."""
    LIST_OPENING_ENDED = "list.opening-ended"
    """Somebody ended it before its time."""
    LIST_ERASING = "list.erasing"
    """It was decided that a list is erased."""
    LIST_ERASED = "list.erased"
    """Key, versions and compiled entries of a list were destroyed, and nothing of them was found any more."""
    LIST_SELFTEST = "list.selftest"
    """Enforcement of a list's canary began to fail, or works again, or somebody ran the test by hand."""
    CATEGORY_CHANGED = "category.changed"
    CATEGORY_DELETED = "category.deleted"
    PROFILE_CHANGED = "profile.changed"
    PROFILE_DELETED = "profile.deleted"
    SUBSCRIBER_CHANGED = "subscriber.changed"
    SUBSCRIBER_DELETED = "subscriber.deleted"
    TOKEN_CREATED = "token.created"
    TOKEN_REVOKED = "token.revoked"
    CONFIG_LOADED = "config.loaded"
    CONFIG_REFUSED = "config.refused"
    SOFTWARE_STARTED = "software.started"
    """Control started with another version of Weir than the last time, or for the first time."""
    VAULT_ROTATED = "vault.rotated"
    """The box has another vault key: the keys of all secret lists were wrapped anew."""
    WORKER_STARTED = "worker.started"
    """A process of the box runs again after it had ended by itself."""
    WORKER_ENDED = "worker.ended"
    """A process of the box ended, and nobody had asked it to."""
    WORKER_REFUSED = "worker.refused"
    """A process of the data plane refused a generation that no signed state of the log covers."""
    STATE_ENFORCED = "state.enforced"
    """A process of the data plane serves a state of the log."""
    CANARY_RESULT = "canary.result"
    """What the self-test of a list's canary found, over each transport: once a day. ``list.selftest`` tells changes."""
    STATS_COUNTED = "stats.counted"
    """The numbers of a day, with noise: how many questions each group of lists blocked (``admin.audit.noise``)."""
    DEBUG_ON = "debug.on"
    """Somebody switched on a sample of queries: for how long, never what was seen."""
    DEBUG_OFF = "debug.off"
    AUDIT_OPENED = "audit.opened"
    """An auditor read the private part of an event, with what its commitment in the log needs."""
    AUDIT_ERASING = "audit.erasing"
    """One of two persons asked that private parts of events be erased."""
    AUDIT_ERASED = "audit.erased"
    """Private parts of events were erased; what stands in the log stays."""
    LOG_ROTATED = "log.rotated"
    """The log has another key beside the one so far, or the one so far was retired."""
    LOG_CLOSED = "log.closed"
    """The log was closed for good: a new one begins under another origin."""
    LOG_CLOCK_CONFIRMED = "log.clock-confirmed"
    """Somebody said that the clock is right, though it is far ahead of the last leaf."""
    LOG_ADOPTED = "log.adopted"
    """Somebody let the log go on in a folder that is a copy."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``before`` and ``after`` are ``digest_of`` the thing, empty where there was or is none."""

    kind: EventKind
    subject: str
    """The id of the list, category, profile, subscriber or token."""
    before: str = ""
    after: str = ""
    reason: str = ""
    """In the words of whoever acted."""
    detail: Mapping[str, Detail] = field(default_factory=lambda: NO_DETAIL)
    """Facts for people: counts, digests of versions, ids. Never entries, secrets or personal detail."""


def digest_of(value: object) -> str:
    """SHA-256 (hexadecimal) of the canonical JSON of a value: keys sorted, no blanks, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
