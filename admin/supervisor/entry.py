"""``weir serve`` from its arguments to its exit status: configuration, folders, locks, free addresses, then the loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from admin.config import ConfigError
from admin.config.outline import Outline, outline_of, read_outline
from admin.services.layout import Layout, cores
from admin.services.locking import Lock, LockedError
from admin.services.parts import Part
from admin.services.place import Place
from admin.supervisor.plan import Plan, installed_programs
from admin.supervisor.sockets import probe
from admin.supervisor.supervisor import Supervisor, say
from resolver.runtime.sockets import Address, SocketError, Use

FAILED = 1
USAGE = 2
DATA_DIR_VARIABLE = "WEIR_DATA_DIR"
"""Names ``data_dir`` for a part of the data plane that runs apart. The configuration is then not read: a broken file
keeps no box from filtering, and processes that take hostile bytes need not be able to read who the subscribers are."""
LOG_KEYS_VARIABLE = "WEIR_LOG_KEYS"
"""Names a file with the keys of the public log, which only root can write, say: the data plane then trusts these and not
those that control keeps in the state folder. They are the operator's to change with every new key and year."""
DEMO_TEXT = "demo.txt"
"""A file beside the configuration; what it says is printed when all is ready."""


def run(config_path: Path, only: str | None, slot: int | None) -> int:
    """Run Weir, or the part that ``only`` names (of the resolver: the worker ``slot``), until it is told to stop.

    Returns 0 after a clean stop, 1 when it cannot start, 2 for a configuration that cannot be used.
    """
    demo = config_path.parent / DEMO_TEXT
    if only in (Part.GATEWAY, Part.RESOLVER) and (folder := os.environ.get(DATA_DIR_VARIABLE)):
        return _serve(_plan(config_path, Path(folder), only, slot), demo)
    try:
        outline = _outline(config_path, only)
    except ConfigError as error:
        for fault in error.problems:
            say(str(fault))
        return USAGE
    plan = _plan(config_path, outline.data_dir, only, slot)
    if only is None:
        plan = replace(plan, expected=_expected(outline))
    return _serve(plan, demo, _addresses(outline) if only is None else ())


def _outline(config_path: Path, only: str | None) -> Outline:
    """Enough of the configuration to start; ConfigError if it cannot be used, unless control is there to find that."""
    if only in (None, Part.ADMIN) and (outline := read_outline(config_path)) is not None:
        return outline
    # The models take 200 ms to import: a start waits for them only where nobody else reads the configuration.
    from admin.config.loading import load

    return outline_of(load(config_path))


def _plan(config_path: Path, data_dir: Path, only: str | None, slot: int | None) -> Plan:
    place = Place(data_dir.absolute())
    parts = frozenset(Part) if only is None else frozenset({Part(only)})
    programs = installed_programs(config_path.absolute(), place, os.environ.get(LOG_KEYS_VARIABLE, ""))
    return Plan(place, programs, parts, slot)


def _expected(outline: Outline) -> Layout:
    return Layout(
        generation=0,
        listen=tuple(map(str, outline.listen)),
        workers=cores() if outline.workers == "auto" else outline.workers,
        gateway=tuple(map(str, outline.gateway)),
    )


def _addresses(outline: Outline) -> Sequence[Address]:
    """All that the whole appliance listens on."""
    dns = [str(address) for address in outline.listen]
    addresses = [Address(use, text, "resolver.listen") for text in dns for use in (Use.UDP, Use.TCP)]
    addresses += [Address(Use.HTTP, str(address), "gateway.listen") for address in outline.gateway]
    return [*addresses, Address(Use.HTTP, str(outline.admin), "admin.listen")]


def _serve(plan: Plan, demo: Path, addresses: Sequence[Address] = ()) -> int:
    """Run the plan; ``addresses`` must be free before anything is started."""
    try:
        plan.place.create()
        with _locks(plan):
            probe(addresses)
            status = asyncio.run(_supervise(plan, demo))
            if Part.RESOLVER in plan.parts:
                from resolver.outbound.mapping import remove_unused  # no start shall wait for it

                remove_unused(plan.place.run)
            return status
    except (OSError, LockedError, SocketError) as error:
        say(str(error))
        return FAILED


async def _supervise(plan: Plan, demo: Path) -> int:
    return await Supervisor(plan, on_ready=lambda: _announce(demo), say=say).run()


@contextlib.contextmanager
def _locks(plan: Plan) -> Iterator[None]:
    """One supervisor per part and data folder; workers that run apart share the resolver's lock."""
    run, apart = plan.place.run, plan.slot is not None
    with contextlib.ExitStack() as held:
        for part in sorted(plan.parts):
            lock = Lock(run / f"serve-{part}.lock", what=f"weir serve ({part})", shared=apart)
            held.callback(lock.release)
        if apart:
            lock = Lock(run / f"serve-{plan.scope}.lock", what=f"weir serve (worker {plan.slot})")
            held.callback(lock.release)
        yield


def _announce(demo: Path) -> None:
    """The line that people and tests wait for, and what a demonstration has to say."""
    try:
        text = demo.read_text(encoding="utf-8")
    except OSError:
        text = ""
    try:
        sys.stdout.write("weir: ready\n" + text)
        sys.stdout.flush()
    except BrokenPipeError:
        return  # nobody reads: no reason to stop serving
