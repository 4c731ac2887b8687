"""The events of configurations: what was loaded, what was refused, with digests in place of contents. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from admin.audit.events import Event, EventKind
from admin.config import Config
from admin.services.actors import Actor, ActorKind

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


def fixed_keys(before: Config, after: Config) -> Iterator[str]:
    """The keys that differ and cannot change while Weir runs."""
    if before.data_dir != after.data_dir:
        yield "data_dir"
    if before.admin.database != after.admin.database:
        yield "admin.database"


def _file(declared: Config) -> Actor:
    return Actor.of_the_box(ActorKind.FILE, str(declared.path))
