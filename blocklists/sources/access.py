"""What lets us in at a list's server: certificate authorities, client certificate, API key, proxy. Read at each fetch.

The key of a client certificate goes from its file or credential to OpenSSL through memory only.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from yarl import URL

from blocklists.credentials import CredentialError, read_line, read_secret
from blocklists.properties import Access, Secret
from blocklists.sources.model import FetchError

Trust = ssl.SSLContext | bool
"""What aiohttp takes; True = the system's authorities, no client certificate."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What is shown to servers. ``own`` and ``headers`` are for the list's own server and no other."""

    own: Trust = True
    others: Trust = True
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy: URL | None = field(default=None, repr=False)


def open_access(access: Access, *, environment: Mapping[str, str] = os.environ) -> Pass:
    """Read files and credentials. FetchError that says which cannot be used. Blocks."""
    try:
        headers = (
            {access.header: read_line(access.api_key, environment=environment)} if access.api_key else {}
        )
        others: Trust = _context(access.ca) if access.ca else True
        own = others
        if access.certificate and access.key is not None:
            own = _context(access.ca)
            _load_certificate(own, access.certificate, access.key, environment)
        return Pass(own, others, headers, URL(access.proxy) if access.proxy else None)
    except CredentialError as error:
        raise FetchError(str(error)) from None
    except ValueError:
        raise FetchError("the list's access: proxy is not a valid address; correct it") from None


def _context(ca: str) -> ssl.SSLContext:
    """Trusts this file's authorities only, or the system's if there is none."""
    try:
        return ssl.create_default_context(cafile=ca or None)
    except ssl.SSLError:
        raise FetchError(f"{ca}: holds no certificates in PEM; check the list's access: ca") from None
    except OSError as error:
        raise FetchError(f"{ca}: cannot be read ({error.strerror}); check the list's access: ca") from None


def _load_certificate(
    context: ssl.SSLContext, certificate: str, key: Secret, environment: Mapping[str, str]
) -> None:
    with _in_memory(read_secret(key, environment=environment)) as path:
        try:
            # Without a password OpenSSL would ask for one at the terminal.
            context.load_cert_chain(certificate, path, password="")
        except ssl.SSLError:
            raise FetchError(
                f"{certificate} and {key}: not a certificate and its unencrypted key, both in PEM; check the list's access"
            ) from None
        except OSError as error:
            raise FetchError(
                f"{certificate}: cannot be read ({error.strerror}); check the list's access: certificate"
            ) from None


@contextmanager
def _in_memory(data: bytes) -> Iterator[str]:
    """A path to bytes that are on no disk: OpenSSL is given keys by path only."""
    descriptor = os.memfd_create("key", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, data)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
