"""What went wrong between us and a server, in words for people. Pure.

Texts of exceptions are never shown: they hold addresses with users, keys and queries.
"""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import aiohttp

from blocklists.sources.model import FetchError

LONGEST_WAIT = 86_400.0
"""Seconds. A server that asks for more is asked again the next day: a list must not end by a slip in a header."""

_ADVICE: Mapping[int, str] = {
    304: "it says that nothing changed, but no version is held here",
    401: "check the list's access: api_key or certificate",
    403: "check the list's access: api_key or certificate",
    404: "check the address",
    407: "the proxy asks for a login; write it into the list's access: proxy",
    410: "the list is gone for good; ask its publisher for its new address",
    429: "it is asked too often; it will be asked later",
    503: "it is overloaded or being mended; it will be asked later",
}


def refusal(place: str, status: int, headers: Mapping[str, str], now: float) -> FetchError:
    """The error for an answer that is no list; ``now`` is Unix seconds."""
    advice = _ADVICE.get(status, "check the address, or try again later")
    wait = retry_after(headers.get("Retry-After", ""), now)
    return FetchError(f"{place}: the server answered {status} instead of a list; {advice}", retry_after=wait)


def retry_after(text: str, now: float) -> float | None:
    """Seconds to wait as the header Retry-After says it (RFC 9110 section 10.2.3); None if it does not."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return min(max(0.0, moment.timestamp() - now), LONGEST_WAIT)


def cause(error: aiohttp.ClientError) -> str:
    """Why no answer came."""
    match error:
        case aiohttp.ClientProxyConnectionError():
            return "the proxy cannot be reached"
        case aiohttp.ClientHttpProxyError():
            return f"the proxy refuses to connect ({error.status})"
        case aiohttp.ClientConnectorCertificateError():
            return f"the server's certificate is not trusted ({_certificate_fault(error.certificate_error)})"
        case aiohttp.ClientConnectorDNSError():
            return "the host name cannot be resolved"
        case aiohttp.ClientSSLError() | aiohttp.ClientOSError() if _tls_fault(error):
            return "the server ended the TLS handshake; it may want a client certificate, or another one"
        case aiohttp.ClientConnectorError():
            return f"no connection ({error.strerror or 'refused'})"
        case aiohttp.ServerDisconnectedError():
            # A refused client certificate looks so in TLS 1.3, whose alert comes after the handshake.
            return "the server hung up without an answer; it may want a client certificate, or another one"
        case aiohttp.ClientPayloadError():
            return "the answer was cut short"
        case aiohttp.InvalidURL():
            return "not a valid address"
        case _:
            return "the server does not speak HTTP properly"


def _certificate_fault(error: Exception) -> str:
    """OpenSSL's own words for it: they are about the chain, the date or the name, never about the address's secrets."""
    return error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else "no valid certificate"


def _tls_fault(error: aiohttp.ClientError) -> bool:
    """Whether the other side sent an alert, as opposed to something that is no TLS at all."""
    found: BaseException | None = error
    while isinstance(found, aiohttp.ClientError):  # some of which are SSLErrors without a reason
        found = found.__cause__ or found.__context__
    return isinstance(found, ssl.SSLError) and "ALERT" in (found.reason or "")
