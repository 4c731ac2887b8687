"""Lists in, one immutable file out. The file appears whole under its name or not at all."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blocklists.edits import NO_EDITS, Edit
from blocklists.model import Action, Bit, BitRole, Confidentiality, ListCounts, ListSource
from blocklists.snapshot import metadata, native
from blocklists.snapshot.bits import feeds, plan_bits
from blocklists.snapshot.classes import ClassTable, CompileError, intern_classes, make_class, pack
from blocklists.snapshot.intake import Intake
from blocklists.snapshot.metadata import LocalData
from blocklists.snapshot.stops import apply_exceptions
from blocklists.snapshot.tokens import Token, TokenTable

MOST_EXPECTED = 1 << 22
"""Entries that room is made for in advance; a file of empty lines must not claim gigabytes."""

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
    builder = native.Builder(secrets.token_bytes(native.KEY_BYTES), _expected([data]))
    _mark(builder, suffixes)
    return Intake(source, 0, builder, TokenTable(), suffixes).read(data)


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
    return _Compilation(lists, key, suffixes, edits=edits).write(path, now)


class _Compilation:
    """One run: read all lists, resolve their exceptions, number the classes, write."""

    def __init__(
        self,
        lists: Sequence[tuple[ListSource, bytes]],
        key: bytes,
        suffixes: Collection[str],
        use_native: bool = True,
        edits: Mapping[str, Sequence[Edit]] = NO_EDITS,
    ) -> None:
        self._lists = lists
        self._sources = [source for source, _ in lists]
        self._digest = _digest(lists, key, suffixes, edits)
        self._builder = native.Builder(key, _expected([data for _, data in lists]))
        self._tokens = TokenTable()
        _mark(self._builder, suffixes)
        self._intakes = [
            Intake(source, number, self._builder, self._tokens, suffixes)
            for number, source in enumerate(self._sources)
        ]
        self._counts = {
            source.id: intake.read(data, edits.get(source.id, ()), use_native=use_native)
            for intake, (source, data) in zip(self._intakes, lists, strict=True)
        }
        apply_exceptions(self._builder, self._tokens, self._intakes, [data for _, data in lists])

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
        _sync_directory(path.parent)
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


def _expected(texts: Iterable[bytes]) -> int:
    """Room to begin with, so that the builder need not grow: every line a name, within reason."""
    return min(sum(text.count(b"\n") for text in texts), MOST_EXPECTED)


def _mark(builder: native.Builder, suffixes: Collection[str]) -> None:
    """Let the scanner hand lines that name a public suffix to the parser; single labels are never clean anyway."""
    for suffix in suffixes:
        if "." in suffix and suffix.isascii():
            builder.mark(suffix.encode())


def _digest(
    lists: Sequence[tuple[ListSource, bytes]],
    key: bytes,
    suffixes: Collection[str],
    edits: Mapping[str, Sequence[Edit]],
) -> str:
    """A keyed digest of everything that decides the content of the file."""
    digest = hmac.new(key, f"weir snapshot {native.FORMAT_VERSION}".encode(), hashlib.sha256)
    for source, data in lists:
        rules = (
            source.id,
            source.format,
            source.kind,
            source.categories,
            source.confidentiality,
            source.scope,
        )
        digest.update(repr((*rules, source.public_suffixes, source.addresses)).encode())
        digest.update(hashlib.sha256(data).digest())
        digest.update(
            repr([(edit.change, edit.name, edit.scope) for edit in edits.get(source.id, ())]).encode()
        )
    digest.update(hashlib.sha256("\n".join(sorted(suffixes)).encode()).digest())
    return digest.hexdigest()


def _sync_directory(path: Path) -> None:
    """Make the rename durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
