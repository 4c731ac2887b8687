"""What one supervisor runs: all of Weir, or the part that ``--only`` names. Values and rules, no process."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from admin.services.layout import Layout
from admin.services.parts import Part
from admin.services.place import Place
from admin.services.serving import GATEWAY, resolver_name
from admin.supervisor.fleet import Program
from resolver.runtime.priority import BEHIND_QUERIES
from resolver.runtime.sockets import Address, Use
from resolver.tables.names import KEYS_FILE

CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Programs:
    """The command lines of the parts; a worker's gets ``--slot N`` added."""

    control: tuple[str, ...]
    gateway: tuple[str, ...]
    resolver: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run and where. ``slot``: only this worker, as the units of systemd do it."""

    place: Place
    programs: Programs
    parts: frozenset[Part] = frozenset(Part)
    slot: int | None = None
    expected: Layout | None = None
    """What the configuration asks for: its processes start while control makes the first generation, and wait for it."""

    @property
    def scope(self) -> str:
        """The name of this selection in file names and messages."""
        if self.parts == frozenset(Part):
            return "all"
        name = "-".join(sorted(self.parts))
        return name if self.slot is None else f"{name}-{self.slot}"

    @property
    def data_plane(self) -> bool:
        """Whether anything is run that needs a published generation."""
        return bool(self.parts & {Part.GATEWAY, Part.RESOLVER})

    @property
    def probes(self) -> bool:
        """Whether an address must be free of everybody; the workers of other slots are no strangers."""
        return self.slot is None

    def control(self, *, is_served: bool) -> Program | None:
        """The control process, if it is part of the plan. It binds its own address, which a reload may change.

        Where a generation of before is served (``is_served``), it gives way to those who serve it.
        """
        niceness = BEHIND_QUERIES if is_served else 0
        return (
            Program(self.programs.control, judges=True, niceness=niceness)
            if Part.ADMIN in self.parts
            else None
        )

    def wanted(self, layout: Layout) -> dict[str, Program]:
        """The data-plane processes that a layout asks for, by name."""
        programs: dict[str, Program] = {}
        if Part.RESOLVER in self.parts:
            slots = range(layout.workers) if self.slot is None else (self.slot,)
            addresses = tuple(
                Address(use, text, "resolver.listen") for text in layout.listen for use in (Use.UDP, Use.TCP)
            )
            for slot in slots:
                command = (*self.programs.resolver, "--slot", str(slot))
                programs[resolver_name(slot)] = Program(command, addresses, siblings=True)
        if Part.GATEWAY in self.parts and layout.gateway:
            listen = tuple(Address(Use.HTTP, text, "gateway.listen") for text in layout.gateway)
            programs[GATEWAY] = Program(self.programs.gateway, listen)
        return programs


def installed_programs(config_path: Path, place: Place, log_keys: str = "") -> Programs:
    """The real command lines. ``log_keys`` is a file of the log's keys in place of the one that control keeps."""
    python = (sys.executable, "-m")
    keys = log_keys or str(place.state / KEYS_FILE)
    folders = ("--state", str(place.state), "--run", str(place.run), "--log-key", keys)
    return Programs(
        control=(*python, "admin.control", "-c", str(config_path)),
        gateway=(*python, "gateway", *folders),
        resolver=(*python, "resolver.worker", *folders),
    )
