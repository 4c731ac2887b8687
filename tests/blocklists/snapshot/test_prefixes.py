"""Addresses in the compiled table: the longest prefix of an RPZ list speaks alone, other lists are all heard."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocklists.model import Action, Confidentiality, Kind, ListSource
from blocklists.properties import Fetching, PolicyOverride, Rpz
from blocklists.snapshot.compiler import Prepared, compile_prepared, compile_snapshot
from blocklists.snapshot.metadata import ClientTrigger
from blocklists.snapshot.reader import SnapshotReader

ZONE = b"""24.0.2.0.192.rpz-ip CNAME .
32.1.2.0.192.rpz-ip CNAME rpz-passthru.
32.2.2.0.192.rpz-ip A 198.51.100.1
26.64.2.0.192.rpz-ip CNAME .
32.zz.db8.2001.rpz-ip CNAME *.
128.1.zz.db8.2001.rpz-ip CNAME rpz-drop.
16.0.0.0.10.rpz-client-ip CNAME *.garden.test.
32.1.0.0.10.rpz-client-ip CNAME rpz-passthru.
"""
PLAIN = b"192.0.2.1\n192.0.0.0/16\n"


@pytest.fixture
def reader(tmp_path: Path) -> SnapshotReader:
    lists = [
        (ListSource("zone", "file:/z", "rpz", Kind.SECURITY), ZONE),
        (ListSource("plain", "file:/p", "domains", Kind.CATEGORY, ("topic",), addresses=True), PLAIN),
    ]
    compile_snapshot(lists, tmp_path / "s.weir", key=bytes(32), now=1, suffixes=())
    return SnapshotReader.open(tmp_path / "s.weir")


def said(reader: SnapshotReader, address: str) -> set[tuple[str, str]]:
    mask, _ = reader.look_up_address(ip_address(address).packed)
    return {(bit.id, bit.action.value) for bit in reader.bits if mask >> bit.index & 1}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.9", {("zone", "nxdomain"), ("topic", "block")}),
        ("192.0.2.1", {("zone", "allow"), ("topic", "block")}),
        ("192.0.2.2", {("zone", "local-data"), ("topic", "block")}),
        ("192.0.2.70", {("zone", "nxdomain"), ("topic", "block")}),
        ("192.0.3.1", {("topic", "block")}),
        ("2001:db8::1", {("zone", "drop")}),
        ("2001:db8::2", {("zone", "nodata")}),
        ("10.0.0.1", set()),
    ],
)
def test_what_lists_say_of_an_address(
    reader: SnapshotReader, address: str, expected: set[tuple[str, str]]
) -> None:
    assert said(reader, address) == expected


def test_a_zone_behind_secret_lists_keeps_its_own_rules(tmp_path: Path) -> None:
    """Secret lists are worked out apart, so the numbers of the others have gaps."""
    secret = [
        (
            ListSource(f"s{n}", "file:/s", "domains", Kind.ILLEGAL, confidentiality=Confidentiality.SECRET),
            b"x.test\n",
        )
        for n in range(2)
    ]
    zone = (ListSource("zone", "file:/z", "rpz", Kind.SECURITY), ZONE)
    plain = (ListSource("plain", "file:/p", "domains", Kind.CATEGORY, ("topic",), addresses=True), PLAIN)
    prepared = Prepared(bytes(range(32)), index_key=bytes(range(16)))
    compile_prepared([*secret, zone, plain], tmp_path / "s.weir", prepared, now=1.0, suffixes=())
    found = SnapshotReader.open(tmp_path / "s.weir", without_secret=True)
    assert said(found, "192.0.2.9") == {("zone", "nxdomain"), ("topic", "block")}
    assert said(found, "192.0.2.1") == {("zone", "allow"), ("topic", "block")}


def test_clients_are_told_and_their_records_found(reader: SnapshotReader) -> None:
    assert reader.clients == (
        ClientTrigger("zone", "10.0.0.1", Action.ALLOW),
        ClientTrigger("zone", "10.0.0.0/16", Action.LOCAL_DATA),
    )
    assert reader.address_data("zone", ip_address("10.0.9.9"), of_client=True)[0][2] == "*.garden.test."
    assert reader.address_data("zone", ip_address("10.0.9.9")) == ()
    assert reader.address_data("zone", ip_address("192.0.2.2"))[0][2] == "198.51.100.1"
    assert reader.address_data("plain", ip_address("192.0.2.2")) == ()


def test_an_overridden_zone_answers_with_one_name_for_all(
    tmp_path: Path, wire: Callable[[str], bytes]
) -> None:
    rpz = Fetching(rpz=Rpz(PolicyOverride.CNAME, "garden.test"))
    text = b"a.test CNAME .\n" + ZONE
    source = ListSource("zone", "file:/z", "rpz", Kind.SECURITY, fetching=rpz)
    report = compile_snapshot([(source, text)], tmp_path / "s.weir", key=bytes(32), now=1, suffixes=())
    reader = SnapshotReader.open(tmp_path / "s.weir")
    alias = (("CNAME", 300, "garden.test."),)
    assert reader.local_data("zone", wire("a.test")) == alias
    assert reader.address_data("zone", ip_address("192.0.2.9")) == alias
    assert reader.address_data("zone", ip_address("10.0.0.1"), of_client=True) == alias
    given_report = compile_snapshot(
        [(ListSource("zone", "file:/z", "rpz", Kind.SECURITY), text)],
        tmp_path / "t.weir",
        key=bytes(32),
        now=1,
        suffixes=(),
    )
    assert report.digest != given_report.digest


PREFIXES = st.builds(
    lambda bits, length: ip_network((0xC0000200 | bits, length), strict=False),
    st.integers(0, 255),
    st.integers(24, 32),
)
ACTIONS = {"CNAME .": "nxdomain", "CNAME *.": "nodata", "CNAME rpz-passthru.": "allow"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(PREFIXES, st.sampled_from(sorted(ACTIONS)), max_size=8))
def test_the_longest_prefix_speaks(tmp_path: Path, rules: dict[IPv4Network, str]) -> None:
    lines = []
    for network, action in rules.items():
        octets = reversed(str(network).partition("/")[0].split("."))
        lines.append(f"{network.prefixlen}.{'.'.join(octets)}.rpz-ip {action}")
    source = ListSource("zone", "file:/z", "rpz", Kind.SECURITY)
    compile_snapshot(
        [(source, "\n".join(lines).encode())], tmp_path / "s.weir", key=bytes(32), now=1, suffixes=()
    )
    reader = SnapshotReader.open(tmp_path / "s.weir")
    for last in range(0, 256, 5):
        address = ip_address(0xC0000200 | last)
        holding = [network for network in rules if address in network]
        longest = max(holding, key=lambda network: network.prefixlen, default=None)
        assert said(reader, str(address)) == ({("zone", ACTIONS[rules[longest]])} if longest else set())
    reader.close()
