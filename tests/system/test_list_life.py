"""The life of a list on the running appliance: the kill switch on every worker, after kill -9 and restarts, rollback,
removal at the source; by the command line, and visible in the audit log.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.system

GATEWAY = "A 192.0.2.80"


@pytest.fixture(scope="module")
def box(
    make_shared_appliance: Callable[..., Any], shared_small_config: Callable[..., Any], shared_upstream: Any
) -> Any:
    """Each test takes it as the one before has left it: with one list that blocks ``bets.example`` and ``old.example``."""
    upstreams = [f"127.0.0.1:{shared_upstream.port}"]
    config = shared_small_config(upstreams, names="bets.example\nold.example\n", workers=2)
    appliance = make_shared_appliance(config)
    appliance.start()
    return appliance


def blocked(box: Any, name: str, asked: int = 12) -> set[bool]:
    """From ports of their own, so that the kernel spreads them over the workers."""
    return {GATEWAY in box.dig(name).answers for _ in range(asked)}


def decided(box: Any, *arguments: str) -> str:
    done = box.weir("lists", *arguments, "--reason", "A shop is listed by mistake.")
    assert done.returncode == 0, done.stderr
    said: str = done.stdout
    return said


def source_of(box: Any) -> Path:
    (path,) = (
        box.folder / item["url"].removeprefix("file:") for item in box.config["lists"] if item["id"] == "bets"
    )
    return Path(path)


def test_the_kill_switch(box: Any) -> None:
    assert blocked(box, "bets.example") == {True}
    begun = time.perf_counter()
    assert "in force after" in decided(box, "suspend", "bets")
    assert blocked(box, "bets.example") == {False}
    took = time.perf_counter() - begun
    print(f"suspended on all workers after {took:.2f} s, the command's own start and 12 digs among them")
    assert "list bets is suspended" in box.api("/readyz")[1]
    assert 'weir_list_state{list="bets",weir_list_state="suspended"} 1.0' in box.api("/metrics")[1]
    assert "suspended" in box.weir("lists", "status").stdout
    (control,) = box.children("admin.control")
    os.kill(control, signal.SIGKILL)
    box.eventually(lambda: box.children("admin.control") not in ([], [control]), "another control")
    box.eventually(lambda: box.weir("lists", "status").returncode == 0, "its answer")
    assert blocked(box, "bets.example") == {False}
    decided(box, "resume", "bets")
    assert blocked(box, "bets.example") == {True}
    events = json.loads(box.weir("audit", "list", "--json").stdout)
    items = events["items"] if isinstance(events, dict) else events
    kinds = [item["kind"] for item in items]
    assert "list.suspended" in kinds
    assert "list.resumed" in kinds


def test_commands_have_their_exit_statuses(box: Any) -> None:
    assert box.weir("lists", "resume", "bets", "--reason", "x").returncode == 1
    assert box.weir("lists", "suspend", "nobody", "--reason", "x").returncode == 2
    assert box.weir("lists", "rollback", "bets", "--reason", "x").returncode == 1
    source_of(box).write_text("<!doctype html><title>Sign in</title>")
    failed = box.weir("lists", "sync", "bets")
    assert failed.returncode == 1
    assert "failed: A web page came instead of a list." in failed.stdout
    assert blocked(box, "bets.example", asked=2) == {True}


def test_a_rollback_outlives_a_restart_and_ends_with_a_newer_version(
    box: Any, make_appliance: Callable[..., Any]
) -> None:
    path = source_of(box)
    path.write_text("new.example\n")
    assert box.weir("lists", "sync", "bets").returncode == 0
    assert (blocked(box, "new.example"), blocked(box, "old.example")) == ({True}, {False})
    difference = box.weir("lists", "diff", "bets").stdout
    assert "1 added, 2 removed" in difference
    assert "- old.example" in difference
    decided(box, "rollback", "bets")
    box.eventually(lambda: blocked(box, "old.example") == {True}, "the version before")
    assert blocked(box, "new.example") == {False}
    box.stop()
    again = make_appliance(box.config)
    again.data.symlink_to(box.data)
    again.start()
    assert (blocked(again, "new.example"), blocked(again, "old.example")) == ({False}, {True})
    path.write_text("newer.example\n")
    assert again.weir("lists", "sync", "bets").returncode == 0
    assert (blocked(again, "newer.example"), blocked(again, "old.example")) == ({True}, {False})
