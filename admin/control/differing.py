"""Which two versions of a list are to be compared, and what may be told of it."""

from __future__ import annotations

from collections.abc import Sequence

from admin.api.list_life import VersionDifference
from admin.services.actors import Actor, ActorKind
from admin.services.errors import ConflictError
from blocklists.entry_life import EntryLives
from blocklists.gates import SHORTEST_DIGEST
from blocklists.list_store import ListStore
from blocklists.model import Confidentiality, ListSource


def difference_of(
    store: ListStore, entries: EntryLives, source: ListSource, before: str, after: str
) -> VersionDifference:
    """Compare; reads both texts, and gives names whatever the list is (``may_see_names``). ConflictError as ``ListActions.difference`` says.

    A held version can be compared too: that is how somebody judges it.
    """
    held = store.attempt(source.id).held
    known = [*([held.digest] if held else []), *(kept.digest for kept in store.versions(source.id))]
    serving = store.serving_for(source)
    newer = _named(source, known, after) if after else serving.digest if serving else ""
    older = _named(source, known, before) if before else _next(source, known, newer)
    try:
        found = entries.difference(source, older, newer)
    except LookupError as error:
        raise ConflictError(
            f"list {source.id}: the text of version {str(error)[1:13]} is not kept here"
        ) from error
    if found is None:
        return VersionDifference(source.id, older, newer, None, None, None)
    return VersionDifference(source.id, older, newer, len(found.added), len(found.removed), found)


def may_see_names(actor: Actor, source: ListSource) -> bool:
    """Whether entries may be shown: of a public list to anybody who may read it, of a restricted one to whoever says
    who they are, of a secret one to nobody.
    """
    if source.confidentiality is Confidentiality.SECRET:
        return False
    return source.confidentiality is Confidentiality.PUBLIC or actor.kind is not ActorKind.ANONYMOUS


def _named(source: ListSource, known: Sequence[str], beginning: str) -> str:
    found = [digest for digest in dict.fromkeys(known) if digest.startswith(beginning.lower())]
    if len(beginning) < SHORTEST_DIGEST or len(found) != 1:
        shown = ", ".join(digest[:SHORTEST_DIGEST] for digest in known) or "none"
        raise ConflictError(
            f"list {source.id}: no single version {beginning[:64]} is kept; kept are: {shown}"
        )
    return found[0]


def _next(source: ListSource, known: Sequence[str], newer: str) -> str:
    """The version that was accepted before."""
    place = known.index(newer) + 1 if newer in known else len(known)
    if place >= len(known):
        raise ConflictError(f"list {source.id}: no version before this one is kept")
    return known[place]
