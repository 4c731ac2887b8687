"""What ``weir check`` tells of zones: over lists that were really compiled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from admin.config import Config
from admin.services.check import check
from admin.services.publish import compile_offline
from resolver.tables.view import View

TEXT = """\
resolver: {upstreams: ["127.0.0.1:5399"], zones: [{name: demo.test, file: demo.zone}], allow_from: [0.0.0.0/0]}
gateway: {answer: {ipv4: 192.0.2.80, ipv6: "2001:db8::80"}}
lists:
  - {id: trial, url: file:trial.zone, format: rpz, kind: security, rpz: {override: disabled}}
  - {id: first, url: file:first.zone, format: rpz, kind: security}
  - {id: second, url: file:second.zone, format: rpz, kind: security, ede: 18}
  - {id: games, url: file:games.zone, format: rpz, kind: category, categories: [games]}
"""
ZONES = {
    "trial": "a.test CNAME .\n",
    "first": "pass.test CNAME rpz-passthru.\n*.wide.test CNAME .\n32.9.2.0.192.rpz-client-ip CNAME rpz-drop.\n",
    "second": "a.test CNAME *.\npass.test CNAME .\n",
    "games": "a.test CNAME .\n",
}


@pytest.fixture
def world(write: Callable[[str], Config], tmp_path: Path) -> tuple[Config, View]:
    for name, text in ZONES.items():
        (tmp_path / f"{name}.zone").write_text(text)
    config = write(TEXT)
    (tmp_path / "state").mkdir()
    assert compile_offline(config, tmp_path / "state") == ()
    return config, View.open(tmp_path / "state")


SILENT = "silent: a zone before it, or an earlier step, has spoken"
CASES = [
    ("free.test", None, "allow", None, []),
    (
        "a.test",
        None,
        "block",
        18,
        [
            ("trial", "a.test", "it is being tried out: counted, and the next zone is asked"),
            ("second", "a.test", "this decides"),
            ("games", "a.test", "not in force for this profile"),
        ],
    ),
    (
        "pass.test",
        None,
        "allow",
        None,
        [
            ("first", "pass.test", "it lets this pass, and the other zones of its kind are silent"),
            ("second", "pass.test", SILENT),
        ],
    ),
    ("x.wide.test", None, "block", 15, [("first", "*.wide.test", "this decides")]),
    ("free.test", "192.0.2.9", "block", 15, [("first", "the client's address", "this decides")]),
    (
        "pass.test",
        "192.0.2.9",
        "block",
        15,
        [
            ("first", "the client's address", "this decides"),
            ("first", "pass.test", SILENT),
            ("second", "pass.test", SILENT),
        ],
    ),
]


@pytest.mark.parametrize(("name", "address", "action", "ede", "zones"), CASES)
def test_every_zone_in_order(
    world: tuple[Config, View],
    name: str,
    address: str | None,
    action: str,
    ede: int | None,
    zones: list[tuple[str, str, str]],
) -> None:
    config, view = world
    report = check(view, name, config=config, address=address, now=0.0)
    assert (report.action, report.ede) == (action, ede)
    assert [(zone.zone, zone.trigger, zone.said) for zone in report.zones] == zones
    if address is None:
        assert report.lists == tuple(zone.zone for zone in report.zones if zone.said == "this decides")
