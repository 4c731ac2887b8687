"""The signer as a process: ``python -m admin.audit.signer``. It alone has the private keys in its memory.

One JSON object a line. First comes what it is to serve (``Hello``), answered by its keys; then a request a line, each
answered by a note or by why there is none. It ends with its standard input, that is with whoever started it, and says
nothing anywhere else: the only place where a signed note stands is the answer.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from admin.audit.bundles import Tree
from admin.audit.keys import KeyRef
from admin.audit.local_signer import LocalSigner
from admin.audit.lock_row import lock_reader
from admin.audit.signing import RefusedError, Request, SignerError
from blocklists.properties import Secret
from resolver.runtime.dumps import forbid_core_dumps


def hello(origin: str, refs: Iterable[KeyRef], database: str, mark: Path) -> dict[str, Any]:
    """The first line to a signer. ``database`` may hold a password: it goes over the pipe, never over arguments."""
    keys = [
        {"credential": ref.secret.credential, "path": ref.secret.path, "own": ref.own, "fresh": ref.fresh}
        for ref in refs
    ]
    return {"origin": origin, "keys": keys, "database": database, "mark": str(mark)}


def to_line(request: Request) -> dict[str, Any]:
    """A request as it goes over the pipe."""
    return {
        "origin": request.origin,
        "old": request.old,
        "size": request.tree.size,
        "root": request.tree.root.hex(),
        "proof": [item.hex() for item in request.proof],
        "keys": list(request.keys),
    }


def from_line(line: Mapping[str, Any]) -> Request:
    """The request that ``to_line`` wrote."""
    proof = tuple(bytes.fromhex(item) for item in line["proof"])
    tree = Tree(line["size"], bytes.fromhex(line["root"]))
    return Request(line["origin"], line["old"], tree, proof, tuple(line["keys"]))


def main(lines: TextIO, answers: TextIO) -> int:
    """Serve until the lines end. 1 if there are no keys to serve with."""
    forbid_core_dumps()
    try:
        signer = _signer(json.loads(lines.readline()))
    except SignerError as error:
        _answer(answers, {"error": str(error)})
        return 1
    _answer(answers, {"keys": [key.text for key in signer.vkeys()]})
    for line in lines:
        _answer(answers, _reply(signer, line))
    return 0


def _signer(told: Mapping[str, Any]) -> LocalSigner:
    refs = [KeyRef(Secret(key["credential"], key["path"]), key["own"], key["fresh"]) for key in told["keys"]]
    return LocalSigner(told["origin"], refs, lock_reader(told["database"]), Path(told["mark"]))


def _reply(signer: LocalSigner, line: str) -> dict[str, str]:
    try:
        return {"note": signer.sign(from_line(json.loads(line))).decode()}
    except RefusedError as error:
        return {"refused": str(error)}
    except SignerError as error:
        return {"error": str(error)}


def _answer(answers: TextIO, value: Mapping[str, Any]) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main(sys.stdin, sys.stdout))
