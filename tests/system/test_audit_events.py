"""The running appliance tells what happens to it: changes, processes that are killed, keys; and exports go on through it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.system


def events(box: Any, query: str = "") -> list[dict[str, Any]]:
    status, text = box.api(f"/api/v1/audit?limit=1000{query}", as_root=True)
    assert status == 200, text
    items: list[dict[str, Any]] = json.loads(text)["items"]
    return items


def kinds(box: Any, subject: str = "") -> list[str]:
    return [event["kind"] for event in events(box, f"&subject={subject}" if subject else "")]


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def kill(box: Any, fragment: str) -> None:
    (process,) = box.children(fragment)
    os.kill(process, signal.SIGKILL)
    box.eventually(lambda: box.children(fragment) not in ([], [process]), f"{fragment} is back")


def is_up(box: Any) -> bool:
    try:
        return bool(box.api("/api/v1/audit", as_root=True)[0] == 200)
    except OSError:
        return False


def test_what_happens_is_told_exported_and_survives_kills(
    make_appliance: Callable[..., Any], small_config: Callable[..., dict[str, Any]]
) -> None:
    box = make_appliance(small_config(["127.0.0.1:9"]))
    box.start()
    box.eventually(lambda: "software.started" in kinds(box), "the start is told")
    out = box.folder / "out.ndjson"
    assert box.weir("audit", "export", "--file", str(out)).returncode == 0
    first = out.read_bytes()

    kill(box, "resolver.worker")
    box.eventually(
        lambda: kinds(box, "resolver-0") == ["worker.ended", "worker.started"], "the worker's end is told"
    )
    done = box.weir("profiles", "set", "teen", "--block", "gambling", "--reason", "as agreed")
    assert done.returncode == 0, done.stderr
    kill(box, "admin.control")  # what was acknowledged is there
    box.eventually(lambda: is_up(box), "control is back")
    (changed,) = events(box, "&kind=profile.changed")
    assert (changed["subject"], changed["reason"], changed["actor_kind"]) == ("teen", "as agreed", "local")
    box.eventually(lambda: "worker.ended" in kinds(box, "control"), "control's end is told")

    box.eventually(
        lambda: all(event["index"] is not None for event in events(box, "&kind=profile")),
        "the change is in the public log",
        60,
    )
    assert box.weir("audit", "export", "--file", str(out), "--resume").returncode == 0
    assert out.read_bytes().startswith(first)
    exported = lines_of(out)
    sequences = [line["data"]["metadata"]["sequence"] for line in exported]
    assert sequences == list(range(1, len(sequences) + 1))
    assert len({line["id"] for line in exported}) == len(exported)
    (event,) = (line for line in exported if line["type"] == "weir.audit.profile.changed")
    assert event["id"].endswith(f"#{event['data']['unmapped']['index']}")
    assert box.weir("audit", "private", str(changed["sequence"]), "--reason", "a test").returncode == 0
    assert kinds(box).count("config.loaded") == kinds(box).count("software.started") == 1

    assert box.stop() == 0
    done = box.weir("vault", "rotate", "--reason", "every year")
    assert done.returncode == 0, done.stderr
    box.start()
    box.eventually(lambda: is_up(box), "it is back")
    box.eventually(lambda: "vault.rotated" in kinds(box, "vault"), "the rotation is told")
    assert kinds(box).count("vault.rotated") == 1
