"""Domains, hosts, dnsmasq and URLs: tables of lines and what they mean."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from blocklists.formats import line_parser, make_parser
from blocklists.model import ListSource, Scope

Make = Callable[..., ListSource]
Outcomes = Callable[[ListSource, str], list[str]]

DOMAINS = {
    "bets.example": ["domain bets.example"],
    "  BETS.Example.\t\r": ["domain bets.example"],
    ".bets.example": ["domain bets.example"],
    "*.bets.example": ["wildcard bets.example"],
    "bets.example # why": ["domain bets.example"],
    "bets.example#why": ["domain bets.example"],
    "bücher.example": ["domain xn--bcher-kva.example"],
    "_x.bets.example": ["domain _x.bets.example"],
    "": ["-blank"],
    " \r": ["-blank"],
    "\ufeff": ["-blank"],
    "\ufeffbets.example": ["domain bets.example"],
    "# text": ["-comment"],
    "! text": ["-comment"],
    "; text": ["-comment"],
    "// text": ["-comment"],
    "192.0.2.1": ["-ip-address"],
    "2001:db8::1": ["-ip-address"],
    "192.0.2.0/24": ["-ip-address"],
    "3221225985": ["-ip-address"],
    "localhost": ["-single-label"],
    ".barclays": ["-single-label"],
    "*.": ["-bad-name"],
    "*": ["-bad-name"],
    "*.*.example": ["-bad-name"],
    "marketingplatform.google....": ["-bad-name"],
    "bets.example/path": ["-bad-name"],
    "||bets.example^": ["-bad-name"],
    "0.0.0.0 bets.example": ["-malformed"],
    "bets.example other.example": ["-malformed"],
    "\udcff\udcfe.example": ["-bad-name"],
}

HOSTS = {
    "0.0.0.0 bets.example": ["domain bets.example"],
    "127.0.0.1\tBETS.example.": ["domain bets.example"],
    "127.0.0.7 bets.example": ["domain bets.example"],
    "::1 bets.example": ["domain bets.example"],
    ":: bets.example # why": ["domain bets.example"],
    "203.0.113.9 bets.example": ["domain bets.example"],
    "fe80::1%lo0 localhost": ["-single-label"],
    "0.0.0.0 bets.example en": ["domain bets.example", "-single-label"],
    "0.0.0.0 a.example b.example": ["domain a.example", "domain b.example"],
    "0.0.0.0 0.0.0.0": ["-ip-address"],
    "0.0.0.0 192.0.2.1": ["-ip-address"],
    "255.255.255.255 broadcasthost": ["-single-label"],
    "0.0.0.0 *.bets.example": ["-bad-name"],
    "# 0.0.0.0 bets.example": ["-comment"],
    "0.0.0.0": ["-malformed"],
    "0.0.0.0 # bets.example": ["-malformed"],
    "bets.example": ["-malformed"],
    "bets.example 0.0.0.0": ["-malformed"],
}

DNSMASQ = {
    "server=/bets.example/": ["domain bets.example"],
    "local=/bets.example/": ["domain bets.example"],
    "address=/bets.example/": ["domain bets.example"],
    "address=/bets.example/0.0.0.0": ["domain bets.example"],
    "address=/bets.example/::": ["domain bets.example"],
    "address=/bets.example/127.0.0.1": ["domain bets.example"],
    "address=/bets.example/#": ["domain bets.example"],
    "address=/.bets.example/": ["domain bets.example"],
    "server=/a.example/b.example/": ["domain a.example", "domain b.example"],
    "server=/bets.example/ # why": ["domain bets.example"],
    "server = /bets.example/": ["domain bets.example"],
    "server=/bets.example/192.0.2.53": ["-unsupported"],
    "server=/bets.example/#": ["-unsupported"],
    "local=/bets.example/0.0.0.0": ["-unsupported"],
    "address=/bets.example/203.0.113.9": ["-unsupported"],
    "address=/#/0.0.0.0": ["-unsupported"],
    "address=/*bets.example/": ["-unsupported"],
    "server=//": ["-unsupported"],
    "server=192.0.2.53": ["-unsupported"],
    "domain-needed": ["-unsupported"],
    "cache-size=1000": ["-unsupported"],
    "server=/bets.example": ["-malformed"],
    "bets.example": ["-malformed"],
    "server=/192.0.2.1/": ["-ip-address"],
    "server=/com/": ["-single-label"],
    "# server=/bets.example/": ["-comment"],
}

URLS = {
    "http://pages.example/gallery/bad.html": ["url pages.example/gallery/bad.html"],
    "pages.example/x?y#z": ["url pages.example/x?y"],
    "pages.example": ["url pages.example/"],
    "http://pages.example/": ["url pages.example/"],
    "pages.example/x*": ["url-prefix pages.example/x"],
    "pages.example/#!/x": ["url pages.example/"],
    "pages.example/x # why": ["url pages.example/x"],
    "192.0.2.1/x": ["url 192.0.2.1/x"],
    "[2001:db8::1]/x": ["url [2001:db8::1]/x"],
    "pages.example:8080/x": ["url pages.example:8080/x"],
    "# pages.example/x": ["-comment"],
    "": ["-blank"],
    "localhost/x": ["-single-label"],
    "*.pages.example/x": ["-unsupported"],
    "pages.example/*/x": ["-unsupported"],
    "ftp://pages.example/x": ["-unsupported"],
    "http:///x": ["-single-label"],
    "pa ges.example/x": ["-bad-name"],
    "*": ["-bad-name"],
}

TABLES = {"domains": DOMAINS, "hosts": HOSTS, "dnsmasq": DNSMASQ, "urls": URLS}
CASES = [(format, line, expected) for format, table in TABLES.items() for line, expected in table.items()]


@pytest.mark.parametrize(("format", "line", "expected"), CASES)
def test_lines(format: str, line: str, expected: list[str], source: Make, outcomes: Outcomes) -> None:
    assert outcomes(source(format), line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("192.0.2.1", ["address 192.0.2.1"]),
        ("192.0.2.0/24", ["address 192.0.2.0/24"]),
        ("2001:DB8::/32", ["address 2001:db8::/32"]),
        ("2001:db8::1", ["address 2001:db8::1"]),
        ("192.0.2.1/24", ["-bad-name"]),
        ("0.0.0.0", ["-ip-address"]),
        ("127.0.0.1", ["-ip-address"]),
        ("0.0.0.0/0", ["-unsupported"]),
        ("16.0.0.0/4", ["-unsupported"]),
        ("2000::/3", ["-unsupported"]),
        ("3221225985", ["-ip-address"]),
    ],
)
def test_addresses_where_the_source_wants_them(
    line: str, expected: list[str], source: Make, outcomes: Outcomes
) -> None:
    assert outcomes(source("domains", addresses=True), line) == expected


@pytest.mark.parametrize("format", ["domains", "hosts"])
def test_the_source_sets_the_reach_of_bare_names(format: str, source: Make, outcomes: Outcomes) -> None:
    line = "bets.example" if format == "domains" else "0.0.0.0 bets.example"
    for scope in (Scope.HOST, Scope.DOMAIN, Scope.WILDCARD):
        assert outcomes(source(format, scope=scope), line) == [f"{scope} bets.example"]
        assert line_parser(source(format, scope=scope)).scope is scope


def test_written_reach_outranks_the_source(source: Make, outcomes: Outcomes) -> None:
    text = ".bets.example\n*.chat.example"
    assert outcomes(source("domains", scope=Scope.HOST), text) == [
        "domain bets.example",
        "wildcard chat.example",
    ]


def test_a_url_list_of_prefixes(source: Make, outcomes: Outcomes) -> None:
    assert outcomes(source("urls", scope=Scope.URL_PREFIX), "pages.example/x") == [
        "url-prefix pages.example/x"
    ]


@pytest.mark.parametrize(
    ("format", "scope"), [("domains", Scope.URL), ("hosts", Scope.ADDRESS), ("urls", Scope.DOMAIN)]
)
def test_a_scope_that_does_not_fit_is_refused(format: str, scope: Scope, source: Make) -> None:
    with pytest.raises(ValueError, match="does not fit format"):
        line_parser(source(format, scope=scope))


def test_an_unknown_format_is_refused_by_name(source: Make) -> None:
    with pytest.raises(ValueError, match="unknown format 'domain'; known are hosts, domains"):
        make_parser(source("domain"))


@pytest.mark.parametrize("format", ["domains", "hosts", "dnsmasq", "adblock"])
def test_a_bom_on_the_first_line_is_tolerated(format: str, source: Make) -> None:
    parser = line_parser(source(format))
    line = {"domains": "a.example", "hosts": "0.0.0.0 a.example", "dnsmasq": "server=/a.example/"}.get(
        format, "||a.example^"
    )
    assert parser.parse(f"\ufeff{line}", 1) == parser.parse(line, 2)
