"""Which formats there are, and the parser of a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from blocklists.formats.adblock import AdblockParser
from blocklists.formats.csv_rows import CsvParser
from blocklists.formats.dnsmasq import DnsmasqParser
from blocklists.formats.domains import DomainsParser
from blocklists.formats.hashes import HashesParser
from blocklists.formats.hosts import HostsParser
from blocklists.formats.json_items import JsonParser
from blocklists.formats.protocol import LineParser, Parser
from blocklists.formats.urls import UrlsParser
from blocklists.model import ListSource


def _rpz(source: ListSource) -> LineParser:
    # Its dnspython takes 30 ms to import, which no start without such a list shall pay.
    from blocklists.formats.rpz import RpzParser

    return RpzParser(source)


LINE_FORMATS: Mapping[str, Callable[[ListSource], LineParser]] = MappingProxyType(
    {
        "hosts": HostsParser,
        "domains": DomainsParser,
        "adblock": AdblockParser,
        "dnsmasq": DnsmasqParser,
        "rpz": _rpz,
        "urls": UrlsParser,
    }
)
"""Formats whose entries are lines: name → factory of its parser."""

FORMATS: Mapping[str, Callable[[ListSource], Parser]] = MappingProxyType(
    {**LINE_FORMATS, "csv": CsvParser, "json": JsonParser, "hashes": HashesParser}
)
"""All formats: name → factory of its parser."""


def make_parser(source: ListSource) -> Parser:
    """A fresh parser for one version of ``source``. ValueError for an unknown format, or properties that do not fit."""
    factory = FORMATS.get(source.format)
    if factory is None:
        raise ValueError(
            f"list {source.id}: unknown format {source.format!r}; known are {', '.join(FORMATS)}"
        )
    return factory(source)


def line_parser(source: ListSource) -> LineParser:
    """The same for a format of lines; ValueError for any other."""
    factory = LINE_FORMATS.get(source.format)
    if factory is None:
        raise ValueError(f"list {source.id}: format {source.format!r} is not one of lines")
    return factory(source)
