"""Response policy zones: master file syntax, triggers, actions, local data."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.formats import line_parser, read
from blocklists.formats.rpz import OVERRIDES
from blocklists.formats.rpz_names import MAX_LABELS
from blocklists.formats.rpz_syntax import MAX_CONTINUATION
from blocklists.model import Action, Entry, Kind, ListSource, Scope, SkipReason
from blocklists.properties import Fetching, PolicyOverride, Rpz

Make = Callable[..., ListSource]
Outcomes = Callable[[ListSource, str], list[str]]

ZONE = """$TTL 1h ; default
$ORIGIN rpz.test.
@ IN SOA localhost. root.localhost. (
        1       ; serial
        2h 15m 30d
        2h )
    NS localhost.
@   TXT "about this zone"
; a comment

bets.example          CNAME .
*.bets.example        CNAME .
nodata.example   300 IN CNAME *.
good.bets.example     CNAME rpz-passthru.
old.bets.example      CNAME old.bets.example.
drop.example       IN 300 CNAME rpz-drop.
tcp.example           cname RPZ-TCP-ONLY.
absolute.example.rpz.test. CNAME .
outside.example.      CNAME .
walled.example        A 192.0.2.1
                      A 192.0.2.2
                  60  AAAA 2001:db8::1
                      TXT "two words; no comment" (
                          "second" )
*.garden.example      CNAME walled
$ORIGIN example.rpz.test.
below                 CNAME .
"""

EXPECTED = """-header
-header
-header
-header
-header
-header
-header
-header
-comment
-blank
host bets.example nxdomain
wildcard bets.example nxdomain
host nodata.example nodata
host good.bets.example allow
host old.bets.example allow
host drop.example drop
host tcp.example tcp-only
host absolute.example nxdomain
-malformed
host walled.example local-data
host walled.example local-data
host walled.example local-data
-header
host walled.example local-data
wildcard garden.example local-data
-header
host below.example nxdomain"""


def test_a_whole_zone(source: Make, outcomes: Outcomes) -> None:
    assert outcomes(source("rpz"), ZONE.rstrip("\n")) == EXPECTED.split("\n")


def test_local_data_is_gathered_per_owner(source: Make) -> None:
    entries, counts = read(source("rpz"), ZONE.encode())
    local = {entry.name: entry for entry in entries if entry.action is Action.LOCAL_DATA}
    assert local["walled.example"].data == (
        ("A", 3600, "192.0.2.1"),
        ("A", 3600, "192.0.2.2"),
        ("AAAA", 60, "2001:db8::1"),
        ("TXT", 3600, '"two words; no comment" "second"'),
    )
    garden = Entry(
        "garden.example", Scope.WILDCARD, Action.LOCAL_DATA, data=(("CNAME", 3600, "walled.rpz.test."),)
    )
    assert local["garden.example"] == garden
    assert counts.lines == len(ZONE.splitlines())
    assert counts.lines == counts.accepted + counts.duplicate + sum(counts.skipped.values())
    assert counts.entries == len(entries) == 11


RELATIVE = {
    "bets.example CNAME .": ["host bets.example nxdomain"],
    "BETS.Example CNAME .": ["host bets.example nxdomain"],
    "bücher.example CNAME .": ["host xn--bcher-kva.example nxdomain"],
    "bets.example IN CNAME *.wall.example.": ["host bets.example local-data"],
    "bets.example CNAME *.wall": ["-unsupported"],
    "bets.example CNAME *.rpz-what.": ["host bets.example local-data"],
    "bets.example CNAME rpz-new.": ["-unsupported"],
    "bets.example CNAME wall": ["-unsupported"],
    "bets.example CNAME wall.example.": ["host bets.example local-data"],
    "bets.example DNAME wall.example.": ["-unsupported"],
    "bets.example NS wall.example.": ["-unsupported"],
    "bets.example RRSIG A 8 2 1 1 1 1 x. AA==": ["-header"],
    "bets.example A 192.0.2.256": ["-malformed"],
    "bets.example A": ["-malformed"],
    "bets.example": ["-malformed"],
    "bets.example CH TXT x": ["-malformed"],
    "bets.example NOTYPE x": ["-malformed"],
    "bets.example CNAME . .": ["-malformed"],
    "  CNAME .": ["-malformed"],
    "* CNAME .": ["-unsupported"],
    "*.com CNAME .": ["-single-label"],
    "localhost CNAME .": ["-single-label"],
    "a..example CNAME .": ["-bad-name"],
    "ns.example.rpz-nsdname CNAME .": ["-name-server-trigger"],
    "32.1.2.0.192.rpz-nsip CNAME .": ["-name-server-trigger"],
    "192.0.2.1 CNAME .": ["-ip-address"],
    "$INCLUDE other.zone": ["-unsupported"],
    "$GENERATE 1-9 a$ CNAME .": ["-unsupported"],
    "$TTL soon": ["-malformed"],
    "$ORIGIN": ["-malformed"],
    "$WHAT x": ["-malformed"],
    'x.example TXT "open': ["-malformed"],
    "x.example TXT )": ["-malformed"],
    "x.example TXT \\": ["-malformed"],
    "$TTL 60 ; text": ["-header"],
    " ; text": ["-comment"],
}


@pytest.mark.parametrize(("line", "expected"), RELATIVE.items())
def test_lines_of_a_zone_without_origin(
    line: str, expected: list[str], source: Make, outcomes: Outcomes
) -> None:
    assert outcomes(source("rpz"), line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("32.1.2.0.192.rpz-ip CNAME .", ["address 192.0.2.1 nxdomain"]),
        ("24.0.2.0.192.rpz-ip CNAME *.", ["address 192.0.2.0/24 nodata"]),
        ("48.zz.1.db8.2001.rpz-ip CNAME rpz-drop.", ["address 2001:db8:1::/48 drop"]),
        ("128.1.zz.db8.2001.rpz-ip CNAME .", ["address 2001:db8::1 nxdomain"]),
        ("24.1.2.0.192.rpz-ip CNAME .", ["-bad-name"]),
        ("33.1.2.0.192.rpz-ip CNAME .", ["-bad-name"]),
        ("rpz-ip CNAME .", ["-bad-name"]),
        ("x.1.2.0.192.rpz-ip CNAME .", ["-bad-name"]),
        ("0.0.0.0.0.rpz-ip CNAME .", ["-unsupported"]),
        ("4.0.0.0.16.rpz-ip CNAME .", ["-unsupported"]),
        ("7.zz.fc00.rpz-ip CNAME .", ["address fc00::/7 nxdomain"]),
        ("8.0.0.0.127.rpz-ip CNAME .", ["address 127.0.0.0/8 nxdomain"]),
        ("32.1.2.0.192.rpz-ip CNAME rpz-passthru.", ["address 192.0.2.1 allow"]),
        ("32.1.2.0.192.rpz-ip CNAME 32.1.2.0.192.rpz-ip.", ["address 192.0.2.1 allow"]),
        ("32.1.2.0.192.rpz-ip CNAME rpz-tcp-only.", ["address 192.0.2.1 tcp-only"]),
        ("32.1.2.0.192.rpz-ip A 192.0.2.2", ["address 192.0.2.1 local-data"]),
        ("32.1.0.0.127.rpz-client-ip CNAME .", ["client 127.0.0.1 nxdomain"]),
        ("1.0.0.0.128.rpz-client-ip CNAME rpz-drop.", ["client 128.0.0.0/1 drop"]),
        ("48.zz.1.db8.2001.rpz-client-ip A 192.0.2.2", ["client 2001:db8:1::/48 local-data"]),
        ("0.0.0.0.0.rpz-client-ip CNAME .", ["-unsupported"]),
        ("rpz-client-ip CNAME .", ["-bad-name"]),
    ],
)
def test_triggers_on_addresses(line: str, expected: list[str], source: Make, outcomes: Outcomes) -> None:
    assert outcomes(source("rpz"), line) == expected


TRIGGERS = ["a.example CNAME rpz-passthru.", "*.a.example A 192.0.2.1", "32.1.2.0.192.rpz-ip CNAME *."]


@pytest.mark.parametrize(
    ("override", "action"),
    [
        (PolicyOverride.GIVEN, ["allow", "local-data", "nodata"]),
        (PolicyOverride.DISABLED, ["count"] * 3),
        (PolicyOverride.PASSTHRU, ["allow"] * 3),
        (PolicyOverride.NXDOMAIN, ["nxdomain"] * 3),
        (PolicyOverride.NODATA, ["nodata"] * 3),
        (PolicyOverride.DROP, ["drop"] * 3),
        (PolicyOverride.TCP_ONLY, ["tcp-only"] * 3),
        (PolicyOverride.CNAME, ["local-data"] * 3),
    ],
)
def test_an_override_stands_in_place_of_every_action(
    override: PolicyOverride, action: list[str], source: Make, outcomes: Outcomes
) -> None:
    overridden = source("rpz", fetching=Fetching(rpz=Rpz(override, "garden.example")))
    triggers = ["host a.example", "wildcard a.example", "address 192.0.2.1"]
    expected = [f"{trigger} {asked}" for trigger, asked in zip(triggers, action, strict=True)]
    assert outcomes(overridden, "\n".join(TRIGGERS)) == expected
    entries, _ = read(overridden, "\n".join(TRIGGERS).encode())
    assert any(entry.data for entry in entries) == (override is PolicyOverride.GIVEN)


def test_a_protected_list_takes_only_what_lets_pass(source: Make, outcomes: Outcomes) -> None:
    lines = [*TRIGGERS, "b.example CNAME .", "32.1.2.0.192.rpz-client-ip CNAME rpz-passthru."]
    expected = ["host a.example", *["-unsupported"] * 4]
    assert outcomes(source("rpz", kind=Kind.PROTECTED), "\n".join(lines)) == expected


def test_an_illegal_list_takes_no_triggers_on_clients(source: Make, outcomes: Outcomes) -> None:
    line = "32.1.2.0.192.rpz-client-ip CNAME rpz-passthru."
    assert outcomes(source("rpz", kind=Kind.ILLEGAL), line) == ["-unsupported"]


OWNERS = [
    "a.example",
    "*.a.example",
    "*",
    "@",
    "32.1.2.0.192.rpz-ip",
    "48.zz.2.2001.rpz-client-ip",
    "x.rpz-nsdname",
]
TARGETS = [
    "CNAME .",
    "CNAME *.",
    "CNAME *.b.example.",
    "CNAME rpz-passthru.",
    "A 192.0.2.1",
    "TXT (",
    ") x",
    "A ;",
    "",
]
LINES = st.one_of(
    st.text(max_size=80),
    st.tuples(st.sampled_from(OWNERS), st.sampled_from(["", "60 ", "IN "]), st.sampled_from(TARGETS)).map(
        lambda parts: f"{parts[0]} {parts[1]}{parts[2]}"
    ),
    st.lists(
        st.sampled_from(["zz", "rpz-ip", "rpz-client-ip", "1", "129", "-1", "", "a", "CNAME", "."]),
        max_size=9,
    ).map(".".join),
)


@given(st.lists(LINES, max_size=12), st.sampled_from(Kind), st.sampled_from(PolicyOverride))
def test_whatever_a_zone_holds_every_line_has_one_outcome(
    source: Make, text: list[str], kind: Kind, override: PolicyOverride
) -> None:
    zone = source("rpz", kind=kind, fetching=Fetching(rpz=Rpz(override, "garden.example")))
    data = "\n".join(text).encode("utf-8", "replace")
    entries, counts = read(zone, data)
    assert counts.lines == counts.accepted + counts.duplicate + sum(counts.skipped.values())
    assert counts.entries == len(entries)
    if override is not PolicyOverride.GIVEN:
        assert {entry.action for entry in entries} <= {OVERRIDES[override], Action.BLOCK}
    if kind is Kind.PROTECTED:
        assert {entry.action for entry in entries} <= {Action.BLOCK}


def test_the_soa_tells_the_apex(source: Make, outcomes: Outcomes) -> None:
    text = "rpz.test. SOA a. b. 1 2 3 4 5\nx.example.rpz.test. CNAME .\ny.example CNAME .\nz.example. CNAME ."
    expected = ["-header", "host x.example nxdomain", "host y.example nxdomain", "-malformed"]
    assert outcomes(source("rpz"), text) == expected


def test_the_root_as_origin(source: Make, outcomes: Outcomes) -> None:
    text = "$ORIGIN .\nx.example CNAME .\ny.example. CNAME ."
    assert outcomes(source("rpz"), text) == ["-header", "host x.example nxdomain", "host y.example nxdomain"]


def test_an_open_parenthesis_costs_lines_and_not_the_file(source: Make, outcomes: Outcomes) -> None:
    filler = ["x"] * MAX_CONTINUATION
    found = outcomes(source("rpz"), "\n".join(["a.example TXT (", *filler, "b.example CNAME ."]))
    assert found == [*["-header"] * MAX_CONTINUATION, "-malformed", "host b.example nxdomain"]


def test_origins_cannot_grow_without_end(source: Make) -> None:
    parser = line_parser(source("rpz"))
    reasons = [parser.parse("$ORIGIN a", number)[0].reason for number in range(1, MAX_LABELS + 10)]
    assert set(reasons[: MAX_LABELS - 1]) == {SkipReason.HEADER}
    assert set(reasons[MAX_LABELS:]) == {SkipReason.MALFORMED}


def test_crlf_and_tabs(source: Make, outcomes: Outcomes) -> None:
    text = "$TTL\t60\r\nx.example\tIN\tA\t192.0.2.1\r\n\tA\t192.0.2.2\r"
    assert outcomes(source("rpz"), text) == ["-header", *["host x.example local-data"] * 2]
