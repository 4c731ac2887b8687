"""``weir audit prove`` and ``check``: proofs of a copy of the log, made and checked without the appliance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin.cli.audit_offline import Key, offline, read_keys
from admin.cli.exits import Exit
from admin.cli.terminal import complain, say

if TYPE_CHECKING:
    from resolver.tlog.notes import VerifierKey


def prove(
    log: Annotated[str, typer.Argument(metavar="URL|DIR", help="The log, or a copy of it.")],
    key: Key,
    index: Annotated[int | None, typer.Argument(metavar="[N]", min=0, help="The leaf to prove.")] = None,
    size: Annotated[
        int | None,
        typer.Option(metavar="M", min=1, help="Under the checkpoint of this size; else the latest."),
    ] = None,
    old: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="OLD", help="Instead of a leaf: that the log goes on from this checkpoint."
        ),
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where to write.")] = Path(),
) -> int:
    """1 if the copy does not give the proof, 2 for a leaf that is not there, 3 if something cannot be read."""
    if (index is None) == (old is None):
        complain("name a leaf, or a checkpoint with --from")
        return Exit.USAGE

    def words() -> int:
        keys = read_keys(key)
        files = (
            _inclusion(log, index, keys, size) if index is not None else _consistency(log, old, keys, size)
        )
        output.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (output / name).write_bytes(data)
            say(str(output / name))
        return Exit.DONE

    return offline(words)


def _inclusion(log: str, index: int, keys: list[VerifierKey], size: int | None) -> dict[str, bytes]:
    from admin.audit.copies import Copy
    from admin.audit.proving import inclusion
    from resolver.tlog import proofs

    proof, leaf = inclusion(Copy(log), index, keys, size)
    return {f"{index}.tlog-proof": proofs.encode(proof), f"{index}.leaf": leaf}


def _consistency(log: str, old: Path | None, keys: list[VerifierKey], size: int | None) -> dict[str, bytes]:
    from admin.audit.copies import Copy, opened
    from admin.audit.proving import consistency

    assert old is not None, "asked for one of the two"
    former = opened(old.read_bytes(), keys, str(old))
    return {f"{former.size}.consistency": consistency(Copy(log), former, keys, size)}


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `weir audit prove` wrote.")],
    key: Key,
    leaf: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The leaf; else the .leaf beside the proof.")
    ] = None,
    old: Annotated[
        Path | None, typer.Option("--from", metavar="OLD", help="The checkpoint that the log goes on from.")
    ] = None,
) -> int:
    """1 if the proof proves nothing, 2 for wrong usage, 3 if something cannot be read."""
    from admin.audit.proving import is_consistency

    def words() -> int:
        keys, data = read_keys(key), file.read_bytes()
        if not is_consistency(data):
            return _say_inclusion(data, (leaf or file.with_suffix(".leaf")).read_bytes(), keys)
        if old is None:
            complain(f"{file} shows how a log goes on; name the checkpoint that it goes on from with --from")
            return Exit.USAGE
        return _say_consistency(data, old, keys)

    return offline(words)


def _say_inclusion(data: bytes, leaf: bytes, keys: list[VerifierKey]) -> int:
    from admin.audit.proving import check_inclusion

    index, checkpoint = check_inclusion(data, leaf, keys)
    say(f"leaf {index} is in {checkpoint.origin}, under its signed checkpoint of size {checkpoint.size}")
    return Exit.DONE


def _say_consistency(data: bytes, old: Path, keys: list[VerifierKey]) -> int:
    from admin.audit.copies import opened
    from admin.audit.proving import check_consistency

    former = opened(old.read_bytes(), keys, str(old))
    new = check_consistency(data, former, keys)
    say(f"{new.origin} of size {new.size} goes on from what it was at size {former.size}")
    return Exit.DONE
