"""Secrets that the operator hands over: systemd credentials (systemd.exec(5), LoadCredential=) and files.

The only place that reads them. Nothing is kept: whoever needs a secret asks again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from blocklists.properties import Secret

LONGEST = 64 * 1024
"""Bytes; a chain of certificates has some thousand."""

_CREDENTIAL = re.compile(r"[A-Za-z0-9_.-]{1,255}", re.ASCII)


class CredentialError(Exception):
    """A secret cannot be had; the message says which, where it was looked for and what to do, never its content."""


def read_secret(secret: Secret, *, environment: Mapping[str, str] = os.environ) -> bytes:
    """The whole content. CredentialError if there is none, it is empty, or it has more than LONGEST bytes."""
    path = _path(secret, environment)
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST + 1)
    except OSError as error:
        raise CredentialError(
            f"{secret}: cannot be read ({error.strerror}); {_remedy(secret, path)}"
        ) from error
    if not data:
        raise CredentialError(f"{secret}: is empty; {_remedy(secret, path)}")
    if len(data) > LONGEST:
        raise CredentialError(f"{secret}: has more than {LONGEST:,} bytes; this is no secret")
    return data


def read_line(secret: Secret, *, environment: Mapping[str, str] = os.environ) -> str:
    """The first line, without blanks around it. CredentialError also if it is not printable ASCII."""
    line = read_secret(secret, environment=environment).partition(b"\n")[0].strip()
    if not line or not line.isascii() or not line.decode("ascii").isprintable():
        raise CredentialError(f"{secret}: its first line is not plain ASCII text; write the secret there")
    return line.decode("ascii")


def _path(secret: Secret, environment: Mapping[str, str]) -> Path:
    if secret.path:
        return Path(secret.path)
    if not _CREDENTIAL.fullmatch(secret.credential) or secret.credential in {".", ".."}:
        raise CredentialError(
            f"{secret}: is no name of a credential; write credential: and letters, digits, `_.-`"
        )
    folder = environment.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise CredentialError(
            f"{secret}: no credentials were handed to this process; add LoadCredential={secret.credential}:… to its "
            "unit, or write a path in place of the credential"
        )
    return Path(folder) / secret.credential


def _remedy(secret: Secret, path: Path) -> str:
    return (
        f"check LoadCredential= of the unit ({path})"
        if secret.credential
        else "check the file and its rights"
    )
