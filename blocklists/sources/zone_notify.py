"""What a NOTIFY (RFC 1996) means and what to answer: bytes in, bytes out; no socket, and nothing but keys is read.

Only a zone's primaries and those whom the configuration names are believed, and with a key only what is signed with it.
A stranger is told REFUSED whatever the zone: which zones are followed here is nobody's business. Even a forged NOTIFY
can do no more than let us ask the primary which version it has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.tsig

from blocklists.credentials import CredentialError
from blocklists.model import ListSource
from blocklists.properties import Tsig
from blocklists.sources.zone_key import tsig_key
from blocklists.sources.zone_replies import bare_reply, key_error_reply, reply

LONGEST = 4_096
"""Bytes; a NOTIFY with a SOA and a signature has some hundred."""
_HEADER = 12

_Address = IPv4Address | IPv6Address
_KEY_ERRORS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], dns.rcode.Rcode], ...] = (
    (dns.tsig.BadSignature, dns.rcode.BADSIG),
    (dns.tsig.BadTime, dns.rcode.BADTIME),
    ((dns.message.UnknownTSIGKey, dns.tsig.BadKey, dns.tsig.BadAlgorithm), dns.rcode.BADKEY),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What follows from one message."""

    reply: bytes | None = None
    """What to send back; None = nothing."""
    lists: tuple[str, ...] = ()
    """The lists of which there may be a new version."""
    problem: str = ""
    """Why a NOTIFY was not taken, in words for the operator; empty if it was, or if it was none."""


@dataclass(frozen=True, slots=True)
class _Followed:
    list_id: str
    zone: dns.name.Name
    senders: tuple[IPv4Network | IPv6Network, ...]
    tsig: Tsig | None


class NotifyBook:
    """Whose NOTIFY about which zone is believed."""

    def __init__(self, sources: Iterable[ListSource]) -> None:
        """Of all these lists the ones that come by zone transfer."""
        self._followed = tuple(_followed(source) for source in sources if source.fetching.transfer)

    def believes(self, sender: str) -> bool:
        """Whether an address is anybody's primary here."""
        address = _plain(sender)
        return any(_is_among(address, followed.senders) for followed in self._followed)

    def answer(self, wire: bytes, sender: str, *, now: float) -> Answer:
        """Judge one message from an address, whatever its bytes; ``now`` is Unix seconds."""
        if not _HEADER <= len(wire) <= LONGEST or wire[2] & 0x80:
            return Answer()
        if (wire[2] >> 3) & 0x0F != dns.opcode.NOTIFY:
            return Answer(bare_reply(wire, dns.rcode.NOTIMP))
        address = _plain(sender)
        known = [followed for followed in self._followed if _is_among(address, followed.senders)]
        if not known:
            return Answer(bare_reply(wire, dns.rcode.REFUSED), problem="it is no primary of any list")
        asked = _question(wire)
        if asked is None:
            return Answer(bare_reply(wire, dns.rcode.FORMERR), problem="it sends what is no NOTIFY")
        known = [followed for followed in known if followed.zone == asked.question[0].name]
        if not known:
            problem = "it is no primary of the zone that it names"
            return Answer(reply(asked, dns.rcode.NOTAUTH), problem=problem)
        return _judged(wire, known, now)


def _followed(source: ListSource) -> _Followed:
    transfer = source.fetching.transfer
    if transfer is None:
        raise ValueError(f"list {source.id} comes by no zone transfer")
    hosts = (primary.rpartition(":")[0].strip("[]") for primary in transfer.primaries)
    senders = tuple(ip_network(sender) for sender in (*hosts, *transfer.notify_from))
    return _Followed(source.id, dns.name.from_text(transfer.zone), senders, transfer.tsig)


def _judged(wire: bytes, known: list[_Followed], now: float) -> Answer:
    """The last step: signatures. All of ``known`` follow the zone and believe the sender."""
    try:
        keys = [tsig_key(followed.tsig) for followed in known if followed.tsig]
    except CredentialError as error:
        return Answer(bare_reply(wire, dns.rcode.SERVFAIL), problem=f"it cannot be checked: {error}")
    try:
        query = dns.message.from_wire(wire, keyring={key.name: key for key in keys})
    except Exception as error:  # whatever hostile bytes do to the library's reader is one fault: theirs
        return _unreadable(wire, error, keys, now)
    lists = tuple(followed.list_id for followed in known if _is_signed_for(query, followed.tsig))
    if not lists:
        problem = "it does not sign its NOTIFY with the key of the zone; let it, or remove the list's tsig"
        return Answer(reply(query, dns.rcode.REFUSED), problem=problem)
    return Answer(reply(query, dns.rcode.NOERROR), lists)


def _is_signed_for(query: dns.message.Message, tsig: Tsig | None) -> bool:
    return tsig is None or query.keyname == dns.name.from_text(tsig.name)


def _unreadable(wire: bytes, error: Exception, keys: list[dns.tsig.Key], now: float) -> Answer:
    for kind, code in _KEY_ERRORS:
        if isinstance(error, kind):
            problem = f"its signature is not good ({dns.rcode.to_text(code, tsig=True)}); compare the keys and clocks"
            return Answer(key_error_reply(wire, code, keys, now=now), problem=problem)
    return Answer(bare_reply(wire, dns.rcode.FORMERR), problem="it sends what is no NOTIFY")


def _question(wire: bytes) -> dns.message.Message | None:
    """The message up to its question, which names the zone; None if it is no NOTIFY (RFC 1996 section 3.7)."""
    try:
        message = dns.message.from_wire(wire, question_only=True)
    except Exception:  # as above
        return None
    kinds = [(question.rdtype, question.rdclass) for question in message.question]
    return message if kinds == [(dns.rdatatype.SOA, dns.rdataclass.IN)] else None


def _plain(sender: str) -> _Address:
    address = ip_address(sender.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_among(address: _Address, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(address in network for network in networks)
