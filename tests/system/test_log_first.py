"""Log before enforce on the running appliance: what was not logged is not served, whatever lies in the folders, and a log
that is stopped stops nothing but changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.system

GATEWAY = "A 192.0.2.80"


@pytest.fixture
def box(make_appliance: Callable[..., Any], small_config: Callable[..., Any], upstream: Any) -> Any:
    config = small_config([f"127.0.0.1:{upstream.port}"], names="bets.example\nold.example\n", workers=2)
    config["gateway"]["answer"] = {"ipv4": "192.0.2.80", "ipv6": "2001:db8::80"}
    appliance = make_appliance(config)
    appliance.start()
    return appliance


def blocked(box: Any, name: str, asked: int = 12) -> set[bool]:
    """From ports of their own, so that the kernel spreads them over the workers."""
    return {GATEWAY in box.dig(name).answers for _ in range(asked)}


def events(box: Any, kind: str) -> list[dict[str, Any]]:
    said = json.loads(box.weir("audit", "list", "--json").stdout)
    items = said["items"] if isinstance(said, dict) else said
    return [item for item in items if item["kind"] == kind]


def leaves(box: Any) -> list[dict[str, Any]]:
    """What stands in the log, as its entry bundles have it."""
    found: dict[int, dict[str, Any]] = {}
    for path in (box.data / "log").glob("**/tile/entries/**/*"):
        data = path.read_bytes() if path.is_file() else b""
        while data:
            size = int.from_bytes(data[:2], "big")
            leaf = json.loads(data[2 : 2 + size])
            found[leaf["seq"]] = leaf
            data = data[2 + size :]
    return [found[index] for index in sorted(found)]


def forge(state: Path, change: Callable[[dict[str, Any]], None]) -> int:
    """Another generation than the one in force, made by hand with a right checksum, and put into force."""
    path = state / (state / "current").readlink()
    document = json.loads(path.read_bytes().partition(b"\n")[2])
    generation = int(document["generation"]) + 1
    shutil.copyfile(
        state / f"proof-{generation - 1:08d}.json", state / f"proof-{generation:08d}.json"
    )  # the best proof there is
    document["generation"] = generation
    change(document)
    body = json.dumps(document).encode()
    forged = state / f"tables-{generation:08d}.json"
    forged.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    link = state / ".current.tmp"
    link.symlink_to(forged.name)
    link.rename(state / "current")
    return generation


def switch_off(document: dict[str, Any]) -> None:
    document["lists"]["bets"]["enforced"] = "nothing"


def test_what_all_workers_serve_is_in_the_log(box: Any) -> None:
    box.eventually(lambda: bool(events(box, "state.enforced")), "the event of the first state")
    box.eventually(lambda: "enforce" in [leaf["type"] for leaf in leaves(box)], "its leaf", 45.0)
    (published,) = (leaf for leaf in leaves(box) if leaf["type"] == "publish")
    (enforced,) = (leaf for leaf in leaves(box) if leaf["type"] == "enforce")
    assert (enforced["served"], enforced["snap"]) == (published["state"], published["snap"])
    (event,) = events(box, "state.enforced")
    assert {"since_resolver-0", "since_resolver-1", "since_gateway"} <= event["detail"].keys()


def test_a_generation_made_by_hand_is_refused_and_said(box: Any) -> None:
    assert blocked(box, "bets.example") == {True}
    generation = forge(box.data / "state", switch_off)
    box.eventually(
        lambda: box.metric("weir_generations_refused_total") >= 3, "three processes that refuse it"
    )
    assert blocked(box, "bets.example") == {True}
    assert "less is enforced of list bets" in box.output
    assert "has refused 1 states" in box.api("/readyz")[1]
    box.eventually(lambda: len(events(box, "worker.refused")) == 3, "the events of that")
    for worker in box.children("resolver.worker"):
        os.kill(worker, signal.SIGKILL)
    box.eventually(lambda: len(box.children("resolver.worker")) == 2, "workers")
    box.eventually(lambda: blocked(box, "bets.example") == {True}, "the last logged state")
    (control,) = box.children("admin.control")
    os.kill(control, signal.SIGKILL)  # the next one publishes what is true
    box.eventually(lambda: serves_after(box, generation), "a proven generation", 30.0)
    assert blocked(box, "bets.example") == {True}


def serves_after(box: Any, generation: int) -> bool:
    """Whether all processes serve a later generation; False while there is no control."""
    try:
        said = json.loads(box.api("/readyz")[1])
    except OSError:
        return False
    return all((process["generation"] or 0) > generation for process in said["processes"])


def test_a_log_that_is_stopped_stops_changes_and_nothing_else(box: Any) -> None:
    staging = box.data / "log-staging"
    shutil.rmtree(staging)
    staging.write_text("no folder")
    size = len(leaves(box))
    (source,) = (box.folder / item["url"].removeprefix("file:") for item in box.config["lists"])
    source.write_text("bets.example\nold.example\nnew.example\n")
    box.eventually(lambda: "changes wait" in box.api("/readyz")[1], "the alarm")
    assert blocked(box, "new.example") == {False}
    assert blocked(box, "bets.example") == {True}
    suspended = box.weir("lists", "suspend", "bets", "--reason", "A shop is listed by mistake.")
    assert "in force after" in suspended.stdout, suspended.stderr
    assert blocked(box, "bets.example") == {False}
    assert "ahead of the public log" in box.api("/readyz")[1]
    assert len(leaves(box)) == size
    kept = box.weir("profiles", "set", "kids", "--block", "gambling")
    assert (kept.returncode, kept.stdout) == (3, "profile kids: added\n")
    assert (
        "kept, and not in force yet; it comes into force by itself: the files of the public log"
        in kept.stderr
    )
    synced = box.weir("lists", "sync", "bets", "--timeout", "1")
    assert synced.returncode == 3
    assert "what is new is kept, and waits to come into force: the files of the public log" in synced.stderr
    staging.unlink()
    staging.mkdir(mode=0o700)
    box.eventually(lambda: "list.suspend" in [leaf["type"] for leaf in leaves(box)], "the leaf", 40.0)
    box.eventually(lambda: "ahead of the public log" not in box.api("/readyz")[1], "the end of the alarm")
    resumed = box.weir("lists", "resume", "bets", "--reason", "It is not.")
    assert resumed.returncode == 0, resumed.stderr
    box.eventually(lambda: blocked(box, "new.example") == {True}, "what had waited", 40.0)
