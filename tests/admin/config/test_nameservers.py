"""resolv.conf, as it is found on real machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin.config.nameservers import parse_nameservers, read_nameservers


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("", ()),
        ("nameserver 192.0.2.1\n", ("192.0.2.1:53",)),
        (
            "# nameserver 192.0.2.9\nsearch isp.example\nnameserver\t2001:db8::1 # comment\n",
            ("[2001:db8::1]:53",),
        ),
        (
            "nameserver 192.0.2.1\nnameserver 192.0.2.1\nnameserver 192.0.2.2",
            ("192.0.2.1:53", "192.0.2.2:53"),
        ),
        ("nameserver\nnameserver dns.example\nnameserver fe80::1%eth0\n", ()),
    ],
)
def test_nameservers(text: str, servers: tuple[str, ...]) -> None:
    assert parse_nameservers(text) == servers


def test_a_file_of_another_kind_names_none(tmp_path: Path) -> None:
    (tmp_path / "resolv.conf").write_bytes(b"\xff\0nameserver")
    assert read_nameservers(tmp_path / "resolv.conf") == ()
