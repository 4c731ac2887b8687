"""The manifest, v:1: the whole state of the filter as the log knows it. Its SHA-256 is the ``state`` of leaves.

Of a list it has a root or a commitment, never an entry; of a profile which lists it enforces and a digest of its rules,
never a subscriber or what one has chosen. What is written where is README.md beside this file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from resolver.tlog import fields
from resolver.tlog.canonical import FormatError, Json
from resolver.tlog.canonical import decode as decode_json
from resolver.tlog.canonical import encode as encode_json
from resolver.tlog.leaf_types import MAX_LISTS

VERSION = 1
MAX_MANIFEST = 8 * 1024 * 1024
"""Bytes; a manifest of 1,024 lists and 10,000 profiles has less."""
MAX_PROFILES = 100_000


@dataclass(frozen=True, slots=True)
class Edits:
    """Single entries that people have added to a list or taken out of it. ``n`` is None where it is not published."""

    n: int | None = None
    raw: str = ""
    """SHA-256 of their canonical text, where the list is public."""
    commit: str = ""
    """The commitment to it, where it is not."""


@dataclass(frozen=True, slots=True)
class ListState:
    """One list. Hashes are lower-case hexadecimal; empty texts and None are keys that are absent."""

    conf: str
    """``public``, ``restricted`` or ``secret``."""
    n: int | None = None
    """How many entries it has, where that is published."""
    raw: str = ""
    """SHA-256 of the canonical text: of public lists alone."""
    commit: str = ""
    """The commitment to the canonical text: of restricted and secret lists alone."""
    upd: int | None = None
    """When this version was accepted, POSIX seconds."""
    auth: str = ""
    """The authority that the list comes from, where it may be named."""
    basis: str = ""
    """``voluntary``, ``statute``, ``court`` or ``user``."""
    kind: str = ""
    """``illegal``, ``security``, ``category`` or ``protected``."""
    title: str = ""
    enf: str = "all"
    """What is enforced of it: ``all``, ``names`` (no URL entries) or ``nothing`` (suspended, too old)."""
    edits: Edits | None = None
    root: str = ""
    """Stage 2: the root of the prefix tree."""
    vrf: str = ""
    """Stage 2: the VRF key of its labels."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that decides for more than one subscriber."""

    lists: Mapping[str, ListState]
    profiles: Mapping[str, tuple[str, ...]]
    """The lists that each profile enforces, those that hold for everybody among them."""
    software: str
    """Version and SHA-256 of the software, ``1.4.0+<64 hex>``."""
    rules: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Profile → SHA-256 of all else that is set in it (schedules, own rules, safe search)."""
    protected: str = ""
    """SHA-256 of the canonical text of the names that no category may block."""


_HASHES = dict.fromkeys(("raw", "commit", "root", "vrf"), fields.hash_hex)
_EDITS = fields.record({}, {"n": fields.counter, "raw": fields.hash_hex, "commit": fields.hash_hex})
_LIST = fields.record(
    {"conf": fields.one_of({"public", "restricted", "secret"})},
    {
        **_HASHES,
        "n": fields.counter,
        "upd": fields.counter,
        "auth": fields.text(200),
        "basis": fields.one_of({"voluntary", "statute", "court", "user"}),
        "kind": fields.one_of({"illegal", "security", "category", "protected"}),
        "title": fields.text(200),
        "enf": fields.one_of({"names", "nothing"}),
        "edits": _EDITS,
    },
)
_MANIFEST = fields.record(
    {
        "lists": fields.table(fields.identifier, _LIST, MAX_LISTS),
        "profiles": fields.table(fields.identifier, fields.rows(fields.identifier, MAX_LISTS), MAX_PROFILES),
        "sw": fields.text(200),
        "v": fields.counter,
    },
    {
        "rules": fields.table(fields.identifier, fields.hash_hex, MAX_PROFILES),
        "protected": fields.hash_hex,
    },
)
_TEXTS = ("auth", "basis", "kind", "title", *_HASHES)


def digest(data: bytes) -> str:
    """The hash of a manifest's bytes: the ``state`` that leaves name."""
    return hashlib.sha256(data).hexdigest()


def encode(manifest: Manifest) -> bytes:
    """The bytes of a manifest. FormatError: it breaks a rule; nothing that ``decode`` would refuse is written."""
    found: dict[str, Json] = {
        "lists": {name: _list_json(item) for name, item in manifest.lists.items()},
        "profiles": {name: list(lists) for name, lists in manifest.profiles.items()},
        "sw": manifest.software,
        "v": VERSION,
    }
    if manifest.rules:
        found["rules"] = dict(manifest.rules)
    if manifest.protected:
        found["protected"] = manifest.protected
    _check(found)
    return _bounded(encode_json(found))


def decode(data: bytes) -> Manifest:
    """The manifest of these bytes. FormatError: they are none of v:1."""
    found = decode_json(_bounded(data))
    _check(found)
    assert isinstance(found, dict), "checked above"
    return Manifest(
        lists=MappingProxyType({name: _list_state(item) for name, item in found["lists"].items()}),
        profiles=MappingProxyType({name: tuple(lists) for name, lists in found["profiles"].items()}),
        software=found["sw"],
        rules=MappingProxyType(found.get("rules", {})),
        protected=found.get("protected", ""),
    )


def _check(found: Json) -> None:
    _MANIFEST(found)
    assert isinstance(found, dict), "checked above"
    if found["v"] != VERSION:
        raise FormatError(f"the manifest is of another version than {VERSION}")
    for item in found["lists"].values():
        for part in (item, item.get("edits", {})):
            if ("raw" in part and item["conf"] != "public") or (
                "commit" in part and item["conf"] == "public"
            ):
                raise FormatError("a list has a hash that does not suit its confidentiality")
    for name in found.get("rules", {}):
        if name not in found["profiles"]:
            raise FormatError(f"there are rules of {name!r}, which is no profile of the manifest")
    for name, lists in found["profiles"].items():
        if not found["lists"].keys() >= set(lists):
            raise FormatError(f"the profile {name!r} enforces a list that the manifest has not")


def _list_json(item: ListState) -> dict[str, Json]:
    found: dict[str, Json] = {"conf": item.conf}
    found |= {key: text for key in _TEXTS if (text := getattr(item, key))}
    found |= {key: number for key in ("n", "upd") if (number := getattr(item, key)) is not None}
    if item.enf != "all":
        found["enf"] = item.enf
    if item.edits is not None:
        edits: dict[str, Json] = {"raw": item.edits.raw, "commit": item.edits.commit, "n": item.edits.n}
        found["edits"] = {key: value for key, value in edits.items() if value not in ("", None)}
    return found


def _list_state(found: dict[str, Any]) -> ListState:
    """From a list that was checked; its keys are the names of the fields."""
    edits = found.get("edits")
    return ListState(**found | {"edits": None if edits is None else Edits(**edits)})


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_MANIFEST:
        raise FormatError(f"the manifest has {len(data)} bytes, more than {MAX_MANIFEST}")
    return data
