"""Certificates from what is stored: probes, audit events, and when versions came into force. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select

from admin.audit.events import EventKind
from admin.config import Config
from admin.services.actors import Actor, Permission, require
from admin.services.build import sources
from admin.services.certificate import (
    Certificate,
    Configuration,
    Coverage,
    Enforced,
    Software,
    Told,
    latencies,
    shown_entries,
    spans,
    uncovered,
)
from admin.services.find_list import find_list
from admin.services.probe_records import HOUR
from admin.services.probes import State
from admin.services.quarter import Quarter
from admin.store.database import Transaction
from admin.store.probes import EnforcementRow, ProbeHourRow
from admin.store.tables import EventRow
from blocklists.model import ListSource

COUNTED = (
    EventKind.LIST_SYNCED,
    EventKind.LIST_HELD,
    EventKind.LIST_FAILED,
    EventKind.LIST_RELEASED,
    EventKind.LIST_ROLLED_BACK,
    EventKind.LIST_SUSPENDED,
    EventKind.LIST_STALE,
)
MOST_CONFIGURATIONS = 100
"""Of more, the newest are named."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which certificate; ``now`` is Unix seconds, ``software`` what runs."""

    list_id: str
    quarter: Quarter
    now: float
    software: Software


async def certify(transaction: Transaction, config: Config, actor: Actor, wanted: Wanted) -> Certificate:
    """The certificate of a list. DeniedError, NotFoundError."""
    require(actor, Permission.LISTS_READ)
    source = find_list(sources(config), wanted.list_id)
    begin, end = wanted.quarter.begin, wanted.quarter.end
    until = min(end, max(begin, wanted.now))
    hours = int((until - begin) // HOUR)
    told = await _told(transaction, source.id, begin, until)
    tested = await _tested(transaction, source.id, begin, until)
    fetched, published, removed = latencies(await _enforced(transaction, source.id, begin, until))
    return Certificate(
        node=config.node,
        list_id=source.id,
        title=source.title,
        authority=source.authority,
        kind=source.kind.value,
        legal_basis=source.legal_basis.value,
        confidentiality=source.confidentiality.value,
        canary=source.handling.canary,
        quarter=str(wanted.quarter),
        begin=begin,
        end=end,
        made=wanted.now,
        software=wanted.software,
        configurations=await _configurations(transaction, config, begin, until),
        hours=hours,
        tested=tested,
        outages=spans(told, State.FAILING, begin, until),
        off=spans(told, State.OFF, begin, until),
        events=await _events(transaction, source.id, begin, until),
        enforced_after_fetch=fetched,
        enforced_after_publication=published,
        removed_after_fetch=removed,
        entries=shown_entries(source.confidentiality, await _newest(transaction, source, until)),
        uncovered=tuple(uncovered(source, tested, hours, _ipv6_without_source(config))),
    )


def _ipv6_without_source(config: Config) -> bool:
    listens = any(":" in address.host for address in (*config.resolver.listen, *config.gateway.listen))
    return listens and config.telemetry.selftest_source.ipv6 is None


async def _told(transaction: Transaction, list_id: str, begin: float, until: float) -> list[Told]:
    about = and_(EventRow.subject == list_id, EventRow.kind == EventKind.LIST_SELFTEST.value)
    last = await transaction.session.scalar(
        select(func.max(EventRow.sequence)).where(about, EventRow.at < begin)
    )
    rows = await transaction.session.scalars(
        select(EventRow)
        .where(about, or_(EventRow.sequence == last, and_(EventRow.at >= begin, EventRow.at < until)))
        .order_by(EventRow.sequence)
    )
    known = {state.value: state for state in State}
    return [
        Told(row.at, known[row.detail["state"]], str(row.detail.get("finding", "")))
        for row in rows
        if row.detail.get("state") in known
    ]


async def _tested(transaction: Transaction, list_id: str, begin: float, until: float) -> tuple[Coverage, ...]:
    rows = await transaction.session.scalars(
        select(ProbeHourRow).where(
            ProbeHourRow.list == list_id,
            ProbeHourRow.transport != "",
            ProbeHourRow.hour >= int(begin // HOUR),
            ProbeHourRow.hour <= int(until // HOUR),
        )
    )
    sums: dict[str, Counter[str]] = {}
    for row in rows:
        found = sums.setdefault(row.transport, Counter())
        found.update(
            good=row.good, failed=row.failed, untold=row.untold, hours=int(row.good + row.failed > 0)
        )
    return tuple(
        Coverage(name, item["good"], item["failed"], item["untold"], item["hours"])
        for name, item in sorted(sums.items())
    )


async def _enforced(transaction: Transaction, list_id: str, begin: float, until: float) -> list[Enforced]:
    rows = await transaction.session.scalars(
        select(EnforcementRow).where(
            EnforcementRow.list == list_id, EnforcementRow.at >= begin, EnforcementRow.at < until
        )
    )
    return [Enforced(row.fetched, row.at, row.published, row.shrank) for row in rows]


async def _events(transaction: Transaction, list_id: str, begin: float, until: float) -> dict[str, int]:
    rows = await transaction.session.execute(
        select(EventRow.kind, func.count())
        .where(EventRow.subject == list_id, EventRow.at >= begin, EventRow.at < until)
        .group_by(EventRow.kind)
    )
    found = {str(kind): int(number) for kind, number in rows}
    return {kind.value: found.get(kind.value, 0) for kind in COUNTED}


async def _newest(transaction: Transaction, source: ListSource, until: float) -> Mapping[str, object]:
    """The detail of the newest version that came before ``until``; nothing if there was none."""
    detail = await transaction.session.scalar(
        select(EventRow.detail)
        .where(
            EventRow.subject == source.id,
            EventRow.kind == EventKind.LIST_SYNCED.value,
            EventRow.at < until,
        )
        .order_by(EventRow.sequence.desc())
        .limit(1)
    )
    return detail or {}


async def _configurations(
    transaction: Transaction, config: Config, begin: float, until: float
) -> tuple[Configuration, ...]:
    """Those that were loaded in the quarter, and the one in force when it began, oldest first."""
    loaded = EventRow.kind == EventKind.CONFIG_LOADED.value
    last = await transaction.session.scalar(
        select(func.max(EventRow.sequence)).where(loaded, EventRow.at < begin)
    )
    rows = await transaction.session.execute(
        select(EventRow.after, EventRow.at)
        .where(loaded, or_(EventRow.sequence == last, and_(EventRow.at >= begin, EventRow.at < until)))
        .order_by(EventRow.sequence.desc())
        .limit(MOST_CONFIGURATIONS)
    )
    found: list[Configuration] = []
    for digest, at in reversed(rows.all()):
        if digest and (not found or found[-1].digest != digest):
            found.append(Configuration(digest, at))
    return tuple(found)
