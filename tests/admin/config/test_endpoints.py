"""Addresses: to listen on, to ask, to tell people apart by, and where lists come from."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.config.endpoints import HostPort, ListUrl, Prefix, Upstream
from admin.config.values import TextValue

_ports = st.integers(1, 65_535)
_addresses = st.ip_addresses().map(str)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("127.0.0.1:5300", "127.0.0.1", 5300), ("[::1]:53", "::1", 53), ("[2001:DB8:0::1]:1", "2001:db8::1", 1)],
)
def test_where_to_listen(text: str, host: str, port: int) -> None:
    assert HostPort.parse(text) == HostPort(host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "53",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:5x",
        "127.0.0.1: 53",
        "localhost:53",
        "[::1]",
        "[::1]53",
        "[127.0.0.1]:53",
        "::1:53",
        "[::1]:99999999999",
        "127.1:53",
        "[]:1",
        "1.1.1.1:٥٣",
    ],
)
def test_where_nobody_can_listen(text: str) -> None:
    with pytest.raises(ValueError, match="write for example"):
        HostPort.parse(text)


@pytest.mark.parametrize(
    ("text", "is_loopback"),
    [("127.9.9.9:1", True), ("[::1]:1", True), ("0.0.0.0:1", False), ("[::]:1", False)],
)
def test_what_only_this_machine_reaches(text: str, is_loopback: bool) -> None:
    assert HostPort.parse(text).is_loopback is is_loopback


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("127.0.0.1:5399", "127.0.0.1:5399"),
        ("9.9.9.9", "9.9.9.9:53"),
        ("2620:fe::fe", "[2620:fe::fe]:53"),
        ("[2620:fe::fe]", "[2620:fe::fe]:53"),
        ("[2620:fe::fe]:5353", "[2620:fe::fe]:5353"),
        ("system", "system"),
    ],
)
def test_upstreams(text: str, printed: str) -> None:
    assert str(Upstream.parse(text)) == printed
    assert Upstream.parse(text).is_system is (text == "system")


@pytest.mark.parametrize(
    "text", ["tls://9.9.9.9", "TLS://dns.example@9.9.9.9", "https://dns.example/q", "quic://9.9.9.9"]
)
def test_encrypted_upstreams_are_refused_with_the_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"this version does not forward over (tls|https|quic):// yet"):
        Upstream.parse(text)


@pytest.mark.parametrize(
    "text", ["", "dns.example", "9.9.9.9:", "9.9.9.9:0", "[::1", "System", "udp://9.9.9.9", "9.9.9.9#53"]
)
def test_what_is_no_upstream(text: str) -> None:
    with pytest.raises(ValueError, match="write an address such as"):
        Upstream.parse(text)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("192.0.2.17", IPv4Network("192.0.2.17/32")),
        ("10.0.0.0/8", IPv4Network("10.0.0.0/8")),
        ("0.0.0.0/0", IPv4Network("0.0.0.0/0")),
        ("2001:db8::/56", IPv6Network("2001:db8::/56")),
        ("2001:db8::1", IPv6Network("2001:db8::1/128")),
    ],
)
def test_networks(text: str, network: IPv4Network | IPv6Network) -> None:
    assert Prefix.parse(text).network == network


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "10/8",
        "10.0.0.0/33",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/-1",
        "10.0.0.1/8",
        "fe80::1%eth0",
        "::ffff:192.0.2.1",
        "192.0.2.1/٨",
        "2001:db8::/129",
        "everybody",
        "192.0.2.1 ",
    ],
)
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(ValueError, match=r"write|did you mean"):
        Prefix.parse(text)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("file:domains.txt", "domains.txt"),
        ("file:/a/b", "/a/b"),
        ("file:///a/b", "/a/b"),
        ("FILE:with blank", "with blank"),
        ("https://lists.example/a?b=c", None),
        ("https://lists.example:8443/a", None),
    ],
)
def test_where_lists_come_from(text: str, path: str | None) -> None:
    assert ListUrl.parse(text).path == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "file:",
        "file://server/a",
        "domains.txt",
        "http://lists.example/a",
        "ftp://lists.example/a",
        "https:///a",
        "https://",
        "https://a b/",
        "https://user@lists.example/",
        "https://lists.example:x/",
        "https://[::1/",
        " file:a",
        "file:a\n",
        "file:a\x00",
    ],
)
def test_where_no_list_comes_from(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        ListUrl.parse(text)


@given(address=_addresses, port=_ports)
def test_every_address_with_a_port_prints_back(address: str, port: int) -> None:
    for value in (HostPort(address, port), Upstream(address, port)):
        assert type(value).parse(str(value)) == value


@given(st.ip_addresses(), st.integers(0, 128))
def test_every_network_prints_back(address: IPv4Address | IPv6Address, length: int) -> None:
    network = (IPv4Network if isinstance(address, IPv4Address) else IPv6Network)(
        (int(address), min(length, address.max_prefixlen)), strict=False
    )
    if (
        isinstance(network, IPv6Network)
        and network.network_address.ipv4_mapped is not None
        and network.prefixlen >= 96
    ):
        return
    assert Prefix.parse(str(Prefix(network))) == Prefix(network)


@given(kind=st.sampled_from([HostPort, Upstream, Prefix, ListUrl]), text=st.text(max_size=30))
def test_any_text_gives_a_value_or_a_value_error(kind: type[TextValue], text: str) -> None:
    try:
        printed = str(kind.parse(text))
    except ValueError as error:
        printed = str(error)
    else:
        assert str(kind.parse(printed)) == printed
    assert printed.isprintable()
