"""Which formats there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from blocklists.formats.adblock import AdblockParser
from blocklists.formats.dnsmasq import DnsmasqParser
from blocklists.formats.domains import DomainsParser
from blocklists.formats.hosts import HostsParser
from blocklists.formats.protocol import LineParser
from blocklists.formats.urls import UrlsParser
from blocklists.model import ListSource


def _rpz(source: ListSource) -> LineParser:
    # Its dnspython takes 30 ms to import, which no start without such a list shall pay.
    from blocklists.formats.rpz import RpzParser

    return RpzParser(source)


FORMATS: Mapping[str, Callable[[ListSource], LineParser]] = MappingProxyType(
    {
        "hosts": HostsParser,
        "domains": DomainsParser,
        "adblock": AdblockParser,
        "dnsmasq": DnsmasqParser,
        "rpz": _rpz,
        "urls": UrlsParser,
    }
)
"""Format name → factory of its parser."""


def line_parser(source: ListSource) -> LineParser:
    """A fresh parser for one version of ``source``. ValueError for an unknown format or a scope that does not fit."""
    factory = FORMATS.get(source.format)
    if factory is None:
        raise ValueError(
            f"list {source.id}: unknown format {source.format!r}; known are {', '.join(FORMATS)}"
        )
    return factory(source)
