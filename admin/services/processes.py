"""Which child processes run and what they could not get, as their supervisor last wrote it: a file per supervisor.

``weir serve`` writes one file; units that run the parts apart write one each. Readers trust a line only as far as the
process it names is alive.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One child. ``name`` is ``control``, ``gateway`` or ``resolver-<slot>``; ``pid`` is None between two lives."""

    name: str
    phase: str
    pid: int | None
    restarts: int
    status: str = ""

    @property
    def alive(self) -> bool:
        """It said that it is ready, and its process is still there."""
        return self.phase == "ready" and self.pid is not None and process_exists(self.pid)


@dataclass(frozen=True, slots=True)
class SupervisorState:
    """One supervisor. ``listen_failures`` has one sentence for each address that cannot be had now."""

    pid: int
    processes: tuple[ProcessState, ...]
    listen_failures: tuple[str, ...] = ()


_codec: TypeAdapter[SupervisorState] = TypeAdapter(SupervisorState)


def file_of(run: Path, scope: str) -> Path:
    """The file of the supervisor of ``scope`` (``all``, ``admin``, ``gateway``, ``resolver``, ``resolver-<slot>``)."""
    return run / f"children-{scope}.json"


def write_state(path: Path, state: SupervisorState) -> None:
    """Replace the file at once. OSError as from write(2)."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(_codec.dump_json(state))
    temporary.rename(path)


def read_states(run: Path) -> dict[str, ProcessState]:
    """All children by name; damaged files are passed over, and a living child wins over a dead namesake."""
    found: dict[str, ProcessState] = {}
    for supervisor in _supervisors(run):
        for state in supervisor.processes:
            if state.name not in found or state.alive:
                found[state.name] = state
    return found


def read_listen_failures(run: Path) -> tuple[str, ...]:
    """What living supervisors could not listen on, each address once however many of them want it."""
    living = (supervisor for supervisor in _supervisors(run) if process_exists(supervisor.pid))
    return tuple(dict.fromkeys(failure for supervisor in living for failure in supervisor.listen_failures))


def _supervisors(run: Path) -> Iterator[SupervisorState]:
    for path in sorted(run.glob("children-*.json")):
        try:
            yield _codec.validate_json(path.read_bytes())
        except (OSError, ValidationError):
            continue


def process_exists(pid: int) -> bool:
    """Whether there is such a process, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
