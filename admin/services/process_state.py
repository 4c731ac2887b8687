"""What a supervisor writes of its child processes. Reading it is in ``processes``: what costs nothing to import is here."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One child. ``name`` is ``control``, ``gateway`` or ``resolver-<slot>``; ``pid`` is None between two lives."""

    name: str
    phase: str
    pid: int | None
    restarts: int
    status: str = ""
    ended: str = ""
    """How it ended last when nobody had asked it to, in words; empty if it never did."""
    ended_at: float = 0.0
    """When that was, in seconds of the machine's monotonic clock."""

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


def file_of(run: Path, scope: str) -> Path:
    """The file of the supervisor of ``scope`` (``all``, ``admin``, ``gateway``, ``resolver``, ``resolver-<slot>``)."""
    return run / f"children-{scope}.json"


def write_state(path: Path, state: SupervisorState) -> None:
    """Replace the file at once. OSError as from write(2)."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(asdict(state)), encoding="ascii")
    temporary.rename(path)


def process_exists(pid: int) -> bool:
    """Whether there is such a process, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
