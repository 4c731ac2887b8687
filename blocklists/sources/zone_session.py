"""The questions to a primary and what its messages say: bytes in, bytes out; no socket.

Every message must answer the question that was asked. With a key the answer to the SOA question, and the first and the
last message of a transfer, must be signed (RFC 8945 section 5.3.1); nothing counts before the last was checked.
"""

from __future__ import annotations

from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.tsig
import dns.xfr

from blocklists.sources.zone_faults import (
    GarbledError,
    NotAuthoritativeError,
    NoZoneError,
    RefusedError,
    UnsignedError,
    ZoneFaultError,
)
from blocklists.sources.zone_records import Records, WholeZone, ZoneChange
from blocklists.sources.zone_text import Soa, soa_of


class Question:
    """One question about a zone and the reading of its answers, which is the same for all kinds."""

    def __init__(self, query: dns.message.Message, key: dns.tsig.Key | None) -> None:
        """``query`` is signed with ``key`` if there is one."""
        if key is not None:
            query.use_tsig(key)
        self._query = query
        self._context: dns.tsig.HMACTSig | dns.tsig.GSSTSig | None = None
        self._is_first = True
        self.wire = query.to_wire()
        """What to send."""

    def read(self, wire: bytes) -> dns.message.Message:
        """One message that answers. DNSException or ZoneFaultError if it does not, or its signature is wrong."""
        try:
            message = dns.message.from_wire(
                wire,
                keyring=self._query.keyring,
                request_mac=self._query.mac or b"",
                xfr=True,
                one_rr_per_rrset=True,
                tsig_ctx=self._context,
                multi=True,
            )
        except dns.exception.DNSException:
            raise
        except Exception as error:  # whatever hostile bytes do to the library's reader is one fault: theirs
            raise GarbledError(type(error).__name__) from None
        if not self._query.is_response(message, xfr_continuation=not self._is_first):
            raise GarbledError("no answer to this question")
        self._context, self._is_first = message.tsig_ctx, False
        return message


class SoaQuestion(Question):
    """The question which version the primary has."""

    def __init__(self, zone: dns.name.Name, key: dns.tsig.Key | None) -> None:
        """The question, signed if there is a key."""
        query = dns.message.make_query(zone, dns.rdatatype.SOA)
        query.flags &= ~dns.flags.RD
        super().__init__(query, key)
        self._zone, self._is_signed = zone, key is not None

    def answer(self, wire: bytes) -> Soa:
        """The zone's SOA. DNSException or ZoneFaultError if the primary does not give it."""
        message = self.read(wire)
        if message.rcode() != dns.rcode.NOERROR:
            raise RefusedError(message.rcode())
        if self._is_signed and not message.had_tsig:
            raise UnsignedError
        if not message.flags & dns.flags.AA:
            raise NotAuthoritativeError
        for rrset in message.answer:
            if rrset.name == self._zone and rrset.rdtype == dns.rdatatype.SOA:
                return soa_of(cast("dns.rdtypes.ANY.SOA.SOA", rrset[0]))
        raise NoZoneError


class TransferQuestion(Question):
    """The question for the zone, or for what changed in it since ``serial``."""

    def __init__(
        self, zone: dns.name.Name, key: dns.tsig.Key | None, *, serial: int | None, limit: int
    ) -> None:
        """Without a serial the whole zone is asked for. ``limit`` bounds its text in bytes."""
        self._records = Records(zone, limit)
        # dnspython takes serial 0 for "look it up"; a zone at 0 is rare enough to be asked for as a whole.
        query, base = dns.xfr.make_query(self._records, serial or None)
        super().__init__(query, key)
        kind = dns.rdatatype.AXFR if base is None else dns.rdatatype.IXFR
        self._inbound = dns.xfr.Inbound(self._records, kind, base)

    def feed(self, wire: bytes) -> bool:
        """Take one message; True if it was the last. DNSException or ZoneFaultError if it cannot be taken."""
        try:
            return self._inbound.process_message(self.read(wire))
        except (dns.exception.DNSException, ZoneFaultError):
            raise
        except Exception as error:  # as in ``Question.read``: a record that cannot be written as text
            raise GarbledError(type(error).__name__) from None

    @property
    def result(self) -> WholeZone | ZoneChange | None:
        """What came; None if the primary says that nothing changed, or before the end."""
        return self._records.result
