"""Databases for the tests: a file of SQLite, and a database in a PostgreSQL cluster that lives as long as the run."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from admin.store.database import Database

USED_AGAIN = "again"
_EMPTY = """\
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid != pg_backend_pid();
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
"""
_ABSENT = "PostgreSQL is not installed (Debian: apt install postgresql)"


@dataclass(frozen=True)
class Cluster:
    """A server that listens on a Unix socket in ``folder`` and nowhere else."""

    folder: Path
    programs: Path
    numbers: Iterator[int]
    made: set[str]

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs; it refuses to be run by root."""
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*user, str(self.programs / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=150, cwd=self.folder)

    def start(self) -> None:
        settings = f"-k {self.folder} -c listen_addresses= -c fsync=off"
        self.run(
            "pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", settings, "start"
        )

    def stop(self) -> None:
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-m", "immediate", "stop")

    def new_database(self) -> str:
        """The address of an empty database."""
        name = f"weir{next(self.numbers)}"
        self.run("createdb", "-h", str(self.folder), "-U", "postgres", name)
        return self.address(name)

    def emptied_database(self) -> str:
        """The address of the one database that all tests use that need no more than one; whoever was in it is sent away.

        Of its own it would take each test a tenth of a second, and the run a gigabyte.
        """
        if USED_AGAIN not in self.made:
            self.run("createdb", "-h", str(self.folder), "-U", "postgres", USED_AGAIN)
            self.made.add(USED_AGAIN)
        self.run("psql", "-X", "-q", "-h", str(self.folder), "-U", "postgres", "-d", USED_AGAIN, "-c", _EMPTY)
        return self.address(USED_AGAIN)

    def address(self, name: str) -> str:
        """How Weir names a database of this server."""
        return f"postgresql://postgres@/{name}?host={self.folder}"


def _programs() -> Path | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server of our own."""
    programs = _programs()
    if programs is None:
        pytest.skip(_ABSENT)
    # The path of a Unix socket has at most 107 bytes, and the server's user must reach it.
    folder = Path(tempfile.mkdtemp(prefix="weir-postgresql-", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    made = Cluster(folder, programs, count(), set())
    try:
        made.run(
            "initdb",
            "-D",
            f"{folder}/data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        )
        made.start()
        yield made
        made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def sqlite_address(tmp_path: Path) -> str:
    """A database file that is not there yet."""
    return f"sqlite:{tmp_path / 'weir.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest) -> str:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        found: str = request.getfixturevalue("sqlite_address")
        return found
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.emptied_database()


@pytest.fixture
async def database(address: str) -> AsyncIterator[Database]:
    """An empty database with its tables."""
    opened = await Database.open(address)
    yield opened
    await opened.close()


@pytest.fixture
async def opened() -> AsyncIterator[Callable[[str], object]]:
    """Opens databases that are closed when the test has ended, as another process would."""
    made: list[Database] = []

    async def open_one(address: str) -> Database:
        made.append(await Database.open(address))
        return made[-1]

    yield open_one
    for one in made:
        await one.close()
