"""Which child processes run and what they could not get, as their supervisor last wrote it: a file per supervisor.

``weir serve`` writes one file; units that run the parts apart write one each. Readers trust a line only as far as the
process it names is alive.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from admin.services.process_state import ProcessState, SupervisorState, process_exists

_codec: TypeAdapter[SupervisorState] = TypeAdapter(SupervisorState)


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
