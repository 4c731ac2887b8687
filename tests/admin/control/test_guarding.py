"""What lists are held against, when several ask for it at once."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from admin.config import load
from admin.control.guarding import Guarding
from blocklists.guard import Guard

CONFIG = """\
data_dir: var
lists: [{id: help, url: "file:help.txt", format: domains, kind: protected}]
"""


class Slow:
    """A store whose first look at a list ends when the test says so; lives and readings in one."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.guards: list[Guard] = []

    def serving_for(self, _source: object) -> None:
        if not self.begun.is_set():
            self.begun.set()
            assert self.may_end.wait(60)

    def enforced(self) -> dict[str, Any]:
        return {}

    def hold_against(self, guard: Guard) -> None:
        self.guards.append(guard)


def test_whoever_looks_last_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "weir.yaml"
    path.write_text(CONFIG)
    config, slow = load(path), Slow()
    today = iter([("before.example",), ("after.example",)])
    parts: Any = slow
    guarding = Guarding(parts, parts, parts, lambda: next(today))
    first, second = (threading.Thread(target=guarding.follow, args=(config,)) for _ in range(2))
    first.start()
    assert slow.begun.wait(60)
    second.start()
    second.join(0.1)  # it would have ended by then, and the first one last, if it did not wait
    slow.may_end.set()
    first.join(60)
    second.join(60)
    assert [guard.today for guard in slow.guards] == [("before.example",), ("after.example",)]
