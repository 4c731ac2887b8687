"""An event in OCSF (Open Cybersecurity Schema Framework), inside CloudEvents 1.0: one JSON object a line. Pure.

What OCSF has no attribute for stands in ``unmapped`` under Weir's own names. The mapping in words is in
``admin/audit/README.md``.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from admin.audit.exports.classes import (
    ACTIVITIES,
    CATEGORY_NAMES,
    CLASS_NAMES,
    VERSION,
    Classed,
    EventClass,
    classed,
)
from admin.audit.exports.plain import compact
from admin.audit.exports.record import Exported

TYPE = "weir.audit"
"""What every CloudEvents type begins with; the kind of event follows."""
_SPECVERSION = "1.0"
_SUCCESS, _FAILURE = 1, 2
_SERVER = 1
"""``device.type_id``."""
_SYSTEM, _USER = 3, 1
"""``user.type_id``."""
_PEOPLE = frozenset({"token", "local"})


def ocsf_line(event: Exported) -> str:
    """The CloudEvent with the event in OCSF, one line without its end."""
    return compact(cloud_event(event))


def cloud_event(event: Exported) -> dict[str, Any]:
    """The envelope; ``sequence`` is CloudEvents' own extension, in digits that sort as text."""
    envelope: dict[str, Any] = {
        "specversion": _SPECVERSION,
        "id": event.uid,
        "source": f"/weir/{quote(event.node, safe='')}",
        "type": f"{TYPE}.{event.kind}",
        "time": event.time,
        "datacontenttype": "application/json",
        "dataschema": f"https://schema.ocsf.io/{VERSION}",
        "sequence": f"{event.sequence:020}",
        "data": ocsf(event),
    }
    return envelope | ({"subject": event.subject} if event.subject else {})


def ocsf(event: Exported) -> dict[str, Any]:
    """The event itself."""
    kind = classed(event.kind)
    return _base(event, kind) | _OF_CLASS[kind.event_class](event)


def _base(event: Exported, kind: Classed) -> dict[str, Any]:
    class_uid = int(kind.event_class)
    category = class_uid // 1000
    activity = ACTIVITIES[kind.event_class].get(kind.activity, event.kind)
    name = CLASS_NAMES[kind.event_class]
    return {
        "activity_id": kind.activity,
        "activity_name": activity,
        "category_uid": category,
        "category_name": CATEGORY_NAMES[category],
        "class_uid": class_uid,
        "class_name": name,
        "type_uid": class_uid * 100 + kind.activity,
        "type_name": f"{name}: {activity}",
        "severity_id": int(kind.severity),
        "severity": kind.severity.name.capitalize(),
        "status_id": _SUCCESS if kind.is_good else _FAILURE,
        "status": "Success" if kind.is_good else "Failure",
        "time": round(event.at * 1000),
        "message": event.words,
        "metadata": {
            "version": VERSION,
            "uid": event.uid,
            "sequence": event.sequence,
            "event_code": event.kind,
            "log_name": event.origin or "events",
            "product": {"name": "Weir", "vendor_name": "Weir"},
        },
        "actor": {"user": _actor(event)},
        "unmapped": _unmapped(event),
    }


def _actor(event: Exported) -> dict[str, Any]:
    is_person = event.actor_kind in _PEOPLE
    found: dict[str, Any] = {
        "uid": f"{event.actor_kind}:{event.actor_id}",
        "type_id": _USER if is_person else _SYSTEM,
        "type": "User" if is_person else "System",
    }
    return found | ({"name": event.holder} if event.holder else {})


def _unmapped(event: Exported) -> dict[str, Any]:
    return {
        "after": event.after,
        "before": event.before,
        "detail": dict(event.detail),
        "index": event.index,
        "leaf_hash": event.leaf_hash,
        "origin": event.origin,
        "reason": event.reason,
        "sequence": event.sequence,
    }


def _of_api(event: Exported) -> dict[str, Any]:
    resource = {"uid": event.subject, "type": event.kind.partition(".")[0]}
    return {
        "api": {"operation": event.kind, "service": {"name": "weir"}},
        "src_endpoint": {"name": event.node, "svc_name": event.actor_kind},
        **({"resources": [resource]} if event.subject else {}),
    }


def _of_account(event: Exported) -> dict[str, Any]:
    holder = event.detail.get("holder")
    return {"user": {"uid": event.subject} | ({"name": holder} if holder else {})}


def _of_config(event: Exported) -> dict[str, Any]:
    return {"device": {"type_id": _SERVER, "type": "Server", "name": event.node, "hostname": event.node}}


def _of_application(event: Exported) -> dict[str, Any]:
    version = event.detail.get("version")
    app = {"name": event.subject or "weir", "vendor_name": "Weir"}
    return {"app": app | ({"version": version} if version else {})}


_OF_CLASS = {
    EventClass.API_ACTIVITY: _of_api,
    EventClass.ACCOUNT_CHANGE: _of_account,
    EventClass.CONFIG_STATE: _of_config,
    EventClass.APPLICATION_LIFECYCLE: _of_application,
}
"""What each class asks for beside what all have."""
