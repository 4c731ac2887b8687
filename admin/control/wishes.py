"""From entries as a person wrote them to edits that are kept and in force, all or none, with the event that tells of them.

The event is kept in one record with the edits, and goes from there to the life of the list (``Lives``), which carries it
to the audit log: whatever dies when, there is no edit without its event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from admin.api.appliance import EditReport, Wish
from admin.audit.events import Event, EventKind, digest_of
from admin.control.editing import Editor
from admin.services.acts import Act
from admin.services.announced import MARK, announcement, read_announcement
from admin.services.guarding import check_edit
from admin.services.list_facts import with_facts
from blocklists.edits import Change, Edit, parse_edit
from blocklists.guard import Guard
from blocklists.model import Confidentiality, ListSource
from blocklists.records import ListLife
from blocklists.suffixes import public_suffixes


def fulfil(editor: Editor, source: ListSource, wishes: Sequence[Wish], guard: Guard, act: Act) -> EditReport:
    """Change single entries of a list. EditError or OSError: none of them is kept."""
    suffixes = public_suffixes()
    edits = [parse_edit(source, wish.change, wish.name, wish.scope, suffixes) for wish in wishes]
    for edit in edits:
        check_edit(source, edit, guard)

    def told(before: Sequence[Edit], after: Sequence[Edit]) -> str:
        return "" if before == after else _told(act, source, wishes, before, after)

    return editor.edit(source, edits, told)


def with_notes(life: ListLife, notes: Iterable[str]) -> ListLife:
    """The life with the events of edits that it does not know yet; ``notes`` are all that are kept with the edits."""
    fresh: list[tuple[str, str]] = []
    for note in notes:
        found = read_announcement(note)
        if found is None:
            continue
        mark = str(found.event.detail.get(MARK))
        if mark == life.noted:
            fresh = []
        else:
            fresh.append((note, mark))
    if not fresh:
        return life
    return replace(life, pending=(*life.pending, *(note for note, _ in fresh)), noted=fresh[-1][1])


def _told(
    act: Act, source: ListSource, wishes: Sequence[Wish], before: Sequence[Edit], after: Sequence[Edit]
) -> str:
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
    return announcement(with_facts(event, source), act.actor, act.at)


def _digest(source: ListSource, edits: Sequence[Edit]) -> str:
    """Of the edits of a public list; those of others are few enough to be guessed from it."""
    if not edits or source.confidentiality is not Confidentiality.PUBLIC:
        return ""
    return digest_of(sorted([edit.change.value, edit.name, edit.scope.value] for edit in edits))
