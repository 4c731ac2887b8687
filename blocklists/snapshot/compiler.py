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
from blocklists.model import Action, Bit, BitRole, Confidentiality, ListCounts, ListSource
from blocklists.snapshot import metadata, native
from blocklists.snapshot.bits import feeds, plan_bits
from blocklists.snapshot.classes import ClassTable, CompileError, intern_classes, make_class, pack
from blocklists.snapshot.intake import Intake
from blocklists.snapshot.metadata import LocalData
from blocklists.snapshot.readings import Prepared, expected, mark, read_list
from blocklists.snapshot.stops import apply_exceptions
from blocklists.snapshot.tokens import Token, TokenTable

__all__ = ["CompileError", "CompileReport", "compile_snapshot", "count_entries"]


@dataclass(frozen=True, slots=True)
class CompileReport:
    """What was built. ``size`` is bytes; ``counts`` is by list id.

    ``digest`` names the content: the same lists, suffixes and key give the same digest. It is keyed, so it tells
    nothing about a secret list to those without the key.
    """

    entries: int
    size: int
    bits: tuple[Bit, ...]
    counts: dict[str, ListCounts]
    digest: str


def count_entries(source: ListSource, data: bytes, suffixes: Collection[str] = frozenset()) -> ListCounts:
    """Where the lines of one version would go; nothing is written. What the gates look at."""
    return read_list(source, data, suffixes, Prepared().key).counts


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
    """One run: read all lists, resolve their exceptions, number the classes, write."""

    def __init__(
        self,
        lists: Sequence[tuple[ListSource, bytes]],
        prepared: Prepared,
        suffixes: Collection[str],
        use_native: bool = True,
        edits: Mapping[str, Sequence[Edit]] = NO_EDITS,
    ) -> None:
        self._sources = [source for source, _ in lists]
        self._suffixes, self._use_native = suffixes, use_native
        texts = [hashlib.sha256(data).digest() for _, data in lists]
        self._digest = _digest(zip(self._sources, texts, strict=True), prepared.key, suffixes, edits)
        self._builder = native.Builder(prepared.key, expected([data for _, data in lists]))
        self._tokens = TokenTable()
        mark(self._builder, suffixes)
        self._intakes: list[Intake] = []
        for (source, data), text in zip(lists, texts, strict=True):
            reading = prepared.readings.get(source.id)
            if reading is not None and reading.is_of(source, text):
                intake = self._taken(reading.intake)
            else:
                intake = self._read(source, data)
            intake.complete(edits.get(source.id, ()))
            self._intakes.append(intake)
        self._counts = {
            source.id: intake.counts for source, intake in zip(self._sources, self._intakes, strict=True)
        }
        apply_exceptions(self._builder, self._tokens, self._intakes, [data for _, data in lists])

    def _read(self, source: ListSource, data: bytes) -> Intake:
        intake = Intake(source, len(self._intakes), self._builder, self._tokens, self._suffixes)
        intake.read(data, use_native=self._use_native)
        return intake

    def _taken(self, intake: Intake) -> Intake:
        intake.move(len(self._intakes), self._builder, self._tokens)
        return intake

    def write(self, path: Path, now: float) -> CompileReport:
        """Write the file under a temporary name, then move it into place."""
        bits = plan_bits(self._sources, self._actions())
        table, sizes = self._classes(bits)
        local_data = {source.id: self._local_data(number) for number, source in enumerate(self._sources)}
        meta = metadata.encode(
            self._digest,
            bits,
            [source.id for source in self._sources],
            table.classes,
            local_data,
            self._plain(),
        )
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.unlink(missing_ok=True)
        try:
            size = self._builder.write(
                str(temporary), table.class_of_set, pack(table.classes), meta, int(now)
            )
            temporary.rename(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
        entries = sum(count for count, class_id in zip(sizes, table.class_of_set, strict=True) if class_id)
        return CompileReport(entries, size, bits, self._counts, self._digest)

    def _actions(self) -> Iterable[tuple[str, Action]]:
        for number, source in enumerate(self._sources):
            asked = {token.action for token in self._tokens.of_list(number)} - {Action.BLOCK, Action.ALLOW}
            yield from ((source.id, action) for action in sorted(asked))

    def _plain(self) -> Iterable[int]:
        """The lists that only ever block, so that none of their entries bears on another."""
        for number in range(len(self._sources)):
            if all(token.action is Action.BLOCK for token in self._tokens.of_list(number)):
                yield number

    def _classes(self, bits: Sequence[Bit]) -> tuple[ClassTable, list[int]]:
        """The class table, and how many names have each token set."""
        fed = [feeds(source, bits) for source in self._sources]
        by_action = {(bit.id, bit.action): 1 << bit.index for bit in bits if bit.role is BitRole.ACTION}

        def mask_of(token: Token) -> int:
            return fed[token.list] | by_action.get((self._sources[token.list].id, token.action), 0)

        sets = self._builder.sets()
        table = intern_classes(
            [(make_class(numbers, self._tokens, mask_of), count) for numbers, count in sets]
        )
        return table, [count for _, count in sets]

    def _local_data(self, number: int) -> LocalData:
        source, data = self._sources[number], self._intakes[number].local_data
        if data and source.confidentiality is Confidentiality.SECRET:
            raise CompileError(
                f"list {source.id} is secret but {len(data)} of its rules carry records of their own, which a "
                "snapshot would have to store by name; replace them by plain blocks (CNAME .)"
            )
        return data


def _digest(
    lists: Iterable[tuple[ListSource, bytes]],
    key: bytes,
    suffixes: Collection[str],
    edits: Mapping[str, Sequence[Edit]],
) -> str:
    """A keyed digest of everything that decides the content of the file; of the lists' texts it takes the SHA-256."""
    digest = hmac.new(key, f"weir snapshot {native.FORMAT_VERSION}".encode(), hashlib.sha256)
    for source, text in lists:
        rules = (
            source.id,
            source.format,
            source.kind,
            source.categories,
            source.confidentiality,
            source.scope,
        )
        digest.update(repr((*rules, source.public_suffixes, source.addresses)).encode())
        if (canary := canary_of(source)) is not None:
            digest.update(repr((canary.name, canary.action)).encode())
        digest.update(text)
        digest.update(
            repr([(edit.change, edit.name, edit.scope) for edit in edits.get(source.id, ())]).encode()
        )
    digest.update(hashlib.sha256("\n".join(sorted(suffixes)).encode()).digest())
    return digest.hexdigest()
