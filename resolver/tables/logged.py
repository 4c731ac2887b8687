"""Whether what a generation enforces is in the log: its tables and files against a leaf and a manifest. Pure.

The signature and the place in the log are ``resolver.tlog.state_proof``'s; files are read by ``proving``. What is wrong is
said without an entry, and what cannot be seen from here is not claimed: which policy a subscriber has, and the changes beside
the compiled lists, are written in place after they were logged, and bound by nothing in these files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from blocklists.enforcement import Enforced
from resolver.tables.codec import TABLES
from resolver.tables.model import GatewaySettings, ListInfo, ResolverSettings, Tables
from resolver.tables.names import TablesError
from resolver.tlog.leaves import Leaf
from resolver.tlog.manifests import Manifest

SNAP = "snap"
"""The key of a leaf that binds files to its state."""

_PART = {Enforced.NOTHING: 0, Enforced.NAMES: 1, Enforced.ALL: 2}
"""More is more."""


class NotLoggedError(TablesError):
    """A generation whose state is not shown to be in the log: not to be loaded."""


@dataclass(frozen=True, slots=True)
class Logged:
    """What a generation was shown to enforce: hexadecimal digests, and the index of the leaf."""

    state: str
    snap: str
    index: int


@dataclass(frozen=True, slots=True)
class FileDigests:
    """SHA-256 of the compiled lists and of the index of URLs; empty where there is none."""

    lists: bytes
    urls: bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """What a proof says once its signature and its place in the log are verified."""

    leaf: Leaf
    manifest: Manifest
    stopped: tuple[str, ...] = ()
    """Lists of which less may be enforced than the manifest says."""


def snap_of(files: FileDigests, tables: Tables) -> str:
    """What binds a generation to a leaf (hexadecimal): its compiled files, and what its tables say about names.

    Not bound, because it says how is served and not what is blocked, and an operator must be able to change it while the
    log is broken: the settings of resolver and gateway. What is enforced of a list stands in the manifest.
    """
    parts = (b"weir-generation/v1\n", files.lists, files.urls or bytes(32), _about_names(tables))
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _about_names(tables: Tables) -> bytes:
    """Digest of all that holds for every generation over the same lists."""
    lists = {list_id: replace(info, enforced=Enforced.ALL) for list_id, info in sorted(tables.lists.items())}
    constant = replace(
        tables,
        generation=0,
        created=0.0,
        tables="",
        lists=lists,
        categories=dict(sorted(tables.categories.items())),
        resolver=ResolverSettings(),
        gateway=GatewaySettings(),
    )
    return hashlib.sha256(TABLES.dump_json(constant)).digest()


def check(tables: Tables, files: FileDigests, found: Verified) -> Logged:
    """The state that these tables are proven to enforce. NotLoggedError says what does not fit."""
    snap = snap_of(files, tables)
    if found.leaf.facts.get(SNAP) != snap:
        raise _refused(tables, "its compiled lists or tables are not those that were logged")
    if tables.lists.keys() != found.manifest.lists.keys():
        raise _refused(tables, "it has other lists than the logged state")
    for list_id, info in tables.lists.items():
        if info.confidentiality.value != found.manifest.lists[list_id].conf:
            raise _refused(tables, f"list {list_id} has another confidentiality than in the logged state")
    less, more = differences(tables.lists, found.manifest)
    if more:
        raise _refused(tables, f"more is enforced of list {more[0]} than in the logged state")
    if silent := set(less) - set(found.stopped):
        raise _refused(
            tables, f"less is enforced of list {min(silent)} than in the logged state, and no emergency"
        )
    return Logged(found.leaf.state, snap, found.leaf.seq)


def differences(lists: Mapping[str, ListInfo], manifest: Manifest) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lists of which less is enforced than the manifest says, and those of which more is."""
    logged = {key: _PART[Enforced(item.enf)] for key, item in manifest.lists.items()}
    parts = {key: _PART[info.enforced] for key, info in lists.items()}
    less = tuple(key for key, part in parts.items() if part < logged.get(key, 0))
    more = tuple(key for key, part in parts.items() if part > logged.get(key, 0))
    return less, more


def _refused(tables: Tables, why: str) -> NotLoggedError:
    return NotLoggedError(f"generation {tables.generation} is not taken: {why}")
