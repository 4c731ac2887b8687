"""The signer as control has it: a process of its own (``admin.audit.signer``), started again when it has ended."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from admin.audit.signer import to_line
from admin.audit.signing import RefusedError, Request, SignerError
from resolver.tlog.canonical import FormatError
from resolver.tlog.notes import VerifierKey

SECONDS = 10.0
"""How long an answer may take: the start of an interpreter on a busy box, or a database that is kept."""
_NEEDED = ("PATH", "PYTHONPATH", "CREDENTIALS_DIRECTORY", "LANG", "LC_ALL", "VIRTUAL_ENV")
"""All that the signer gets of control's environment."""


class RemoteSigner:
    """Asks a signer's process (``admin.audit.signing.Signer``)."""

    def __init__(self, hello: Mapping[str, Any]) -> None:
        """``hello`` is what the process is told first. It starts when it is first asked for something."""
        self._hello = hello
        self._process: subprocess.Popen[bytes] | None = None
        self._keys: list[VerifierKey] = []
        self._read = b""

    def vkeys(self) -> Sequence[VerifierKey]:
        """As ``Signer``."""
        if self._process is None or self._process.poll() is not None:
            self._start()
        return self._keys

    def sign(self, request: Request) -> bytes:
        """As ``Signer``."""
        self.vkeys()
        answer = self._ask(to_line(request))
        if "refused" in answer:
            raise RefusedError(answer["refused"])
        if "note" not in answer:
            raise SignerError(answer.get("error", "the signer says something else than a note"))
        return str(answer["note"]).encode()

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _start(self) -> None:
        self.close()
        self._read = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "admin.audit.signer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={name: os.environ[name] for name in _NEEDED if name in os.environ},
        )
        answer = self._ask(self._hello)
        if "keys" not in answer:
            self.close()
            raise SignerError(answer.get("error", "the signer does not say which keys it has"))
        try:
            self._keys = [VerifierKey.parse(text) for text in answer["keys"]]
        except FormatError as error:
            self.close()
            raise SignerError(f"the signer names a key that is none: {error}") from error

    def _ask(self, line: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process is not None
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(line).encode() + b"\n")
            answer = json.loads(self._line())
        except (OSError, ValueError) as error:
            self.close()
            raise SignerError("the signer has ended; it is started again with the next attempt") from error
        if not isinstance(answer, dict):
            self.close()
            raise SignerError("the signer says something that is no answer")
        return answer

    def _line(self) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        while b"\n" not in self._read:
            ready, _, _ = select.select([pipe], [], [], SECONDS)
            if not ready:
                raise OSError("no answer")
            data = os.read(pipe, 65536)
            if not data:
                raise OSError("the pipe has ended")
            self._read += data
        line, _, self._read = self._read.partition(b"\n")
        return line
