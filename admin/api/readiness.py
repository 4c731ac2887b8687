"""Is everything as it should be? Pure: conditions in, a judgement with its reasons out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from admin.api.appliance import Condition, ListCondition
from admin.services.probes import State
from admin.services.process_state import ProcessState
from blocklists.enforcement import Enforced
from blocklists.model import Kind
from blocklists.records import AgeLevel

MUST_BE_LOADED = (Kind.ILLEGAL, Kind.PROTECTED)
"""Without these the box would serve what the law forbids, or keep people from help: it is not ready."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """``problems`` keep the box from being ready; ``warnings`` want a person's attention."""

    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Nothing stands against it."""
        return not self.problems


def judge(
    condition: Condition,
    processes: Mapping[str, ProcessState],
    served: Mapping[str, int | None],
    listen_failures: Sequence[str] = (),
    refused: Mapping[str, int] = MappingProxyType({}),
) -> Readiness:
    """``served`` is the generation that each process says it serves, ``refused`` how many it has not taken for want of a
    valid proof.
    """
    problems = [*_publishing(condition), *_processes(condition, processes, served), *listen_failures]
    warnings = [f"configuration: {problem}" for problem in condition.config.problems]
    warnings += condition.clashes
    for item in condition.lists:
        found = _list(item)
        if found and not item.loaded and item.kind in MUST_BE_LOADED:
            problems.append(found)
        elif found:
            warnings.append(found)
        warnings += _life(item)
    warnings += _selftests(condition)
    warnings += _proofs(condition, refused)
    if condition.log is not None and condition.log.problem:
        warnings.append(
            f"changes wait, because nothing can be added to the public log: {condition.log.problem}"
        )
    if clients := condition.scanning.clients:
        warnings.append(
            f"{clients} clients walk through secret lists today: each has asked for more distinct names of theirs than "
            "telemetry.secret_scan_threshold; who they are is not known to Weir"
        )
    return Readiness(tuple(problems), tuple(warnings))


def _publishing(condition: Condition) -> list[str]:
    if condition.publish_problem:
        return [f"the newest state is not published: {condition.publish_problem}"]
    return [] if condition.generation is not None else ["nothing has been published yet"]


def _processes(
    condition: Condition, processes: Mapping[str, ProcessState], served: Mapping[str, int | None]
) -> list[str]:
    problems = []
    for name in condition.processes:
        process = processes.get(name)
        if process is None or not process.alive:
            problems.append(f"{name} is not running: `weir serve` or its unit says why on standard error")
        elif served.get(name) != condition.generation:
            problems.append(f"{name} serves generation {served.get(name)}, not {condition.generation}")
    return problems


def _selftests(condition: Condition) -> Iterator[str]:
    for report in condition.selftests:
        if report.state is State.FAILING:
            yield f"list {report.list_id} fails its self-test: {report.finding}"
    if condition.selftest_problem:
        yield f"findings of the self-test are not written down: {condition.selftest_problem}"


def _proofs(condition: Condition, refused: Mapping[str, int]) -> Iterator[str]:
    if condition.is_ahead:
        yield "a list was switched off or on again ahead of the public log, which does not say so yet"
    for name, number in refused.items():
        if number:
            yield (
                f"{name} has refused {number} states since it started, because nothing proves that they are in the public "
                "log: its journal says which check failed; find out who has written to the state folder"
            )


def _life(item: ListCondition) -> Iterator[str]:
    """What holds of a list only for now, and must not be forgotten."""
    if item.suspension is not None:
        when = "until its time is over" if item.suspension.until is not None else "until it is resumed"
        yield f"list {item.id} is suspended {when}: nothing of it is enforced"
    if item.pinned and item.state != "pinned":
        yield f"list {item.id} was rolled back and serves an earlier version"
    if item.loaded and item.age_level != AgeLevel.CURRENT:
        part = {
            Enforced.NAMES: "; its web addresses are not enforced any more",
            Enforced.NOTHING: "; it is not enforced any more",
        }
        ended = part.get(Enforced(item.enforced), "") if item.suspension is None else ""
        hours = int((item.age or 0.0) // 3600)
        yield f"list {item.id} was last known to be current {hours} hours ago ({item.age_level}){ended}"


def _list(item: ListCondition) -> str:
    if not item.loaded:
        return f"list {item.id} has never been loaded, so nothing of it is enforced: {item.message or item.state}"
    if item.state == "pinned":
        return f"list {item.id}: {item.message}"
    if item.state in ("failed", "held"):
        return f"list {item.id}: the last good version serves: {item.message or item.state}"
    return ""
