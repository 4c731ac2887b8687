"""The events of configurations: what was loaded, what was refused, with digests in place of contents; and what a start tells."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from admin.audit.events import Event, EventKind, digest_of
from admin.config import Config
from admin.services.actors import Actor, ActorKind
from admin.services.acts import Act
from admin.services.software import software

_SAMPLE = "query_sample"
Note = tuple[Event, Actor, float]
"""What ``Storage.note`` takes."""


def config_loaded(declared: Config, at: float, before: Config | None = None) -> Note:
    """A configuration is in force; ``before`` is the one that was. Digests are those of the files."""
    event = Event(
        EventKind.CONFIG_LOADED,
        str(declared.path),
        before=before.digest if before else "",
        after=declared.digest,
    )
    return event, _file(declared), at


def asked_by(note: Note, act: Act | None) -> Note:
    """The same, told of whoever asked for the file to be read again; None: a signal did."""
    if act is None:
        return note
    event, _, at = note
    return replace(event, reason=act.reason), act.actor, at


def config_refused(declared: Config, at: float, problems: Sequence[str]) -> Note:
    """A file was refused; ``declared`` stays in force. What is wrong with it is for the operator's eyes, not for the log."""
    event = Event(
        EventKind.CONFIG_REFUSED,
        str(declared.path),
        before=declared.digest,
        after=declared.digest,
        detail={"problems": len(problems)},
    )
    return event, _file(declared), at


def sampling(declared: Config, at: float) -> Note:
    """Whether a sample of queries is looked at."""
    rate = declared.telemetry.query_sample
    if rate.one_in == 0:
        return Event(EventKind.DEBUG_OFF, _SAMPLE), _file(declared), at
    event = Event(EventKind.DEBUG_ON, _SAMPLE, after=digest_of(str(rate)), detail={"rate": str(rate)})
    return event, _file(declared), at


def beginnings(declared: Config, at: float) -> tuple[Note, ...]:
    """What every start tells of its configuration; what is as it was is news to nobody (``services.events.news``)."""
    return config_loaded(declared, at), sampling(declared, at)


async def software_started(at: float) -> Note:
    """This Weir runs now: to be told before the first state that it makes, which names it too."""
    runs = await asyncio.to_thread(software)
    event = Event(EventKind.SOFTWARE_STARTED, "weir", after=runs.digest, detail={"version": runs.version})
    return event, Actor.of_the_box(ActorKind.SUPERVISOR, "weir"), at


def unchangeable(before: Config, after: Config) -> list[str]:
    """What differs and cannot change while Weir runs, in words."""
    differs = {
        "data_dir": before.data_dir != after.data_dir,
        "admin.database": before.admin.database != after.admin.database,
        "admin.vault.key": before.admin.vault != after.admin.vault,
    }
    return [
        f"{after.path}: {name} cannot change while Weir runs: restart it"
        for name, is_other in differs.items()
        if is_other
    ]


def _file(declared: Config) -> Actor:
    return Actor.of_the_box(ActorKind.FILE, str(declared.path))
