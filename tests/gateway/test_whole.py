"""The process as a service manager starts it, on a real published generation."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from blocklists.model import Confidentiality, Kind, LegalBasis, ListSource
from blocklists.snapshot.bits import plan_digest
from blocklists.snapshot.compiler import compile_prepared
from blocklists.snapshot.readings import Prepared
from gateway.counting import FILE_NAME
from resolver.policy.model import Policy
from resolver.runtime.counters import read_counters
from resolver.tables import index_key
from resolver.tables.model import Assignments, ClientEntry, GatewaySettings, ListInfo, Tables
from resolver.tables.store import CURRENT, file_name, publish
from resolver.tables.writing import ClientsWriter

ROOT = Path(__file__).parents[2]
SECRET = ListSource(
    "watch",
    "file:/none",
    "domains",
    Kind.ILLEGAL,
    legal_basis=LegalBasis.VOLUNTARY,
    confidentiality=Confidentiality.SECRET,
)
INDEX_KEY = bytes(range(16))
BETS = ListSource("bets", "file:/none", "domains", Kind.CATEGORY, categories=("gambling",))


def publish_generation(state: Path, number: int, *, gambling: bool, key: bytes | None = INDEX_KEY) -> None:
    """``key`` is what the run folder then holds; the lists are always compiled under INDEX_KEY."""
    snapshot = f"snapshot-{number}.weir"
    (state / index_key.FILE).unlink(missing_ok=True)
    if key is not None:
        (state / index_key.FILE).write_bytes(key)
    lists = [(SECRET, b"illegal.example\n"), (BETS, b"bets.example\n")]
    prepared = Prepared(bytes(range(32)), index_key=INDEX_KEY)
    report = compile_prepared(lists, state / snapshot, prepared, now=1_000_000.0, suffixes=())
    bit = next(bit.index for bit in report.bits if bit.id == "gambling")
    tables = Tables(
        generation=number,
        created=1_000_000.0,
        snapshot=snapshot,
        tables=f"clients-{number}.weir",
        lists={
            source.id: ListInfo(source.id, source.id, source.kind, source.legal_basis, source.confidentiality)
            for source, _ in lists
        },
        categories={"gambling": "Gambling"},
        gateway=GatewaySettings(provider="Riverside Broadband"),
    )
    assignments = Assignments(
        (Policy(1, block=1 << bit if gambling else 0),), (ClientEntry.of("127.0.0.0/8", 1),), default_policy=1
    )
    plan = plan_digest(report.bits)
    ClientsWriter.create(state / tables.tables, assignments, plan=plan, key=bytes(32), now=0.0).close()
    publish(state, tables)


class Manager:
    """Starts the process with a listening socket and hears its notifications."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._heard.bind(str(state / "notify"))
        self._heard.setblocking(False)

    async def start(self) -> asyncio.subprocess.Process:
        number = self._listening.fileno()
        environ = {
            **os.environ,
            "WEIR_SOCKETS": f"http:{number}",
            "NOTIFY_SOCKET": str(self.state / "notify"),
        }
        command = [sys.executable, "-m", "gateway", "--state", str(self.state), "--run", str(self.state)]
        return await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env=environ,
            pass_fds=[number],
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def hear(self) -> str:
        return (await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self._heard, 100), 60)).decode()

    async def ask(self, host: str) -> int:
        reader, writer = await asyncio.open_connection(*self._listening.getsockname())
        writer.write(f"GET /canary HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 60)
        writer.close()
        return int(answer.split(b" ", 2)[1])

    async def until(self, host: str, status: int) -> None:
        """Ask until the status is as expected; the test's time limit ends it otherwise."""
        while await self.ask(host) != status:
            pass

    def close(self) -> None:
        self._listening.close()
        self._heard.close()


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[Manager]:
    manager = Manager(tmp_path)
    yield manager
    manager.close()


async def test_generations_come_and_damage_passes_by(manager: Manager) -> None:
    process = await manager.start()
    publish_generation(manager.state, 1, gambling=True)
    assert await manager.hear() == "READY=1"
    assert [await manager.ask(host) for host in ("bets.example", "illegal.example", "")] == [403, 403, 200]

    publish_generation(manager.state, 2, gambling=False)
    await manager.until("bets.example", 421)

    damaged = manager.state / file_name(3)
    damaged.write_bytes(b"not a generation")
    link = manager.state / "link"
    link.symlink_to(damaged.name)
    link.rename(manager.state / CURRENT)
    assert await manager.ask("illegal.example") == 403
    publish_generation(manager.state, 4, gambling=True)
    await manager.until("bets.example", 403)
    assert read_counters(manager.state / FILE_NAME)["generation"] == 4

    process.terminate()
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    for canary in (b"canary", b"illegal.example", b"bets.example", b"127.0.0.1"):
        assert canary not in out


async def test_without_the_key_of_secret_lists_nothing_is_served(manager: Manager) -> None:
    process = await manager.start()
    assert process.stdout is not None
    publish_generation(manager.state, 1, gambling=True, key=None)
    while b"no index key" not in await asyncio.wait_for(process.stdout.readline(), 60):
        pass
    (manager.state / index_key.FILE).write_bytes(INDEX_KEY)  # control has started
    assert await manager.hear() == "READY=1"
    assert await manager.ask("illegal.example") == 403

    publish_generation(manager.state, 2, gambling=False, key=bytes(16))
    while b"another index key" not in await asyncio.wait_for(process.stdout.readline(), 60):
        pass
    assert [await manager.ask(host) for host in ("bets.example", "illegal.example")] == [403, 403]
    (manager.state / index_key.FILE).write_bytes(INDEX_KEY)
    await manager.until("bets.example", 421)
    process.terminate()
    await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
