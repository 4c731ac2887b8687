"""Events as OCSF, CloudEvents, syslog and JSON: what each form asks for, whatever an event holds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.audit.events import EventKind
from admin.audit.exports.classes import ACTIVITIES, CLASSES, OTHER
from admin.audit.exports.formats import LINES, Format
from admin.audit.exports.ocsf import cloud_event
from admin.audit.exports.record import Exported
from admin.audit.exports.syslog import syslog_line

LEAF = "ab" * 32
EVENT = Exported(
    "edge-1.isp.example",
    42,
    1_790_000_000.25,
    "list.suspended",
    "token",
    "c0ffee",
    "Anna",
    "watch",
    "",
    "d" * 64,
    "court order 7",
    {"until": 1_790_003_600.0, "authority": "Example Hotline"},
    "edge-1.isp.example/weir/2026",
    7,
    LEAF,
)
HIDDEN = replace(EVENT, origin="", index=None, leaf_hash="")

REQUIRED: dict[int, dict[str, type]] = {
    3001: {"user": dict},
    5002: {"device": dict},
    6002: {"app": dict},
    6003: {"api": dict, "src_endpoint": dict, "actor": dict},
}
"""What each class requires beside the base event (schema.ocsf.io, 1.4.0)."""
BASE = {
    "activity_id": int,
    "category_uid": int,
    "class_uid": int,
    "metadata": dict,
    "severity_id": int,
    "time": int,
    "type_uid": int,
}
texts = st.text(max_size=40)
events = st.builds(
    Exported,
    node=texts,
    sequence=st.integers(1, 2**62),
    at=st.floats(0, 4e9),
    kind=st.sampled_from([kind.value for kind in EventKind]) | texts,
    actor_kind=st.sampled_from(["token", "local", "sync", "later"]),
    actor_id=texts,
    holder=texts,
    subject=texts,
    before=texts,
    after=texts,
    reason=texts,
    detail=st.dictionaries(
        texts,
        texts | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False),
    ),
    origin=texts,
    index=st.none() | st.integers(0, 2**40),
    leaf_hash=texts,
)


def check_ocsf(event: dict[str, Any]) -> None:
    """The rules of the schema that hold for what we write."""
    for name, kind in (BASE | REQUIRED[event["class_uid"]]).items():
        assert type(event[name]) is kind, name
    assert event["category_uid"] == event["class_uid"] // 1000
    assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
    assert event["activity_id"] in {*ACTIVITIES[event["class_uid"]], OTHER}
    assert event["severity_id"] in range(1, 7)
    assert event["status_id"] in (1, 2)
    assert event["metadata"]["version"] == "1.4.0"
    assert event["metadata"]["product"]["vendor_name"] == "Weir"
    assert event["actor"]["user"]["uid"] or event["actor"]["user"]["name"]
    if event["class_uid"] == 6003:
        assert event["api"]["operation"] is not None
        assert {"name", "svc_name"} & event["src_endpoint"].keys()
    if event["class_uid"] == 5002:
        assert type(event["device"]["type_id"]) is int


def test_every_kind_of_event_has_a_class() -> None:
    assert set(CLASSES) == set(EventKind)
    for kind in EventKind:
        check_ocsf(cloud_event(replace(EVENT, kind=kind.value))["data"])


def test_an_event_as_a_cloud_event() -> None:
    envelope = cloud_event(EVENT)
    assert {
        key: envelope[key] for key in ("specversion", "id", "source", "type", "time", "subject", "sequence")
    } == {
        "specversion": "1.0",
        "id": "edge-1.isp.example/weir/2026#7",
        "source": "/weir/edge-1.isp.example",
        "type": "weir.audit.list.suspended",
        "time": "2026-09-21T14:13:20.250000Z",
        "subject": "watch",
        "sequence": "00000000000000000042",
    }
    data = envelope["data"]
    assert (data["class_uid"], data["activity_id"], data["type_uid"], data["severity_id"]) == (
        6003,
        3,
        600303,
        4,
    )
    assert data["resources"] == [{"uid": "watch", "type": "list"}]
    assert data["actor"]["user"] == {"uid": "token:c0ffee", "name": "Anna", "type_id": 1, "type": "User"}
    assert (data["unmapped"]["leaf_hash"], data["unmapped"]["index"]) == (LEAF, 7)
    assert data["time"] == 1_790_000_000_250


def test_an_event_without_a_leaf_has_an_id_of_its_own() -> None:
    envelope = cloud_event(HIDDEN)
    assert envelope["id"] == "edge-1.isp.example/events#42"
    assert "tlog@" not in syslog_line(HIDDEN)


def test_a_line_of_syslog() -> None:
    assert syslog_line(replace(EVENT, detail={})) == (
        "<107>1 2026-09-21T14:13:20.250000Z edge-1.isp.example weir - list.suspended "
        f'[tlog@32473 origin="edge-1.isp.example/weir/2026" seq="7" leafhash="{LEAF}"]'
        '[event@32473 sequence="42" kind="list.suspended" subject="watch" actor="token:c0ffee" holder="Anna" '
        f'after="{"d" * 64}" reason="court order 7" detail="{{}}"] '
        "\ufefflist.suspended watch by Anna: court order 7"
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('say "no"', r"say \"no\""),
        ("[a]", r"[a\]"),
        ("back\\slash", r"back\\slash"),
        ("two\nlines\r\x00", r"two\\u000alines\\u000d\\u0000"),
        ("naïve ☃", "naïve ☃"),
        ("\u2028\x9b\ud800", r"\\u2028\\u009b\\ud800"),
    ],
)
def test_what_syslog_would_misread_is_escaped(text: str, written: str) -> None:
    found = re.search(r'holder="((?:[^"\\]|\\.)*)"', syslog_line(replace(EVENT, holder=text)))
    assert found is not None
    assert found[1] == written


@given(events)
def test_every_event_is_one_line_of_each_form(event: Exported) -> None:
    for form in Format:
        line = LINES[form](event)
        assert len(line.splitlines()) == 1
        assert line == LINES[form](event)
        line.encode()


@given(events)
def test_json_and_ocsf_are_json_of_the_right_shape(event: Exported) -> None:
    plain = json.loads(LINES[Format.JSON](event))
    assert (plain["sequence"], plain["reason"], plain["detail"]) == (
        event.sequence,
        event.reason,
        dict(event.detail),
    )
    envelope = json.loads(LINES[Format.OCSF](event))
    assert {"specversion", "id", "source", "type"} <= envelope.keys()
    assert all(envelope[key] for key in ("specversion", "id", "source", "type"))
    check_ocsf(envelope["data"])


_PARAMETER = r' [^\s="\]\x00-\x1f]{1,32}="(?:[^"\\\]\x00-\x1f]|\\.)*"'
_SYSLOG = re.compile(
    r"<\d{1,3}>1 \S{20,32} [\x21-\x7e]{1,255} weir - [\x21-\x7e]{1,32} "
    rf"(?:\[\w+@32473(?:{_PARAMETER})*\])+ \ufeff.*"
)


@given(events)
def test_syslog_follows_its_grammar(event: Exported) -> None:
    assert _SYSLOG.fullmatch(syslog_line(event))
