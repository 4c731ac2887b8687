"""Texts that anybody may have who wants to recompute what the public log says: of public lists, and of protected names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from admin.api.list_life import Part
from admin.control.lists import ListKeeper
from admin.services.actors import Actor, Permission, require
from admin.services.errors import ConflictError, NotFoundError
from admin.services.find_list import find_list
from blocklists.digesting import Digester, edits_text
from blocklists.edits import Edit
from blocklists.gates import SHORTEST_DIGEST
from blocklists.guard import Guard
from blocklists.list_store import ListStore
from blocklists.model import Confidentiality, ListSource


def list_texts(
    keeper: ListKeeper,
    sources: Callable[[], Iterable[ListSource]],
    held_edits: Callable[[str], Sequence[Edit]],
    guard: Callable[[], Guard],
) -> ListTexts:
    """The texts of what ``keeper`` keeps."""
    return ListTexts(keeper.store, keeper.digester, sources, held_edits, guard)


@dataclass(frozen=True, slots=True)
class ListTexts:
    """Implements ``admin.api.list_life.ListTexts``."""

    store: ListStore
    digester: Digester
    sources: Callable[[], Iterable[ListSource]]
    """The lists of the configuration in force."""
    held_edits: Callable[[str], Sequence[Edit]]
    guard: Callable[[], Guard]

    async def text(self, actor: Actor, list_id: str, part: Part, wanted: str) -> bytes:
        """As ``ListTexts.text``."""
        require(actor, Permission.LISTS_READ)
        source = self._public(list_id)
        if part is Part.EDITS:
            return edits_text(await asyncio.to_thread(self.held_edits, list_id))
        return await asyncio.to_thread(self._text, source, wanted)

    async def protected(self, actor: Actor) -> bytes:
        """As ``ListTexts.protected``."""
        require(actor, Permission.LISTS_READ)
        return await asyncio.to_thread(lambda: self.guard().text)

    def _text(self, source: ListSource, wanted: str) -> bytes:
        """Of the version that serves, or of one that the version's or the text's own digest begins so."""
        serving = self.store.serving_for(source)
        kept = self.store.kept_digests(source.id) if wanted else (serving.digest if serving else "",)
        for version in filter(None, kept):
            found = (
                None if self.store.is_closed_to(source, version) else self.digester.digest(source, version)
            )
            if found is None or not (version.startswith(wanted) or found.text.startswith(wanted)):
                continue
            if (opened := self.digester.opened(source, found.text)) is not None:
                return opened.text
        which = f"a version or text {wanted[:SHORTEST_DIGEST]}…" if wanted else "a version that serves"
        raise NotFoundError(f"list {source.id}: the text of {which} is not kept here")

    def _public(self, list_id: str) -> ListSource:
        source = find_list(self.sources(), list_id)
        if source.confidentiality is not Confidentiality.PUBLIC:
            raise ConflictError(
                f"list {list_id} is {source.confidentiality.value}: its text is opened to auditors alone, by two persons "
                "and with a reason"
            )
        return source
