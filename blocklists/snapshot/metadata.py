"""The snapshot's own notes, as JSON: bit plan, lists behind each class, local data, digest. Never a secret name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from blocklists.model import Action, Bit, BitRole
from blocklists.snapshot.classes import Provenance

LocalData = dict[str, tuple[tuple[str, int, str], ...]]
"""Records by owner: ``name`` for exactly the name, ``*.name`` for all below it, a prefix for addresses in answers,
``client prefix`` for clients, and ANY_OWNER for whatever has none of its own."""

ANY_OWNER = "*"


def client_owner(prefix: str) -> str:
    """The owner of the records for clients of a prefix."""
    return f"client {prefix}"


@dataclass(frozen=True, slots=True)
class ClientTrigger:
    """What list ``list_id`` asks for about queries of clients of a prefix (``192.0.2.0/24``, ``2001:db8::1``)."""

    list_id: str
    prefix: str
    action: Action


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a reader needs beside the table. ``provenance`` is by class id; None = several lists, not kept.

    ``plain`` are the numbers of lists that only ever block: what such a list says at a name depends on no other name.
    """

    digest: str
    bits: tuple[Bit, ...]
    lists: tuple[str, ...]
    provenance: tuple[Provenance | None, ...]
    local_data: Mapping[str, LocalData]
    plain: frozenset[int]
    clients: tuple[ClientTrigger, ...] = ()


def encode(meta: Metadata) -> bytes:
    """The meta bytes of a file."""
    notes = {
        "digest": meta.digest,
        "bits": [[bit.role, bit.id, bit.action] for bit in meta.bits],
        "lists": list(meta.lists),
        "provenance": list(meta.provenance),
        "local_data": {list_id: data for list_id, data in meta.local_data.items() if data},
        "plain": sorted(meta.plain),
        "clients": [[trigger.list_id, trigger.prefix, trigger.action] for trigger in meta.clients],
    }
    return json.dumps(notes, ensure_ascii=True, separators=(",", ":")).encode()


def decode(meta: bytes) -> Metadata:
    """Read meta bytes. ValueError, KeyError, TypeError or AttributeError if they are not what ``encode`` writes."""
    notes = json.loads(meta)
    return Metadata(
        digest=str(notes["digest"]),
        bits=tuple(
            Bit(index, BitRole(role), str(id_), Action(action))
            for index, (role, id_, action) in enumerate(notes["bits"])
        ),
        lists=tuple(map(str, notes["lists"])),
        provenance=tuple(map(_provenance, notes["provenance"])),
        local_data={
            list_id: {owner: _records(records) for owner, records in data.items()}
            for list_id, data in notes["local_data"].items()
        },
        plain=frozenset(map(int, notes["plain"])),
        clients=tuple(
            ClientTrigger(str(list_id), str(prefix), Action(action))
            for list_id, prefix, action in notes["clients"]
        ),
    )


def _provenance(lists: list[list[int]] | None) -> Provenance | None:
    if lists is None:
        return None
    exact, below = lists
    return tuple(map(int, exact)), tuple(map(int, below))


def _records(records: list[tuple[str, int, str]]) -> tuple[tuple[str, int, str], ...]:
    return tuple((str(rtype), int(ttl), str(rdata)) for rtype, ttl, rdata in records)
