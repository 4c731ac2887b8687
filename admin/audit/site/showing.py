"""The page put where the log is served: beside its files, in every language, with the verifier to download.

Written elsewhere on the same file system and moved, so nobody sees half a page; never a folder is made, for a log that is
just being put away must not find one in its place. What is there already is left alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

from admin.audit import key_files
from admin.audit.report.issuing import REPORTS
from admin.audit.series import is_label, label_of
from admin.audit.site.page import Operator, Site, pages
from admin.audit.site.reading import checkpoint_of, counted, manifest_of
from admin.audit.site.sums import CODEC
from blocklists.durable import read_record

PROGRAM = Path(__file__).parents[1] / "verifier.py"
VERIFIER = "verify.py"
"""The name under which it is offered."""


def show(log: Path, work: Path, operator: Operator) -> None:
    """Write the page of the log that is written, and of earlier ones that have none of their last leaf yet.

    ``log`` is the served folder, ``work`` one of this program's own. OSError; FormatError: a file of the log is damaged;
    MovedError: it moves too fast.
    """
    program = PROGRAM.read_bytes()
    labels = sorted((item.name for item in log.iterdir() if is_label(item.name)), reverse=True)
    for label in labels:
        if not _is_shown(log / label, _kept(work, label)):
            _show(log / label, work, operator, program, label, ())
    _show(log, work, operator, program, label_of(checkpoint_of(log).origin), labels)


def _show(
    log: Path, work: Path, operator: Operator, program: bytes, label: str, earlier: list[str] | tuple[()]
) -> None:
    sums, checkpoint = counted(log, _kept(work, label))
    site = Site(
        sums=sums,
        checkpoint=checkpoint,
        note=(log / "checkpoint").read_text(encoding="utf-8"),
        manifest=manifest_of(log, sums.state) if sums.state else None,
        keys=_keys(log),
        verifier=hashlib.sha256(program).hexdigest(),
        operator=operator,
        earlier=earlier,
        reports=(log / REPORTS / "index.html").is_file(),
    )
    _put(log / VERIFIER, program, work)
    for tag in pages().languages:
        name = "index.html" if tag == pages().languages[0] else f"index.{tag}.html"
        _put(log / name, pages().render(site, tag).encode(), work)


def _is_shown(log: Path, kept: Path) -> bool:
    """Whether a log that has ended has its last page."""
    sums = read_record(kept, CODEC)
    return sums is not None and (log / "index.html").is_file() and sums.size == checkpoint_of(log).size


def _kept(work: Path, label: str) -> Path:
    return work / f"{label}.sums"


def _keys(log: Path) -> list[str]:
    """The verifier keys that hold now, the newest last."""
    found = json.loads((log / key_files.KEYS).read_bytes())
    return [str(key["vkey"]) for key in found["keys"] if key["to"] is None]


def _put(path: Path, data: bytes, work: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.read_bytes() == data:
            return
    temporary = work / "page.tmp"
    temporary.write_bytes(data)
    temporary.chmod(0o644)
    temporary.rename(path)
