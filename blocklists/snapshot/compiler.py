"""Lists in, one immutable file out. The file appears whole under its name or not at all."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blocklists.canaries import canary_of
from blocklists.durable import sync_folder
from blocklists.edits import NO_EDITS, Edit
from blocklists.model import Action, Bit, BitRole, Confidentiality, Kind, ListCounts, ListSource
from blocklists.properties import PolicyOverride
from blocklists.snapshot import metadata, native
from blocklists.snapshot.bits import feeds, plan_bits
from blocklists.snapshot.classes import ClassTable, CompileError, intern_classes, make_class, pack
from blocklists.snapshot.covering import leave_out_protected, spare_protected
from blocklists.snapshot.intake import Intake
from blocklists.snapshot.metadata import ANY_OWNER, ClientTrigger, LocalData
from blocklists.snapshot.prefixes import client_triggers, place_addresses
from blocklists.snapshot.readings import Prepared, expected, mark, read_list
from blocklists.snapshot.stops import apply_exceptions
from blocklists.snapshot.tokens import Token, TokenTable
from blocklists.urls.collecting import UrlRecords

OVERRIDE_TTL = 300
"""Seconds of the alias that an operator's override gives; answers shorten it like any other."""

__all__ = ["CompileError", "CompileReport", "compile_snapshot", "count_entries"]


@dataclass(frozen=True, slots=True)
class CompileReport:
    """What was built. ``size`` is bytes; ``counts`` is by list id.

    ``digest`` names the content: the same lists, suffixes and key give the same digest. It is keyed, so it tells
    nothing about a secret list to those without the key. ``urls`` is what the lists say of pages and by digests, in the
    order of the configuration: no part of the table.
    """

    entries: int
    size: int
    bits: tuple[Bit, ...]
    counts: dict[str, ListCounts]
    digest: str
    clients: tuple[ClientTrigger, ...] = ()
    """What RPZ lists ask for about clients, in the order of the configuration."""
    urls: tuple[UrlRecords, ...] = ()
    stops: frozenset[str] = frozenset()
    """The names of lists that are not secret at which look-ups end (``exceptions``)."""


def count_entries(source: ListSource, data: bytes, suffixes: Collection[str] = frozenset()) -> ListCounts:
    """Where the lines of one version would go; nothing is written, and no guarded name is looked up."""
    return read_list(source, data, suffixes, Prepared()).counts


def compile_snapshot(
    lists: Sequence[tuple[ListSource, bytes]],
    path: Path,
    *,
    key: bytes,
    now: float,
    suffixes: Collection[str],
    edits: Mapping[str, Sequence[Edit]] = NO_EDITS,
) -> CompileReport:
    """Build the snapshot of all lists at ``path``, in place of what is there.

    ``edits`` by list id change what the texts say (``blocklists.edits.combine`` has made one series of them).
    ``key`` is 32 secret bytes for the table's hash, ``now`` Unix seconds, ``suffixes`` the public suffixes as
    A-labels. PlanError or CompileError when the lists do not fit, OSError (disk full, …) leaving ``path`` as it was.
    None of the lists may be secret: ``compile_prepared`` brings their key.
    """
    return compile_prepared(lists, path, Prepared(key), now=now, suffixes=suffixes, edits=edits)


def compile_prepared(
    lists: Sequence[tuple[ListSource, bytes]],
    path: Path,
    prepared: Prepared,
    *,
    now: float,
    suffixes: Collection[str],
    edits: Mapping[str, Sequence[Edit]] = NO_EDITS,
) -> CompileReport:
    """The same without reading again what was read with the same suffixes; ``prepared`` is used up by it."""
    return _Compilation(lists, prepared, suffixes, edits=edits).write(path, now)


class _Compilation:
    """One run: read all lists, resolve their exceptions, number the classes, write.

    Secret lists go into a builder of their own, so that no name of theirs is ever hashed under the table's key. Tokens
    and classes are shared: what speaks at a name is put together at the look-up.
    """

    def __init__(
        self,
        lists: Sequence[tuple[ListSource, bytes]],
        prepared: Prepared,
        suffixes: Collection[str],
        use_native: bool = True,
        edits: Mapping[str, Sequence[Edit]] = NO_EDITS,
    ) -> None:
        self._sources = [source for source, _ in lists]
        self._suffixes, self._guard, self._use_native = suffixes, prepared.guard, use_native
        index_key = _index_key(self._sources, prepared)
        texts = [hashlib.sha256(data).digest() for _, data in lists]
        self._digest = _digest(
            _keyed(self._sources, texts, index_key), prepared.key, {*suffixes, self._guard.shield}, edits
        )
        self._builder = self._begun(prepared.key, [data for source, data in lists if not _is_secret(source)])
        self._secret = self._begun(index_key, [data for source, data in lists if _is_secret(source)])
        self._tokens = TokenTable()
        self._intakes: list[Intake] = []
        for (source, data), text in zip(lists, texts, strict=True):
            reading = prepared.readings.get(source.id)
            if reading is not None and reading.is_of(source, text):
                intake = self._taken(reading.intake, source)
            else:
                intake = self._read(source, data)
            intake.complete(edits.get(source.id, ()))
            self._intakes.append(intake)
        self._counts = {
            source.id: intake.counts for source, intake in zip(self._sources, self._intakes, strict=True)
        }
        self._stops = self._resolve(lists, secret=False)
        self._resolve(lists, secret=True)
        self._clients = client_triggers(self._sources, self._intakes)

    def _begun(self, key: bytes, texts: Sequence[bytes]) -> native.Builder:
        builder = native.Builder(key, expected(texts))
        if texts:
            mark(builder, self._suffixes)
        return builder

    def _builder_of(self, source: ListSource) -> native.Builder:
        return self._secret if _is_secret(source) else self._builder

    def _read(self, source: ListSource, data: bytes) -> Intake:
        builder = self._builder_of(source)
        intake = Intake(source, len(self._intakes), builder, self._tokens, self._suffixes, self._guard)
        intake.read(data, use_native=self._use_native)
        return intake

    def _taken(self, intake: Intake, source: ListSource) -> Intake:
        intake.move(len(self._intakes), self._builder_of(source), self._tokens)
        return intake

    def _resolve(self, lists: Sequence[tuple[ListSource, bytes]], *, secret: bool) -> frozenset[str]:
        """Work out what entries do to others. Returns the names that are stops now."""
        concerned = [
            (intake, data)
            for intake, (source, data) in zip(self._intakes, lists, strict=True)
            if _is_secret(source) is secret
        ]
        intakes, texts = [intake for intake, _ in concerned], [data for _, data in concerned]
        builder = self._secret if secret else self._builder
        leave_out_protected(intakes, self._guard)
        excepted = apply_exceptions(builder, self._tokens, intakes, texts)
        spared = spare_protected(builder, self._tokens, intakes, self._guard)
        place_addresses(builder, self._tokens, intakes)
        return frozenset((*excepted, *spared))

    def write(self, path: Path, now: float) -> CompileReport:
        """Write the file under a temporary name, then move it into place."""
        about_clients = [(trigger.list_id, trigger.action) for trigger in self._clients]
        bits = plan_bits(self._sources, self._actions(), about_clients)
        table, sizes = self._classes(bits)
        local_data = {source.id: self._local_data(number) for number, source in enumerate(self._sources)}
        meta = metadata.encode(
            metadata.Metadata(
                self._digest,
                bits,
                tuple(source.id for source in self._sources),
                tuple(class_.lists for class_ in table.classes),
                local_data,
                frozenset(self._plain()),
                self._clients,
            )
        )
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.unlink(missing_ok=True)
        public = len(self._builder.sets())
        try:
            size = self._builder.write(
                str(temporary),
                table.class_of_set[:public],
                pack(table.classes),
                meta,
                int(now),
                self._secret,
                table.class_of_set[public:],
            )
            temporary.rename(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
        entries = sum(count for count, class_id in zip(sizes, table.class_of_set, strict=True) if class_id)
        urls = tuple(intake.urls for intake in self._intakes)
        return CompileReport(
            entries, size, bits, self._counts, self._digest, self._clients, urls, self._stops
        )

    def _actions(self) -> Iterable[tuple[str, Action]]:
        """The actions that have a bit of their own. A protected list has none: it only says which names it means."""
        for number, source in enumerate(self._sources):
            asked = {token.action for token in self._tokens.of_list(number)} - {Action.BLOCK}
            if self._intakes[number].semantics != "rpz":
                asked.discard(Action.ALLOW)
            if source.kind is not Kind.PROTECTED:
                yield from ((source.id, action) for action in sorted(asked))

    def _plain(self) -> Iterable[int]:
        """The lists that only ever block, so that none of their entries bears on another; those of the secret table are
        not changed one by one.
        """
        for number, source in enumerate(self._sources):
            if not _is_secret(source) and all(
                token.action is Action.BLOCK for token in self._tokens.of_list(number)
            ):
                yield number

    def _classes(self, bits: Sequence[Bit]) -> tuple[ClassTable, list[int]]:
        """The class table, and how many names have each token set: those of secret lists behind the others."""
        fed = [feeds(source, bits) for source in self._sources]
        by_action = {(bit.id, bit.action): 1 << bit.index for bit in bits if bit.role is BitRole.ACTION}

        def mask_of(token: Token) -> int:
            own = by_action.get((self._sources[token.list].id, token.action))
            return (0 if token.action is Action.ALLOW else fed[token.list]) if own is None else own

        sets = self._builder.sets() + self._secret.sets()
        table = intern_classes(
            [(make_class(numbers, self._tokens, mask_of), count) for numbers, count in sets]
        )
        return table, [count for _, count in sets]

    def _local_data(self, number: int) -> LocalData:
        source, data = self._sources[number], self._intakes[number].local_data
        if data and _is_secret(source):
            raise CompileError(
                f"list {source.id} is secret but {len(data)} of its rules carry records of their own, which a "
                "snapshot would have to store by name; replace them by plain blocks (CNAME .)"
            )
        if (target := source.fetching.rpz.cname) and source.fetching.rpz.override is PolicyOverride.CNAME:
            return {ANY_OWNER: (("CNAME", OVERRIDE_TTL, f"{target}."),)}
        return data


def _is_secret(source: ListSource) -> bool:
    return source.confidentiality is Confidentiality.SECRET


def _index_key(sources: Iterable[ListSource], prepared: Prepared) -> bytes:
    """The key of the secret lists; where none is secret, any. CompileError if it is needed and not there."""
    if prepared.index_key is not None:
        return prepared.index_key
    for source in sources:
        if _is_secret(source):
            raise CompileError(
                f"list {source.id} is secret, and without the box's index key its names could be guessed; "
                "set admin.vault.key"
            )
    return bytes(native.INDEX_KEY_BYTES)


def _keyed(
    sources: Sequence[ListSource], texts: Sequence[bytes], index_key: bytes
) -> Iterable[tuple[ListSource, bytes]]:
    """What stands for each text in the digest of the file. The table's own key stands in the file: a secret text that
    was guessed must not be recognised by it.
    """
    for source, text in zip(sources, texts, strict=True):
        yield source, hmac.digest(index_key, text, "sha256") if _is_secret(source) else text


def _digest(
    lists: Iterable[tuple[ListSource, bytes]],
    key: bytes,
    suffixes: Collection[str],
    edits: Mapping[str, Sequence[Edit]],
) -> str:
    """A keyed digest of everything that decides the content of the file; of the lists' texts it takes a digest."""
    digest = hmac.new(key, f"weir snapshot {native.FORMAT_VERSION}".encode(), hashlib.sha256)
    for source, text in lists:
        rules = (
            source.id,
            source.format,
            source.kind,
            source.categories,
            source.confidentiality,
            source.scope,
            source.fetching.rpz,
        )
        read_as = (source.fetching.fields, source.fetching.hashes)
        digest.update(repr((*rules, source.public_suffixes, source.addresses, *read_as)).encode())
        if (canary := canary_of(source)) is not None:
            digest.update(repr((canary.name, canary.action)).encode())
        digest.update(text)
        digest.update(
            repr([(edit.change, edit.name, edit.scope) for edit in edits.get(source.id, ())]).encode()
        )
    digest.update(hashlib.sha256("\n".join(sorted(suffixes)).encode()).digest())
    return digest.hexdigest()
