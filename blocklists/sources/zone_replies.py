"""How a NOTIFY is answered (RFC 1996 section 3.12, RFC 8945 section 5.2). Pure but for the signature's own time."""

from __future__ import annotations

from collections.abc import Collection

import dns.flags
import dns.message
import dns.rcode
import dns.rdtypes.ANY.TSIG
import dns.rrset
import dns.tsig

_QR = 0x80
_OPCODE = 0x78


def bare_reply(wire: bytes, rcode: dns.rcode.Rcode) -> bytes:
    """The header alone: for what was not read further. ``wire`` has one of at least 12 bytes."""
    return wire[:2] + bytes((_QR | wire[2] & _OPCODE, rcode & 0x0F)) + bytes(8)


def reply(query: dns.message.Message, rcode: dns.rcode.Rcode) -> bytes:
    """The answer to a NOTIFY that could be read, signed if that was."""
    response = dns.message.make_response(query)
    if rcode == dns.rcode.NOERROR:
        response.flags |= dns.flags.AA
    response.set_rcode(rcode)
    return response.to_wire()


def key_error_reply(
    wire: bytes, code: dns.rcode.Rcode, keys: Collection[dns.tsig.Key], *, now: float
) -> bytes:
    """NOTAUTH with the signature's fault; signed only where the fault is the time (RFC 8945 section 5.2.3).

    ``now`` is Unix seconds.
    """
    try:
        query = dns.message.from_wire(wire, keyring=False)  # False: the signature is read and not checked
    except Exception:  # what stands behind the signature is no DNS
        return bare_reply(wire, dns.rcode.NOTAUTH)
    tsig = None if query.tsig is None else query.tsig[0]
    if not isinstance(tsig, dns.rdtypes.ANY.TSIG.TSIG) or query.keyname is None:
        return bare_reply(wire, dns.rcode.NOTAUTH)
    response = dns.message.make_response(query)
    response.set_rcode(dns.rcode.NOTAUTH)
    key = next((key for key in keys if key.name == query.keyname), None)
    if code == dns.rcode.BADTIME and key is not None:
        clock = int(now).to_bytes(6, "big")
        response.use_tsig(key, original_id=tsig.original_id, tsig_error=code, other_data=clock)
        response.request_mac = tsig.mac
    else:
        unsigned = tsig.replace(mac=b"", error=code, other=b"")
        response.tsig = dns.rrset.from_rdata(query.keyname, 0, unsigned)
    return response.to_wire()
