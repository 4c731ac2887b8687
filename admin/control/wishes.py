"""From entries as a person wrote them to edits that are kept and in force, all or none."""

from __future__ import annotations

from collections.abc import Sequence

from admin.api.appliance import EditReport, Wish
from admin.control.editing import Editor
from admin.services.guarding import check_edit
from blocklists.edits import parse_edit
from blocklists.guard import Guard
from blocklists.model import ListSource
from blocklists.suffixes import public_suffixes


def fulfil(editor: Editor, source: ListSource, wishes: Sequence[Wish], guard: Guard) -> EditReport:
    """Change single entries of a list. EditError or OSError: none of them is kept."""
    suffixes = public_suffixes()
    edits = [parse_edit(source, wish.change, wish.name, wish.scope, suffixes) for wish in wishes]
    for edit in edits:
        check_edit(source, edit, guard)
    return editor.edit(source, edits)
