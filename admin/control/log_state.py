"""The manifest of what is about to be in force: what the public log says of lists, profiles and software.

Pure but for ``facts_of``, which looks up what is remembered of versions and works out what is not. Which versions these
are, and when a manifest is made, is decided elsewhere. Nothing of a subscriber comes in here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from admin.config import Config
from admin.config.document import MAX_KEYS
from admin.config.people import ProfileConfig
from admin.control.compiled import Fingerprint
from admin.control.lists import ListKeeper
from admin.services.build import EnforcedLists, sources
from admin.services.certificate import Software
from admin.services.list_facts import tells_numbers
from admin.services.software import software
from blocklists.digesting import Digester
from blocklists.edits import Edit
from blocklists.enforcement import Enforced, fed_by
from blocklists.guard import Guard
from blocklists.list_store import ListStore
from blocklists.model import Confidentiality, Kind, ListSource
from blocklists.properties import Attribution, Publish
from blocklists.version_digests import VersionDigest
from resolver.tlog import canonical
from resolver.tlog.canonical import Json
from resolver.tlog.manifests import Edits, ListState, Manifest

MOST_TEXT = 200
"""Characters of an authority or title that the manifest has room for."""
EditsOf = Callable[[str], Sequence[Edit]]
"""The edits of a list that hold (``Editor.edits``)."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class ListFacts:
    """One list as it is about to be in force."""

    source: ListSource
    version: VersionDigest | None = None
    """None: no version of it is compiled, or nobody knows which."""
    accepted: float | None = None
    """When that version passed the gates, Unix seconds."""
    enforced: Enforced = Enforced.ALL
    edits: int = 0
    """How many edits hold."""
    edits_digest: str = ""
    """Their digest or the commitment to them."""


def facts_of(
    source: ListSource, version: str, edits: Sequence[Edit], store: ListStore, digester: Digester
) -> ListFacts:
    """What is to be said of the version known by the digest ``version`` (empty: of none). In a thread.

    OSError: something that opens a commitment could not be stored; it must not be published.
    """
    facts = ListFacts(source, edits=len(edits))
    if source.handling.publish is Publish.NONE:
        return facts
    if source.handling.publish is Publish.ROOT:
        facts = replace(facts, edits_digest=digester.edits(source, edits))
    if not version:
        return facts
    kept = next((one for one in store.versions(source.id) if one.digest == version), None)
    accepted = None if kept is None else kept.accepted or kept.fetched
    return replace(facts, version=digester.digest(source, version), accepted=accepted)


def describe(
    config: Config, versions: Fingerprint | None, keeper: ListKeeper, edits: EditsOf, guard: Guard
) -> Manifest:
    """The manifest of a configuration over these versions (None: nobody knows which), with what is enforced of the lists
    now. In a thread. OSError; ValueError: it has more than a manifest may.
    """
    known = {source.id: version for source, version in versions or ()}
    facts = [
        facts_of(source, known.get(source.id, ""), edits(source.id), keeper.store, keeper.digester)
        for source in sources(config)
    ]
    return manifest_of(config, facts, keeper.lives.enforced(), guard, software())


def manifest_of(
    config: Config, lists: Iterable[ListFacts], enforced: EnforcedLists, guard: Guard, software: Software
) -> Manifest:
    """The manifest of a configuration over these lists, all that it has; ``enforced`` by id, all of a list by default.

    ``guard`` has the names at which no list is enforced.
    """
    known = tuple(replace(facts, enforced=enforced.get(facts.source.id, Enforced.ALL)) for facts in lists)
    listed = tuple(facts.source for facts in known)
    alike = {(profile.block, profile.security): profile for profile in config.profiles.values()}
    found = {rules: enforced_by(profile, listed) for rules, profile in alike.items()}
    return Manifest(
        lists={facts.source.id: list_state(facts) for facts in known},
        profiles={name: found[item.block, item.security] for name, item in config.profiles.items()},
        software=f"{software.version}+{software.digest}",
        rules={
            name: rules_digest(profile, is_default=name == config.default_profile)
            for name, profile in config.profiles.items()
        },
        protected=hashlib.sha256(guard.text).hexdigest(),
    )


def list_state(facts: ListFacts) -> ListState:
    """What the manifest says of one list, as far as its ``publish`` allows."""
    source = facts.source
    is_named = source.handling.attribution is not Attribution.FORBIDDEN
    said = ListState(
        conf=source.confidentiality.value,
        auth=_fitting(source.authority) if is_named else "",
        basis=source.legal_basis.value,
        kind=source.kind.value,
        title=_fitting(source.title) if is_named and source.title != source.id else "",
        enf=facts.enforced.value,
    )
    if source.handling.publish is Publish.NONE:
        return said
    n = facts.version.entries if facts.version is not None and tells_numbers(source) else None
    said = replace(said, n=n, edits=_edits(facts))
    if facts.version is None or source.handling.publish is not Publish.ROOT:
        return said
    upd = None if facts.accepted is None else int(facts.accepted)
    if source.confidentiality is Confidentiality.PUBLIC:
        return replace(said, raw=facts.version.text, upd=upd)
    return replace(said, commit=facts.version.text, upd=upd)


def enforced_by(profile: ProfileConfig, listed: Iterable[ListSource]) -> tuple[str, ...]:
    """The lists that are in force for whoever has this profile, in the order of the configuration.

    Illegal lists are, and protected ones, which no profile can lift; security lists as the profile says; others, where
    they feed a category that it blocks.
    """
    blocked = set(profile.block)
    return tuple(
        source.id
        for source in listed
        if source.kind in (Kind.ILLEGAL, Kind.PROTECTED)
        or (source.kind is Kind.SECURITY and profile.security)
        or blocked.intersection(fed_by(source))
    )


@lru_cache(maxsize=MAX_KEYS)
def rules_digest(profile: ProfileConfig, *, is_default: bool) -> str:
    """SHA-256 (hexadecimal) of all that a profile says, as canonical JSON, and whether strangers have it."""
    said: Mapping[str, Json] = profile.model_dump(mode="json")
    return hashlib.sha256(canonical.encode({"default": is_default, "profile": said})).hexdigest()


def _edits(facts: ListFacts) -> Edits | None:
    """Of the edits of a list, under the same rules as of its entries; a secret list takes none."""
    if not facts.edits:
        return None
    is_public = facts.source.confidentiality is Confidentiality.PUBLIC
    return Edits(
        n=facts.edits if tells_numbers(facts.source) else None,
        raw=facts.edits_digest if is_public else "",
        commit="" if is_public else facts.edits_digest,
    )


def _fitting(text: str) -> str:
    """A text that has its place in the manifest; none in place of one that has not."""
    return "" if len(text) > MOST_TEXT or _CONTROL.search(text) else text
