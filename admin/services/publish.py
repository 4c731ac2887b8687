"""From lists and configuration to a published generation; shared by control and the command line.

Order of writing: compiled lists, clients, layout, proof, tables, link. Each is whole before the next begins and nothing that serves is
changed before the link moves, so whatever ends this process leaves the old generation or the new one in force.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from admin.config import Config
from admin.services.build import build_assignments, build_tables, sources
from admin.services.in_force import InForce
from admin.services.layout import layout_of, write_layout
from admin.services.place import Place
from admin.services.terms import UNLOGGED, Terms
from blocklists.edits import NO_EDITS, Edit, combine
from blocklists.list_store import ListStore
from blocklists.model import Bit, ListSource
from blocklists.snapshot import native
from blocklists.snapshot.above_stops import AboveStops
from blocklists.snapshot.bits import plan_digest
from blocklists.snapshot.compiler import CompileReport, compile_prepared
from blocklists.snapshot.metadata import ClientTrigger
from blocklists.snapshot.native import KEY_BYTES
from blocklists.snapshot.reader import changes_of
from blocklists.snapshot.readings import Prepared
from blocklists.sources import FetchError
from blocklists.sources.file import read_text
from blocklists.sources.full_digests import full_source, joined, needs_full
from blocklists.suffixes import public_suffixes
from blocklists.urls.layout import write_index
from resolver.tables import store
from resolver.tables.model import Tables
from resolver.tables.writing import ClientsWriter

_TEMPORARY = ".snapshot.tmp"
_SALT_BYTES = 16

Texts = Sequence[tuple[ListSource, bytes]]
"""Lists with the text of the version that is to serve."""


class Compile(Protocol):
    """``blocklists.snapshot.compiler.compile_prepared``, or what a test puts in its place."""

    def __call__(
        self,
        lists: Texts,
        path: Path,
        prepared: Prepared,
        *,
        now: float,
        suffixes: Collection[str],
        edits: Mapping[str, Sequence[Edit]],
    ) -> CompileReport:
        """Write the compiled table to ``path``."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Compiled lists in the state folder: file name, bit plan, and sizes in entries and bytes."""

    name: str
    bits: tuple[Bit, ...]
    entries: int
    size: int
    clients: tuple[ClientTrigger, ...] = ()
    """What its zones ask for about clients."""
    above_stops: AboveStops | None = field(default=None, compare=False, repr=False)
    """None: not known."""


def compile_lists(
    texts: Texts,
    state: Path,
    *,
    now: float,
    edits: Mapping[str, Sequence[Edit]] = NO_EDITS,
    compiler: Compile = compile_prepared,
    prepared: Prepared | None = None,
) -> Snapshot:
    """Compile into the state folder. OSError (disk full, …) and the compiler's ValueErrors leave nothing behind."""
    temporary, prepared = state / _TEMPORARY, prepared or Prepared()
    changes = changes_of(temporary)
    changes.unlink(missing_ok=True)
    try:
        report = compiler(texts, temporary, prepared, now=now, suffixes=public_suffixes(), edits=edits)
        name = f"snapshot-{report.digest}.weir"
        written = native.Snapshot.open(str(temporary), verify=False, without_secret=True)
        native.Changes.create(written, str(changes))
        write_index(state / store.urls_name(name), prepared.key, report.urls)
        changes.rename(changes_of(state / name))
        temporary.rename(state / name)
    except (OSError, ValueError):
        temporary.unlink(missing_ok=True)
        changes.unlink(missing_ok=True)
        raise
    above_stops = AboveStops.of(report.stops, secrets.token_hex(_SALT_BYTES))
    return Snapshot(name, report.bits, report.entries, report.size, report.clients, above_stops)


def publish(
    config: Config,
    snapshot: Snapshot,
    state: Path,
    *,
    now: float,
    terms: Terms = UNLOGGED,
    tidy: bool = True,
) -> InForce:
    """Make a generation of configuration and compiled lists the one in force. OSError leaves the old one in force.

    ``tidy`` removes old generations and what belongs to none.
    """
    tables = build_tables(config, next_generation(state), snapshot.name, now, terms.enforced)
    clients = _write_clients(config, snapshot, tables, state / tables.tables)
    try:
        write_layout(state, layout_of(tables))
        store.publish(state, tables, proof=terms.proof)
    except BaseException:
        clients.close()
        raise
    if tidy:
        with contextlib.suppress(
            OSError
        ):  # it is in force whatever stays behind, and the next one tries again
            store.collect_garbage(state)
    return InForce(state, config, tables, clients, snapshot.clients, terms.proof)


def stage(config: Config, snapshot: Snapshot, state: Path, *, now: float, terms: Terms = UNLOGGED) -> InForce:
    """Make a generation that the first worker alone obeys, until it is promoted or withdrawn (``store``). OSError: none
    is staged.
    """
    tables = build_tables(config, next_generation(state), snapshot.name, now, terms.enforced)
    clients = _write_clients(config, snapshot, tables, state / tables.tables)
    try:
        store.publish(state, tables, link_name=store.STAGED, proof=terms.proof)
    except BaseException:
        clients.close()
        raise
    staged = InForce(state, config, tables, clients, snapshot.clients, terms.proof)
    staged.is_staged = True
    return staged


def promote(staged: InForce, state: Path) -> None:
    """Let all obey a staged generation. OSError: it stays staged."""
    write_layout(state, layout_of(staged.tables))
    store.promote(state)
    staged.is_staged = False
    with contextlib.suppress(OSError):
        store.collect_garbage(state)


def _write_clients(config: Config, snapshot: Snapshot, tables: Tables, path: Path) -> ClientsWriter:
    """The file of clients and policies of a new generation, whole and on the disk under its name."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    clients = ClientsWriter.create(
        temporary,
        build_assignments(config, snapshot.bits, tables.lists, snapshot.clients),
        plan=plan_digest(snapshot.bits),
        key=secrets.token_bytes(KEY_BYTES),
        now=tables.created,
    )
    try:
        temporary.replace(path)  # no generation has this number, so whatever has the name belongs to none
    except BaseException:
        clients.close()
        temporary.unlink(missing_ok=True)
        raise
    return clients


def next_generation(state: Path) -> int:
    """One more than any number that was used in this folder, so that no reader mistakes a new state for an old one."""
    numbers = [store.current_generation(state) or 0]
    for path in (*state.glob("tables-*.json"), *state.glob(store.withdrawn_name("*"))):
        digits = path.stem.rpartition("-")[2]
        if digits.isdigit():
            numbers.append(int(digits))
    return max(numbers) + 1


def compile_offline(
    config: Config, directory: Path, *, now: float = 0.0, index_key: bytes | None = None
) -> tuple[str, ...]:
    """Publish what the configuration says into ``directory``, without an appliance and without fetching anything.

    File lists are read, others taken from what control has kept; secret ones need an ``index_key``. Returns one sentence for each list that is not at
    hand, and so left out. OSError, or the compiler's ValueError, if nothing can be published.
    """
    kept = ListStore(Place(config.data_dir).lists)
    texts: list[tuple[ListSource, bytes]] = []
    missing: list[str] = []
    for source in sources(config):
        try:
            texts.append((source, _offline_text(source, kept)))
        except FetchError as error:
            missing.append(f"list {source.id} is left out: {error}")
    edits = {source.id: combine(kept.edits(source.id).edits) for source, _ in texts}
    prepared = Prepared(index_key=index_key)
    compiled = compile_lists(texts, directory, now=now, edits=edits, prepared=prepared)
    publish(config, compiled, directory, now=now).close()
    return tuple(missing)


def _offline_text(source: ListSource, kept: ListStore) -> bytes:
    is_here = source.url.startswith("file:") and source.fetching.signature is None
    if is_here and not needs_full(source):
        return read_text(source)
    if is_here and full_source(source).url.startswith("file:"):
        return joined(source, *(read_text(one) for one in (source, full_source(source))))
    version = kept.load_for(source)
    if version is None:
        raise FetchError(f"{source.url.partition('?')[0]}: not fetched yet; start the appliance once")
    return version.data
