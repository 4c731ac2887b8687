"""The DNS subset of AdBlock syntax: what is honoured, and what is left out rather than widened."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from blocklists.formats import line_parser, read
from blocklists.formats.adblock_modifiers import DECISIONS, Effect
from blocklists.model import Entry, ListSource, Scope, Skip, SkipReason

Make = Callable[..., ListSource]
Outcomes = Callable[[ListSource, str], list[str]]

LINES = {
    "||bets.example^": ["domain bets.example"],
    " ||BETS.example^ \r": ["domain bets.example"],
    "||bets.example|": ["domain bets.example"],
    "||bets.example^|": ["domain bets.example"],
    "|bets.example^": ["host bets.example"],
    "|bets.example|": ["host bets.example"],
    "||*.bets.example^": ["wildcard bets.example"],
    "*.bets.example^": ["wildcard bets.example"],
    ".bets.example^": ["wildcard bets.example"],
    "bets.example": ["host bets.example"],
    "0.0.0.0 bets.example": ["host bets.example"],
    "127.0.0.1 a.example b.example # why": ["host a.example", "host b.example"],
    "||bücher.example^": ["domain xn--bcher-kva.example"],
    "@@||bets.example^": ["domain bets.example allow"],
    "@@|bets.example^": ["host bets.example allow"],
    "||bets.example^$important": ["domain bets.example !"],
    "@@||bets.example^$important": ["domain bets.example allow !"],
    "||bets.example^$all": ["domain bets.example"],
    "||bets.example^$dnsrewrite=NXDOMAIN;;": ["domain bets.example nxdomain"],
    "||bets.example^$dnsrewrite=NXDOMAIN": ["domain bets.example nxdomain"],
    "||bets.example^$dnsrewrite=NOERROR;;": ["domain bets.example nodata"],
    "||bets.example^$denyallow=a.bets.example|b.bets.example": [
        "domain bets.example",
        "domain a.bets.example allow",
        "domain b.bets.example allow",
    ],
    "||bets.example^$important,denyallow=a.bets.example": [
        "domain bets.example !",
        "domain a.bets.example allow !",
    ],
    "||bets.example^$denyallow=elsewhere.example": ["domain bets.example"],
    "! text": ["-comment"],
    "!#if (adguard)": ["-comment"],
    "# text": ["-comment"],
    "# text ## more": ["-comment"],
    "#": ["-comment"],
    "#text": ["-comment"],
    "": ["-blank"],
    "[Adblock Plus 2.0]": ["-header"],
    "##.banner": ["-unsupported"],
    "bets.example##.banner": ["-unsupported"],
    "bets.example#@#.banner": ["-unsupported"],
    "bets.example#?#div:has(> a)": ["-unsupported"],
    "bets.example#$#body { color: red }": ["-unsupported"],
    "bets.example$$script": ["-unsupported"],
    "||bets.example": ["-unsupported"],
    "||be*ts.example^": ["-unsupported"],
    "||bets.*^": ["-unsupported"],
    "|be*ts.example^": ["-unsupported"],
    "*bets.example^": ["-unsupported"],
    "*.bets.example": ["-unsupported"],
    "||.bets.example^": ["-unsupported"],
    "|*.bets.example^": ["-unsupported"],
    "bets.example^": ["-unsupported"],
    "bets.example|": ["-unsupported"],
    "bets.example$important": ["-unsupported"],
    "@@bets.example": ["-unsupported"],
    "/be[t]s/": ["-unsupported"],
    "@@/be[t]s/": ["-unsupported"],
    "/banner/ad.": ["-unsupported"],
    "||bets.example/path": ["-unsupported"],
    "||bets.example^path": ["-unsupported"],
    "||bets.example:8080^": ["-unsupported"],
    "||bets.example?x=1^": ["-unsupported"],
    "&ad_box_": ["-unsupported"],
    "*$denyallow=com|net": ["-unsupported"],
    "||bets.example^$denyallow=bets.example": ["-unsupported"],
    "||bets.example^$denyallow=*.bets.example": ["-unsupported"],
    "@@||bets.example^$denyallow=a.bets.example": ["-unsupported"],
    "@@||bets.example^$all": ["-unsupported"],
    "@@||bets.example^$dnsrewrite=NXDOMAIN": ["-unsupported"],
    "||bets.example^$dnsrewrite=192.0.2.1": ["-unsupported"],
    "||bets.example^$dnsrewrite=REFUSED": ["-unsupported"],
    "||bets.example^$dnstype=~CNAME": ["-unsupported"],
    "||bets.example^$client='Mary\\'s laptop'": ["-unsupported"],
    "||bets.example^$document": ["-unsupported"],
    "||bets.example^$third-party": ["-unsupported"],
    "||bets.example^$important,third-party": ["-unsupported"],
    "||bets.example^$~third-party": ["-unsupported"],
    "||bets.example^$Important": ["-unsupported"],
    "||bets.example^$important=1": ["-unsupported"],
    "||bets.example^$denyallow": ["-unsupported"],
    "||bets.example^$unheard-of": ["-unsupported"],
    "203.0.113.9 bets.example": ["-unsupported"],
    "||bets.example^$": ["-malformed"],
    "||bets.example ^": ["-malformed"],
    "||bets.example^ # why": ["-malformed"],
    "two words": ["-malformed"],
    "||com^": ["-single-label"],
    "localhost": ["-single-label"],
    "||192.0.2.1^": ["-ip-address"],
    "||-..example^": ["-bad-name"],
}


@pytest.mark.parametrize(("line", "expected"), LINES.items())
def test_lines(line: str, expected: list[str], source: Make, outcomes: Outcomes) -> None:
    assert outcomes(source("adblock"), line) == expected


@pytest.mark.parametrize(
    "modifier", [name for name, effect in DECISIONS.items() if effect is Effect.LEAVE_OUT]
)
@pytest.mark.parametrize("form", ["||bets.example^${}", "||bets.example^${}=x", "@@||bets.example^${}"])
def test_a_restricting_modifier_never_widens(
    modifier: str, form: str, source: Make, outcomes: Outcomes
) -> None:
    assert outcomes(source("adblock"), form.format(modifier)) == ["-unsupported"]


def test_addresses_where_the_source_wants_them(source: Make, outcomes: Outcomes) -> None:
    text = "||192.0.2.1^\n@@||192.0.2.1^\n||192.0.2.1^$dnsrewrite=NXDOMAIN\n||2001:db8::1^"
    expected = ["address 192.0.2.1", "-unsupported", "-unsupported", "address 2001:db8::1"]
    assert outcomes(source("adblock", addresses=True), text) == expected


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("||a.example^\n||a.example^$badfilter", set()),
        ("||a.example^$badfilter\n||a.example^", set()),
        ("||a.example^\n|a.example^$badfilter", {("a.example", Scope.DOMAIN)}),
        ("||a.example^$important\n||a.example^$badfilter", {("a.example", Scope.DOMAIN)}),
        ("||a.example^$important\n||a.example^$important,badfilter", set()),
        ("@@||a.example^\n@@||a.example^$badfilter\n||a.example^", {("a.example", Scope.DOMAIN)}),
        ("||a.example^\n||a.example^$script,badfilter", {("a.example", Scope.DOMAIN)}),
    ],
)
def test_badfilter_takes_back_exactly_its_rule(text: str, left: set[tuple[str, Scope]], source: Make) -> None:
    entries, counts = read(source("adblock"), text.encode())
    assert {(entry.name, entry.scope) for entry in entries} == left
    assert counts.entries == len(left)
    assert counts.lines == counts.accepted + counts.duplicate + sum(counts.skipped.values())


def test_the_rules_of_a_real_service_catalogue(shared_data: Path, source: Make) -> None:
    services = json.loads((shared_data / "services/services.json").read_text())["blocked_services"]
    rules = [rule for service in services for rule in service["rules"]]
    parser = line_parser(source("adblock"))
    found = Counter(_kind(outcome) for rule in rules for outcome in parser.parse(rule, 2))
    assert len(rules) == 2395
    assert found == {
        Scope.DOMAIN: 2344 - 10 + 1 + 3,  # plain, $denyallow, $dnsrewrite
        SkipReason.SINGLE_LABEL: 10,  # whole top-level domains of a brand
        "hole": found["hole"],
        Scope.HOST: 15,
        SkipReason.UNSUPPORTED: 13 + 11 + 4 + 1 + 1 + 1,
        SkipReason.MALFORMED: 1,
    }
    assert found["hole"] > 0


def _kind(outcome: Entry | Skip) -> object:
    if isinstance(outcome, Skip):
        return outcome.reason
    return "hole" if outcome.action == "allow" else outcome.scope
