"""From entries as a person wrote them to edits that are kept and in force, all or none; and the event that tells of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from admin.api.appliance import EditReport, Wish
from admin.audit.events import Event, EventKind, digest_of
from admin.control.editing import Editor
from admin.control.lives import Lives
from admin.services.acts import Act
from admin.services.guarding import check_edit
from blocklists.edits import Change, Edit, parse_edit
from blocklists.guard import Guard
from blocklists.model import Confidentiality, ListSource
from blocklists.suffixes import public_suffixes


def fulfil(
    editor: Editor, source: ListSource, wishes: Sequence[Wish], guard: Guard
) -> tuple[EditReport, tuple[Edit, ...]]:
    """Change single entries of a list; also the edits that held before. EditError or OSError: none of them is kept."""
    suffixes = public_suffixes()
    edits = [parse_edit(source, wish.change, wish.name, wish.scope, suffixes) for wish in wishes]
    for edit in edits:
        check_edit(source, edit, guard)
    before = editor.edits(source.id)
    return editor.edit(source, edits), before


async def announce(
    lives: Lives,
    act: Act,
    source: ListSource,
    wishes: Sequence[Wish],
    before: Sequence[Edit],
    after: Sequence[Edit],
) -> None:
    """Keep the event of edits that are in force until the audit log has it. OSError: it could not be kept."""
    asked = Counter(wish.change for wish in wishes)
    event = Event(
        EventKind.LIST_EDITED,
        source.id,
        _digest(source, before),
        _digest(source, after),
        act.reason,
        {
            "added": asked[Change.ADD],
            "removed": asked[Change.REMOVE],
            "taken_back": asked[Change.TAKE_BACK],
            "edits": len(after),
        },
    )
    await lives.change(source.id, lambda life: lives.with_event(life, event, act.actor))


def _digest(source: ListSource, edits: Sequence[Edit]) -> str:
    """Of the edits of a public list; those of others are few enough to be guessed from it."""
    if not edits or source.confidentiality is not Confidentiality.PUBLIC:
        return ""
    return digest_of(sorted([edit.change.value, edit.name, edit.scope.value] for edit in edits))
