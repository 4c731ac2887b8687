"""From a list as the configuration declares it to the list as the room of lists knows it. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from admin.config.list_sections import AccessConfig, FieldsConfig, TransferConfig
from admin.config.lists import ListConfig
from admin.config.values import Duration
from blocklists.model import ListSource
from blocklists.properties import (
    Access,
    Fetching,
    Fields,
    Handling,
    Hashes,
    Rpz,
    Signature,
    Transfer,
    Tsig,
)


def list_source(item: ListConfig) -> ListSource:
    """The list; ``file:`` addresses carry absolute paths, a transfer has the address ``zone:NAME``."""
    return ListSource(
        id=item.id,
        url=f"zone:{item.transfer.zone}" if item.transfer else str(item.url),
        format=item.format,
        kind=item.kind,
        categories=item.categories,
        title=item.title or item.id,
        authority=item.authority,
        legal_basis=item.legal_basis,
        confidentiality=item.confidentiality,
        contact=item.contact,
        licence=item.licence,
        scope=item.scope,
        public_suffixes=item.public_suffixes,
        addresses=item.addresses,
        refresh=item.refresh.seconds,
        max_size=item.max_size.bytes,
        max_shrink=item.max_shrink.share,
        max_growth=item.max_growth.share,
        max_errors=item.max_errors.share,
        fetching=_fetching(item),
        handling=_handling(item),
    )


def _end_of(day: date | None) -> float | None:
    """The first moment after a day (UTC)."""
    return None if day is None else datetime.combine(day + timedelta(days=1), time(), UTC).timestamp()


def _handling(item: ListConfig) -> Handling:
    return Handling(
        attribution=item.attribution,
        page=item.page,
        ede=item.ede,
        log=item.log_policy,
        warn_age=_seconds(item.warn_age),
        max_age=_seconds(item.max_age),
        stale=item.stale_policy,
        review_after=_seconds(item.review_after),
        canary=item.canary or "",
        licence_ends=_end_of(item.licence_ends),
        keep=item.keep_versions,
        popular=item.popular_names,
        staged=item.staged,
        publish=item.publish,
    )


def _fetching(item: ListConfig) -> Fetching:
    fields, hashes, signature, transfer = item.fields, item.hashes, item.signature, item.transfer
    return Fetching(
        access=_access(item.access),
        transfer=_transfer(transfer) if transfer else None,
        signature=Signature(signature.kind, str(signature.public_key), signature.url) if signature else None,
        fields=_fields(fields) if fields else None,
        hashes=Hashes(hashes.shape, hashes.algorithm, hashes.full) if hashes else None,
        rpz=Rpz(item.rpz.override, item.rpz.cname),
    )


def _fields(section: FieldsConfig) -> Fields:
    scopes = tuple((name, scope.value) for name, scope in section.scopes.items())
    return Fields(section.entry, section.items, section.scope, scopes, section.delimiter)


def _access(section: AccessConfig) -> Access:
    return Access(
        ca=str(section.ca or ""),
        certificate=str(section.certificate or ""),
        key=section.certificate_key,
        api_key=section.api_key,
        header=section.header,
        proxy=section.proxy,
    )


def _transfer(section: TransferConfig) -> Transfer:
    tsig = section.tsig
    return Transfer(
        zone=section.zone,
        primaries=tuple(map(str, section.primaries)),
        tsig=Tsig(tsig.name, tsig.algorithm, tsig.secret) if tsig else None,
        notify_from=tuple(map(str, section.notify_from)),
    )


def _seconds(duration: Duration | None) -> float | None:
    return None if duration is None else duration.seconds
