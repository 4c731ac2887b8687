"""From a word of a list to an entry, and the outcomes that several formats share."""

from __future__ import annotations

import ipaddress

from blocklists.canonical import CanonicalError, address, host
from blocklists.formats.protocol import Outcome
from blocklists.model import Action, Entry, ListSource, Scope, Skip, SkipReason

BLANK = (Skip(SkipReason.BLANK),)
COMMENT = (Skip(SkipReason.COMMENT),)
HEADER = (Skip(SkipReason.HEADER),)
MALFORMED = (Skip(SkipReason.MALFORMED),)
UNSUPPORTED = (Skip(SkipReason.UNSUPPORTED),)

BARE_SCOPES = frozenset({Scope.HOST, Scope.DOMAIN, Scope.WILDCARD})
"""What ``ListSource.scope`` may say for formats that name bare hosts."""

_COMMENT_LEADS = ("#", "!", ";", "//")
_SINKHOLES = frozenset(
    str(ipaddress.ip_address(target)) for target in (0, 0x7F000001, b"\0" * 16, b"\0" * 15 + b"\1")
)
"""Unspecified and loopback in their usual spelling: what nearly every line of a hosts list begins with."""
_MIN_PREFIX = {4: 8, 6: 16}
"""A wider prefix would take a sizeable part of the internet: no list means that."""


def clean(line: str, number: int) -> str:
    """The line without surrounding blanks, a CR, and the byte-order mark that the first line may carry."""
    return line.removeprefix("\ufeff").strip() if number == 1 else line.strip()


def is_comment(text: str) -> bool:
    """True for a whole-line comment of the plain formats; no name begins with these characters."""
    return text.startswith(_COMMENT_LEADS)


def is_target(text: str) -> bool:
    """True for an address that may stand first on a hosts line (any: some lists use their own sinkhole)."""
    if text in _SINKHOLES:
        return True
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_sinkhole(text: str) -> bool:
    """True for the unspecified and loopback addresses: answering so is the same as blocking."""
    if text in _SINKHOLES:
        return True
    try:
        target = ipaddress.ip_address(text)
    except ValueError:
        return False
    return target.is_unspecified or target.is_loopback


def outcome(
    text: str, scope: Scope, source: ListSource, action: Action = Action.BLOCK, important: bool = False
) -> Outcome:
    """The entry that a word gives, or why it gives none. Addresses become entries only if the source says so."""
    try:
        return Entry(host(text), scope, action, important)
    except CanonicalError as error:
        if error.reason is SkipReason.ADDRESS or "/" in text:
            return address_outcome(text, source, action, otherwise=error.reason)
        return Skip(error.reason, text.strip(".").lower() if error.reason is SkipReason.SINGLE_LABEL else "")


def address_outcome(
    text: str,
    source: ListSource,
    action: Action = Action.BLOCK,
    *,
    otherwise: SkipReason = SkipReason.BAD_NAME,
) -> Outcome:
    """The outcome of an address or prefix; ``otherwise`` is the reason for text that is neither."""
    try:
        canonical = address(text)
    except CanonicalError:
        return Skip(otherwise)
    network = ipaddress.ip_network(canonical)
    if not source.addresses or network.is_unspecified or network.is_loopback:
        return Skip(SkipReason.ADDRESS)
    if network.prefixlen < _MIN_PREFIX[network.version]:
        return Skip(SkipReason.UNSUPPORTED)
    return Entry(canonical, Scope.ADDRESS, action)


def bare_scope(source: ListSource) -> Scope:
    """The scope of a bare name: what the source says, else the name and all below it. ValueError for a URL scope."""
    scope = source.scope or Scope.DOMAIN
    if scope not in BARE_SCOPES:
        raise ValueError(
            f"list {source.id}: scope {scope} does not fit format {source.format}; use host or domain"
        )
    return scope
