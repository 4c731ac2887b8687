"""Lists as zones: the primaries are asked in order, and the first that has a newer version gives it.

The zone's SOA comes first (RFC 1034 section 4.3.5): an equal serial is no change, an older one is refused and said. Then
what changed since the version that is held (IXFR, RFC 1995), or the whole zone (AXFR, RFC 5936), over TCP, signed if
there is a key. A change that does not fit, or that the primary does not have, gives way to a whole transfer.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import dns.exception
import dns.name
import dns.serial
import dns.tsig
import dns.xfr

from blocklists.credentials import CredentialError
from blocklists.model import ListSource, ListVersion
from blocklists.properties import Transfer
from blocklists.sources.model import (
    Fetched,
    FetchError,
    Known,
    LineChange,
    NotModified,
    ZoneVersion,
    version,
)
from blocklists.sources.zone_faults import GarbledError, MismatchError, TooLargeError, ZoneFaultError
from blocklists.sources.zone_key import tsig_key
from blocklists.sources.zone_records import WholeZone, ZoneChange
from blocklists.sources.zone_session import SoaQuestion, TransferQuestion
from blocklists.sources.zone_stream import TRANSFER_SECONDS, connected
from blocklists.sources.zone_text import Soa, changed_text, soa_in, zone_text
from blocklists.sources.zone_words import words_for

_FAULTS = (OSError, EOFError, dns.exception.DNSException, ZoneFaultError)
_FAULTS_OF_CHANGES = (
    EOFError,
    dns.exception.FormError,
    dns.xfr.TransferError,
    GarbledError,
    MismatchError,
    TooLargeError,
)
"""After these a whole transfer may still go well; whatever else ended the incremental one would end that too."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is asked of every primary."""

    source: ListSource
    zone: dns.name.Name
    key: dns.tsig.Key | None
    held: int | None
    """The serial of the version that is held."""
    known: Known
    now: float


async def fetch_zone(source: ListSource, *, known: Known | None = None, now: float) -> Fetched:
    """Fetch the zone unless ``known`` has its serial; ``now`` is Unix seconds. FetchError with all primaries' faults."""
    transfer = source.fetching.transfer
    if transfer is None:
        raise FetchError(f"list {source.id}: it has no transfer; write one")
    wish = await _wish(source, transfer, known, now)
    faults: list[str] = []
    is_confirmed = has_missed = False
    for primary in transfer.primaries:
        place = f"zone {transfer.zone}: {primary}"
        try:
            soa = await _soa(wish, primary)
            if soa.serial == wish.held:
                is_confirmed = True
                continue
            _check_newer(wish.held, soa.serial, place)
            has_missed = True
            return await _transfer(wish, primary, place)
        except FetchError as fault:
            faults.append(str(fault))
        except _FAULTS as fault:
            faults.append(f"{place} {words_for(fault)}")
    if is_confirmed and not has_missed:
        return NotModified()
    raise FetchError("; ".join(faults))


async def _wish(source: ListSource, transfer: Transfer, known: Known | None, now: float) -> _Wish:
    try:
        key = None if transfer.tsig is None else await asyncio.to_thread(tsig_key, transfer.tsig)
    except CredentialError as error:
        raise FetchError(str(error)) from None
    etag = "" if known is None else known.etag
    held = int(etag) if etag.isascii() and etag.isdecimal() else None
    return _Wish(source, dns.name.from_text(transfer.zone), key, held, known or Known(), now)


def _check_newer(held: int | None, serial: int, place: str) -> None:
    """FetchError unless ``serial`` is after ``held`` (RFC 1982)."""
    if held is not None and not dns.serial.Serial(serial) > held:
        raise FetchError(
            f"{place} has serial {serial}, which is older than {held} held here, and was not taken; if the zone was "
            f"made anew there, give it a serial after {held}"
        )


async def _soa(wish: _Wish, primary: str) -> Soa:
    question = SoaQuestion(wish.zone, wish.key)
    async with connected(*_address(primary), wish.source.max_size) as stream:
        await stream.send(question.wire)
        return question.answer(await stream.receive())


async def _transfer(wish: _Wish, primary: str, place: str) -> Fetched:
    base = await asyncio.to_thread(_base, wish)
    if base is not None:
        try:
            found = await _ask(wish, primary, wish.held)
            return await asyncio.to_thread(_version, wish, found, base, place)
        except _FAULTS_OF_CHANGES:
            pass  # the primary has no such change, or not from this very version
    found = await _ask(wish, primary, None)
    return await asyncio.to_thread(_version, wish, found, None, place)


def _base(wish: _Wish) -> ListVersion | None:
    """The version that is held, if it is what its serial says."""
    if wish.held is None:
        return None
    base = wish.known.base()
    soa = None if base is None else soa_in(base.data, wish.zone)
    return base if soa is not None and soa.serial == wish.held else None


async def _ask(wish: _Wish, primary: str, serial: int | None) -> WholeZone | ZoneChange:
    limit = wish.source.max_size
    question = TransferQuestion(wish.zone, wish.key, serial=serial, limit=limit)
    async with asyncio.timeout(TRANSFER_SECONDS), connected(*_address(primary), limit) as stream:
        await stream.send(question.wire)
        # Reading a message takes up to 30 ms: the loop has others to serve.
        while not await asyncio.to_thread(question.feed, await stream.receive()):
            pass
    if question.result is None:
        raise MismatchError  # it had announced a newer version than it then gave
    return question.result


def _version(wish: _Wish, found: WholeZone | ZoneChange, base: ListVersion | None, place: str) -> ZoneVersion:
    change = None
    if isinstance(found, WholeZone):
        text = zone_text(wish.zone, found.soa, found.lines)
    elif base is None:
        raise MismatchError
    else:
        text, before = changed_text(base.data, soa=found.soa, removed=found.removed, added=found.added)
        change = LineChange(base.digest, (*found.added, found.soa), (*found.removed, before))
    if len(text) > wish.source.max_size:
        raise TooLargeError
    soa = soa_in(text, wish.zone)
    if soa is None:
        raise MismatchError
    _check_newer(wish.held, soa.serial, place)
    plain = version(wish.source.id, text, now=wish.now)
    return ZoneVersion(
        plain.source_id, text, plain.digest, wish.now, str(soa.serial), timers=soa.timers, change=change
    )


def _address(primary: str) -> tuple[str, int]:
    host, _, port = primary.rpartition(":")
    return host.strip("[]"), int(port)
