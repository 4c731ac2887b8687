"""Lists whose source goes wrong: each is held with a message, and its last good version serves, after a restart too."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.system

MESSAGES = {
    "html": "web page",
    "shrunk": "shrank by",
    "grown": "grew by",
    "garbage": "lines gives an entry",
    "half": "not in the format",
    "empty": "lines gives an entry",
    "binary": "binary",
    "gone": "no such file",
    "folder": "no list there",
}
"""What goes wrong with a list, and a word of what the operator is told."""

BROKEN = {
    "html": "<!DOCTYPE html><html><body>Not found</body></html>\n" * 30,
    "shrunk": "bets.example\n",
    "grown": "".join(f"n{number}.example\n" for number in range(5_000)),
    "garbage": "".join(f"!! {number} %%\n" for number in range(300)),
    "half": "".join(f"bets{number}.example\nb@d {number}\n" for number in range(300)),
    "empty": "",
    "binary": "\x00\x01\x02" * 500,
}


@pytest.fixture(scope="module")
def box(make_shared_appliance: Callable[..., Any], shared_small_config: Callable[..., Any]) -> Any:
    """An appliance with a list for each fault, named after it, that has just been told of all the faults."""
    config = shared_small_config(["127.0.0.1:9"])
    (good,) = config["lists"]
    made = make_shared_appliance(config)
    for fault in MESSAGES:
        path = made.folder / fault
        path.write_text("".join(f"bets{number}.{fault}.example\n" for number in range(400)))
        config["lists"].append(
            {**good, "categories": [*good["categories"]], "id": fault, "url": f"file:{path}"}
        )
    made.write_config()
    made.start()
    for fault in MESSAGES:
        _break(made.folder / fault)
    made.process.send_signal(signal.SIGHUP)
    return made


def _break(path: Path) -> None:
    if path.name in BROKEN:
        path.write_text(BROKEN[path.name])
        return
    path.unlink()
    if path.name == "folder":
        path.mkdir()


def _is_told(box: Any, fault: str) -> bool:
    """Whether the journal has the message of this list."""
    since = box.output.partition("weir: ready")[2]
    return any(MESSAGES[fault] in line for line in since.splitlines() if f"list={fault}" in line.split())


@pytest.mark.parametrize("fault", MESSAGES)
def test_a_broken_list_is_held_and_the_last_good_one_serves(box: Any, fault: str) -> None:
    box.eventually(lambda: _is_told(box, fault), "the complaint", 30.0)
    assert box.dig(f"bets7.{fault}.example").answers == ["A 192.0.2.80"]


def test_each_is_told_by_status_and_counted(box: Any) -> None:
    box.eventually(lambda: box.metric("weir_list_failing") == len(MESSAGES), "the count", 30.0)
    status = box.weir("lists", "status")
    assert status.returncode == 1
    said = {line.split(":")[0]: line for line in status.stdout.splitlines() if line.startswith("list ")}
    assert {name for name in MESSAGES if MESSAGES[name] not in said[f"list {name}"]} == set()
    assert "list bets" not in said


def test_the_good_versions_serve_after_a_restart(box: Any, make_shared_appliance: Callable[..., Any]) -> None:
    box.stop()
    again = make_shared_appliance(box.config)
    again.data.symlink_to(box.data)
    again.start()
    answers = {fault: again.dig(f"bets7.{fault}.example").answers for fault in MESSAGES}
    assert answers == {fault: ["A 192.0.2.80"] for fault in MESSAGES}
