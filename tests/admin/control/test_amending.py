"""New versions in force without compiling, over starts, deaths in between and many changes."""

from __future__ import annotations

import asyncio
import errno
import gc
from collections.abc import Callable
from typing import Any

import pytest

from admin.api.appliance import Wish
from admin.control import amending
from admin.control import compiled as records
from admin.services.actors import Actor, ActorKind
from admin.services.acts import Act
from blocklists.canonical import to_wire
from blocklists.edits import Change
from blocklists.snapshot.deltas import Deltas

BASE = b"".join(b"base-%d.example\n" % number for number in range(40))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.002)


def blocked(world: Any, name: str) -> bool:
    view = world.view()
    return bool(view.listing(to_wire(name)).bits)


class Running:
    """A controller while it runs; ``stop`` ends it as a death of the process does."""

    def __init__(self, world: Any) -> None:
        self.world, self.controller = world, world.controller()

    async def __aenter__(self) -> Running:
        await self.controller.start()
        self.task = asyncio.create_task(self.controller.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        (await self._deltas()).close()  # as the end of its process would: the file has one writer
        del self.controller
        gc.collect()

    async def _deltas(self) -> Any:
        """What lies beside the compiled lists; a thread that nobody waits for any more may be publishing just now."""
        editor = self.controller._editor
        await until(lambda: editor._deltas is not None)
        return editor._deltas

    async def send(self, text: bytes) -> None:
        """Let the list's source have another text, and see it fetched and dealt with."""
        preparer = self.controller._preparer
        self.world.sources.texts["bets"] = text
        self.world.pass_time(3600.0)
        asked = len(self.world.sources.asked)
        self.controller._wake.set()
        await until(lambda: len(self.world.sources.asked) > asked and not self.controller._fetching.running)
        await until(lambda: preparer.is_current and not preparer.is_behind and not self.controller._stale)
        async with self.controller._changing:  # what is current may be still on its way to the record
            pass


@pytest.fixture
def listed(world: Any, bets: str) -> Any:
    world.write(bets)
    world.sources.texts = {"bets": BASE}
    return world


async def test_a_change_needs_no_compilation_and_a_start_neither(listed: Any) -> None:
    async with Running(listed) as running:
        await running.send(BASE + b"more.example\n")
        await running.send(BASE.replace(b"base-1.example\n", b"") + b"more.example\nlast.example\n")
        assert len(listed.compiled) == 1
    async with Running(listed) as running:
        assert len(listed.compiled) == 1
        assert blocked(listed, "more.example")
        assert blocked(listed, "last.example")
        assert not blocked(listed, "base-1.example")
        await running.send(BASE)
        assert not blocked(listed, "more.example")
        assert blocked(listed, "base-1.example")
        assert len(listed.compiled) == 1


async def test_what_changed_while_nobody_ran_is_in_force_after_a_start(listed: Any) -> None:
    async with Running(listed):
        pass
    listed.sources.texts["bets"] = BASE + b"more.example\n"
    listed.pass_time(7200.0)
    async with Running(listed) as running:
        await until(lambda: blocked(listed, "more.example"))
        await until(lambda: running.controller._preparer.is_current)


@pytest.mark.parametrize("step", ["apply", "sync"])
async def test_whoever_dies_while_changing_compiles_at_the_next_start(
    listed: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The changes are half in force; then the source takes them back before the next start looks."""

    def die(*_: object) -> None:
        raise OSError(errno.EIO, "dead")

    async with Running(listed) as running:
        preparer = running.controller._preparer
        with monkeypatch.context() as patched:
            patched.setattr(Deltas, "sync", die)
            if step == "apply":
                patched.setattr(Deltas, "_put", die)
            listed.compile_error = OSError(errno.EIO, "dead")
            listed.sources.texts["bets"] = BASE + b"more.example\n"
            listed.pass_time(3600.0)
            running.controller._wake.set()
            await until(lambda: running.controller.condition().publish_failures > 0)
            assert not preparer.is_current
    assert not (listed.place.state / records.FILE).exists()
    listed.compile_error = None
    listed.sources.texts["bets"] = BASE
    listed.pass_time(7200.0)
    async with Running(listed):
        await until(lambda: len(listed.compiled) == 2)
        await until(lambda: not blocked(listed, "more.example"))
        assert blocked(listed, "base-1.example")


async def test_edits_since_the_record_are_compiled(listed: Any) -> None:
    async with Running(listed) as running:
        act = Act(Actor.of_the_box(ActorKind.LOCAL, "root"), 1.0)
        await running.controller.edit(act, "bets", [Wish(Change.ADD, "own.example")])
        assert blocked(listed, "own.example")
    async with Running(listed):
        assert blocked(listed, "own.example")
    assert len(listed.compiled) == 2


async def test_other_properties_of_a_list_are_compiled(listed: Any, bets: str) -> None:
    async with Running(listed):
        pass
    listed.write(bets.replace("gambling", "gambling, chat"))
    async with Running(listed):
        assert blocked(listed, "base-1.example")
    assert len(listed.compiled) == 2


async def test_a_record_that_would_say_the_same_is_not_written_again(listed: Any) -> None:
    """Whoever changes a profile would wait for it."""
    async with Running(listed) as running:
        path = listed.place.state / records.FILE
        before = path.stat().st_ino
        running.controller._preparer.keep_record()
        assert path.stat().st_ino == before
        records.take_back(listed.place.state)
        running.controller._preparer.keep_record()
        assert path.exists()


async def test_a_damaged_record_is_none(listed: Any) -> None:
    async with Running(listed):
        pass
    path = listed.place.state / records.FILE
    path.write_bytes(path.read_bytes().replace(b'"version":1', b'"version":2'))
    async with Running(listed):
        assert blocked(listed, "base-1.example")
    assert len(listed.compiled) == 2


async def test_many_changes_are_compiled_at_last_and_nothing_grows(
    listed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(amending, "MOST_CHANGES", 60)
    async with Running(listed) as running:
        controller = running.controller
        for number in range(100):
            await running.send(BASE + b"turn-%d.example\n" % number)
            assert blocked(listed, f"turn-{number}.example")
            assert not number or not blocked(listed, f"turn-{number - 1}.example")
            assert controller._editor.changed <= 62
            assert len(list(listed.place.state.iterdir())) < 30
        assert 2 <= len(listed.compiled) <= 4
        assert not controller._readings._changes
        assert not controller._editor._recent
