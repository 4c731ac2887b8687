"""What went wrong with a primary, in words: what happened and what to do, never the text of a record. Pure."""

from __future__ import annotations

import dns.exception
import dns.message
import dns.rcode
import dns.tsig
import dns.xfr

from blocklists.sources.zone_faults import (
    MismatchError,
    NotAuthoritativeError,
    NoZoneError,
    RefusedError,
    TooLargeError,
    TooSlowError,
    UnsignedError,
    ZoneFaultError,
)

_RCODES = {
    dns.rcode.REFUSED: "does not let this machine have the zone (REFUSED); allow the transfer there",
    dns.rcode.NOTAUTH: "is not in charge of the zone, or does not accept the key (NOTAUTH); check both there",
    dns.rcode.SERVFAIL: "has the zone but cannot serve it (SERVFAIL); look into its log",
    dns.rcode.NXDOMAIN: "does not know the zone (NXDOMAIN); check its name",
}
_MISSING_TSIG = "missing TSIG"
"""By this text dnspython tells a lack of signature from other faults of form."""
_UNSIGNED = "did not sign its answer; let it use the key for transfers to this machine"

_WORDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (TimeoutError, "did not answer in time; check the network and the server"),
    (EOFError, "hung up before the transfer was complete; look into its log"),
    (TooSlowError, "sends too slowly to ever finish; check the network and the server"),
    (TooLargeError, "has a zone that is larger than the list's max_size; raise it if that is right"),
    (UnsignedError, _UNSIGNED),
    (
        (dns.tsig.PeerBadKey, dns.message.UnknownTSIGKey, dns.tsig.BadKey),
        "does not know our key (BADKEY); compare the key's name on both sides",
    ),
    (
        (dns.tsig.PeerBadSignature, dns.tsig.PeerBadTruncation),
        "does not accept our signature (BADSIG); compare the key's secret and algorithm on both sides",
    ),
    (dns.tsig.PeerBadTime, "says that our clock is wrong (BADTIME); set the clocks of both machines"),
    (dns.tsig.BadTime, "signed at another time than ours; set the clocks of both machines"),
    (
        (dns.tsig.BadSignature, dns.tsig.BadAlgorithm, dns.tsig.PeerError),
        "signed with another key, or was changed on the way; compare the key's secret and algorithm on both sides",
    ),
    (
        NotAuthoritativeError,
        "is not in charge of the zone, or its own copy has expired; check the zone there",
    ),
    (NoZoneError, "does not have the zone; check its name"),
    (dns.xfr.SerialWentBackwards, "sent an older version than it had announced; look into its log"),
    (MismatchError, "sent changes that do not fit the version held here; look into its log"),
    (
        (dns.exception.DNSException, ZoneFaultError),
        "sent what is no zone transfer; check that it is a DNS primary",
    ),
)


def words_for(error: BaseException) -> str:
    """The rest of a sentence that begins with the primary."""
    if isinstance(error, dns.xfr.TransferError | RefusedError):
        rcode: dns.rcode.Rcode = error.rcode
        return _RCODES.get(rcode, f"answered {dns.rcode.to_text(rcode)}; look into its log")
    if isinstance(error, dns.exception.FormError) and str(error) == _MISSING_TSIG:
        return _UNSIGNED
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    reason = (error.strerror if isinstance(error, OSError) else None) or "no connection"
    return f"cannot be reached ({reason}); check address and network"
