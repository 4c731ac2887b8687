"""When another page of the public log is made, and what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from admin.api.appliance import LogCondition
from admin.config import load
from admin.control.errand import Errand
from admin.control.log_page import LogPage

CONFIG = """\
data_dir: var
resolver: {{listen: ["127.0.0.1:5300"], workers: 1, upstreams: ["127.0.0.1:5399"]}}
gateway: {{listen: ["127.0.0.1:8080"]{gateway}}}
profiles: {{open: {{block: []}}}}
default_profile: open
audit: {{url: "https://isp.example/log/"}}
"""


class Sent(Errand):
    """Sends nobody; a test waits for what would be sent."""

    def __init__(self) -> None:
        super().__init__("x", 1)
        self.commands: asyncio.Queue[Sequence[str]] = asyncio.Queue()

    async def run(self, command: Sequence[str]) -> bool:
        self.commands.put_nowait(command)
        return False


@dataclass
class Scene:
    """A log that moves as the test says."""

    config: Any
    condition: LogCondition = field(default_factory=LogCondition)
    sent: Sent = field(default_factory=Sent)

    def begin(self) -> asyncio.Task[None]:
        page = LogPage(lambda: self.config, lambda: self.condition, self.sent)
        return asyncio.ensure_future(page.run(every=0.001, look=0.001))


def configured(folder: Path, gateway: str = "") -> Any:
    path = folder / "weir.yaml"
    path.write_text(CONFIG.format(gateway=gateway))
    return load(path)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(configured(tmp_path))


async def test_a_page_for_every_state_of_the_log_and_no_more(scene: Scene, tmp_path: Path) -> None:
    task = scene.begin()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(scene.sent.commands.get(), 0.05)
    scene.condition = LogCondition(1, "o/2026")
    command = list(await asyncio.wait_for(scene.sent.commands.get(), 30))
    assert command[1:3] == ["-m", "admin.audit.site"]
    assert command[3:] == [
        "--log", str(tmp_path / "var/log"), "--work", str(tmp_path / "var/log-page"),
        "--address=https://isp.example/log/",
    ]  # fmt: skip
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(scene.sent.commands.get(), 0.05)
    for condition in (LogCondition(2, "o/2026"), LogCondition(2, "o/2027")):
        scene.condition = condition
        await asyncio.wait_for(scene.sent.commands.get(), 30)
    scene.config = configured(tmp_path, ", provider: --name, contact: a@b.example")
    command = list(await asyncio.wait_for(scene.sent.commands.get(), 30))
    assert command[-3:-1] == ["--name=--name", "--contact=a@b.example"]
    task.cancel()
    await asyncio.wait({task})


def test_what_changes_nothing_on_the_page_makes_none(scene: Scene) -> None:
    scene.condition = LogCondition(1, "o/2026", problem="stopped", appends=3)
    page = LogPage(lambda: scene.config, lambda: scene.condition, scene.sent)
    before = page._said()
    scene.condition = LogCondition(1, "o/2026", appends=4)
    assert page._said() == before
