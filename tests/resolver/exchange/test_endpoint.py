"""Addresses with ports, as written and as errors."""

from __future__ import annotations

import pytest

from resolver.exchange.endpoint import Endpoint, parse_endpoint


@pytest.mark.parametrize(
    ("text", "endpoint", "back"),
    [
        ("192.0.2.1:53", Endpoint("192.0.2.1", 53), "192.0.2.1:53"),
        ("[2001:DB8:0::1]:5353", Endpoint("2001:db8::1", 5353), "[2001:db8::1]:5353"),
        ("[fe80::1%eth0]:53", Endpoint("fe80::1%eth0", 53), "[fe80::1%eth0]:53"),
        ("192.0.2.1:65535", Endpoint("192.0.2.1", 65535), "192.0.2.1:65535"),
    ],
)
def test_endpoints(text: str, endpoint: Endpoint, back: str) -> None:
    assert parse_endpoint(text) == endpoint
    assert str(endpoint) == back
    assert endpoint.is_ipv6 is ("[" in text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("192.0.2.1", "address:port"),
        ("192.0.2.1:0", "port from 1"),
        ("192.0.2.1:65536", "port from 1"),
        ("192.0.2.1:-1", "port from 1"),
        ("192.0.2.1:٥٣", "port from 1"),
        ("192.0.2.1:", "address:port"),
        ("dns.example:53", "not an IP address"),
        (":53", "not an IP address"),
        ("2001:db8::1:53", "stands in brackets"),
        ("[192.0.2.1]:53", "stands in brackets"),
        ("", "address:port"),
    ],
)
def test_errors_name_the_text(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse_endpoint(text)
    assert repr(text) in str(caught.value)
