"""What is said of faults: always something to do, never what a message said."""

from __future__ import annotations

import dns.exception
import dns.message
import dns.rcode
import dns.tsig
import dns.xfr
import pytest

from blocklists.sources.zone_faults import (
    GarbledError,
    MismatchError,
    RefusedError,
    TooLargeError,
    TooSlowError,
    UnsignedError,
)
from blocklists.sources.zone_words import words_for


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError(), "did not answer in time"),
        (EOFError(), "hung up"),
        (ConnectionRefusedError(111, "Connection refused"), "cannot be reached (Connection refused)"),
        (OSError(), "cannot be reached (no connection)"),
        (RefusedError(dns.rcode.REFUSED), "REFUSED"),
        (RefusedError(dns.rcode.NXDOMAIN), "does not know the zone"),
        (dns.xfr.TransferError(dns.rcode.NOTIMP), "answered NOTIMP"),
        (dns.tsig.PeerBadKey(), "BADKEY"),
        (dns.tsig.PeerBadSignature(), "BADSIG"),
        (dns.tsig.PeerBadTime(), "says that our clock is wrong"),
        (dns.tsig.BadTime(), "at another time than ours"),
        (dns.tsig.BadSignature(), "changed on the way"),
        (UnsignedError(), "did not sign"),
        (dns.exception.FormError("missing TSIG"), "did not sign"),
        (TooSlowError(), "too slowly"),
        (TooLargeError(), "max_size"),
        (MismatchError(), "do not fit"),
        (dns.xfr.SerialWentBackwards(), "older version"),
        (GarbledError("secret.example"), "no zone transfer"),
        (dns.exception.FormError("secret.example"), "no zone transfer"),
        (dns.message.UnknownTSIGKey("secret.example"), "does not know our key"),
    ],
)
def test_words(error: BaseException, words: str) -> None:
    said = words_for(error)
    assert words in said
    assert ";" in said
    assert "secret.example" not in said
