"""All children of one supervisor: performs what their state machines ask for and replaces them one by one.

A replacement is started beside the child that serves; both read the sockets that they share, and the old one is
stopped when the new one is ready, so no query meets a closed door.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from admin.services.process_state import ProcessState
from admin.supervisor.children import WATCHDOG, Child, Command, Kill, Phase, Say, Spawn
from admin.supervisor.launch import Process, launch
from admin.supervisor.notifications import Message
from admin.supervisor.sockets import SocketPool
from resolver.runtime.sockets import Address, SocketError, environment

RELEASE_AFTER = 1.0
"""Seconds of back-off beyond which a dead worker's sockets are closed, so that its siblings get its share."""
_MANAGER_VARIABLES = (
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
)
"""Ours from a real service manager; a child that took them for its own would speak in our name."""


@dataclass(frozen=True, slots=True)
class Program:
    """What runs under a name: its command line, the addresses it serves, and whether siblings serve the same.

    ``judges``: it checks the configuration, and ends with status 2 if that cannot be used. ``niceness`` as of ``launch``.
    """

    command: tuple[str, ...]
    addresses: tuple[Address, ...] = ()
    siblings: bool = False
    judges: bool = False
    niceness: int = 0


@dataclass(slots=True)
class _Unit:
    child: Child
    program: Program
    process: Process | None = None


AWAY = 2.0
"""Seconds between two ticks from which on the supervisor has been away: awake it ticks several times a second."""


class Fleet:
    """Owns the children and their sockets. ``clock`` is monotonic seconds; ``changed`` is called after every event."""

    def __init__(
        self,
        environ: Mapping[str, str],
        notify_address: str,
        *,
        clock: Callable[[], float],
        say: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        """No children yet. ``say`` prints one line for the operator."""
        self._environ = {name: value for name, value in environ.items() if name not in _MANAGER_VARIABLES}
        self._environ |= {"NOTIFY_SOCKET": notify_address, "WATCHDOG_USEC": str(int(WATCHDOG * 1_000_000))}
        self._clock, self._say, self._changed = clock, say, changed
        self._ticked = clock()
        self._units: dict[str, _Unit] = {}
        self._retiring: list[_Unit] = []
        self.pool = SocketPool()

    # ---- what is wanted ----

    def want(self, name: str, program: Program) -> None:
        """Run ``program`` under ``name``; a child with another one is replaced. SocketError changes nothing."""
        unit = self._units.get(name)
        if unit is not None and unit.program == program:
            return
        self.pool.ensure(name, program.addresses)
        if unit is not None:
            self._retiring.append(unit)
        self._units[name] = _Unit(Child(name, judges=program.judges), program)
        self._perform(self._units[name], self._units[name].child.start())
        self._drop_dead()

    def trim(self, name: str) -> None:
        """Close the sockets of ``name`` that no program under that name serves."""
        serving = [unit for unit in self._all() if unit.child.name == name]
        self.pool.keep_only(name, [address for unit in serving for address in unit.program.addresses])

    def unwant(self, name: str) -> None:
        """Stop what runs under ``name``.

        Its sockets get no new queries from here on; it still answers what they have received.
        """
        unit = self._units.pop(name)
        self._retiring.append(unit)
        self.pool.withdraw(name)
        self._stop(unit)
        self._drop_dead()

    def stop(self) -> None:
        """Stop all."""
        for unit in self._all():
            self._stop(unit)
        self._changed()

    def hurry(self) -> None:
        """Kill what has not stopped yet."""
        for unit in self._all():
            self._perform(unit, unit.child.hurry())

    # ---- what happens ----

    def heard(self, message: Message) -> None:
        """A message from one of the children, or from anybody else."""
        for unit in self._all():
            if unit.process is not None and unit.process.pid == message.pid:
                unit.child.notified(message.fields, self._clock())
                if unit is self._units.get(unit.child.name) and unit.child.phase is Phase.READY:
                    self._retire_predecessors(unit.child.name)
        self._changed()

    def tick(self) -> None:
        """Do what has become due.

        After a time in which this process did not run (a paused virtual machine, a debugger) the children have not run
        either, or could not be heard: that time is not theirs.
        """
        now = self._clock()
        away, self._ticked = now - self._ticked, now
        for unit in self._all():
            if away > AWAY:
                unit.child.excuse(away)
            self._perform(unit, unit.child.tick(now))

    def signal(self, name: str, command: Kill) -> None:
        """Send a signal to a child that is running."""
        self._perform(self._units[name], [command])

    # ---- what is known ----

    @property
    def names(self) -> tuple[str, ...]:
        """The names that are wanted."""
        return tuple(self._units)

    @property
    def deadline(self) -> float | None:
        """When ``tick`` must be called at the latest."""
        return min(
            (unit.child.deadline for unit in self._all() if unit.child.deadline is not None), default=None
        )

    @property
    def gone(self) -> bool:
        """No process is left."""
        return all(unit.process is None for unit in self._all())

    def phase(self, name: str) -> Phase | None:
        """Where the child is in its life; None if there is none."""
        unit = self._units.get(name)
        return None if unit is None else unit.child.phase

    def serves_beside(self, name: str) -> bool:
        """Whether there are other children than this one, and all of them are ready."""
        phases = [unit.child.phase for other, unit in self._units.items() if other != name]
        return bool(phases) and all(phase is Phase.READY for phase in phases)

    def program(self, name: str) -> Program | None:
        """What runs under the name; None if nothing does."""
        unit = self._units.get(name)
        return None if unit is None else unit.program

    @property
    def refused(self) -> bool:
        """A child cannot use the configuration with which it was started first."""
        return any(unit.child.refused for unit in self._units.values())

    @property
    def settled(self) -> bool:
        """Every child is ready and every predecessor is gone."""
        return not self._retiring and all(unit.child.phase is Phase.READY for unit in self._units.values())

    def states(self) -> tuple[ProcessState, ...]:
        """What is known of the children, for other processes."""
        return tuple(
            ProcessState(
                unit.child.name,
                unit.child.phase.value,
                unit.process.pid if unit.process else None,
                unit.child.restarts,
                unit.child.status,
                unit.child.ended,
                unit.child.ended_at,
            )
            for unit in self._units.values()
        )

    # ---- how it is done ----

    def _all(self) -> list[_Unit]:
        return [*self._units.values(), *self._retiring]

    def _perform(self, unit: _Unit, commands: list[Command]) -> None:
        for command in commands:
            match command:
                case Spawn():
                    self._spawn(unit)
                case Kill(number):
                    if unit.process is not None:
                        unit.process.signal(number)
                case Say(text):
                    self._say(text)
        if commands:
            self._changed()

    def _spawn(self, unit: _Unit) -> None:
        name, program = unit.child.name, unit.program
        try:
            self.pool.ensure(name, program.addresses)
            lent = self.pool.lent(name, program.addresses)
            unit.process = launch(
                program.command,
                environ=self._environ | {"WEIR_SOCKETS": environment(lent)},
                descriptors=[sock.fileno() for _, sock in lent],
                on_exit=lambda code: self._ended(unit, code),
                niceness=program.niceness,
            )
        except (SocketError, OSError) as error:
            self._perform(unit, unit.child.could_not_start(str(error), self._clock()))
        else:
            unit.child.started(self._clock())

    def _ended(self, unit: _Unit, code: int) -> None:
        unit.process = None
        if unit not in self._retiring:
            self._perform(unit, unit.child.exited(code, self._clock()))
            self._release_if_long(unit)
        self._drop_dead()
        self._changed()

    def _release_if_long(self, unit: _Unit) -> None:
        deadline = unit.child.deadline
        if unit.program.siblings and deadline is not None and deadline - self._clock() > RELEASE_AFTER:
            others = (other for other in self._units.values() if other is not unit and other.program.siblings)
            if any(other.child.phase is Phase.READY for other in others):
                self.pool.keep_only(unit.child.name, ())

    def _stop(self, unit: _Unit) -> None:
        self._perform(unit, unit.child.stop(self._clock()))

    def _retire_predecessors(self, name: str) -> None:
        for unit in self._retiring:
            if unit.child.name == name:
                self._stop(unit)

    def _drop_dead(self) -> None:
        """Forget retired children without a process, and close sockets that nobody's program names any more."""
        dead = [unit for unit in self._retiring if unit.process is None]
        self._retiring = [unit for unit in self._retiring if unit.process is not None]
        for name in {unit.child.name for unit in dead}:
            self.trim(name)
