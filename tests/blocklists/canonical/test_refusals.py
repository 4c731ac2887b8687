"""Hosts whose pages no list can mean."""

from __future__ import annotations

import pytest

from blocklists.canonical.refusals import refusal
from blocklists.model import SkipReason

SUFFIXES = frozenset({"co.example", "hosting.example"})
NEVER = frozenset({"stop.isp.example", "helpline.example"})


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("pages.example", None),
        ("a.co.example", None),
        ("co.example", SkipReason.PUBLIC_SUFFIX),
        ("localhost", SkipReason.SINGLE_LABEL),
        ("stop.isp.example", SkipReason.NEVER),
        ("www.helpline.example", SkipReason.NEVER),
        ("isp.example", None),
        ("nothelpline.example", None),
        ("93.184.215.14", None),
        ("2606:2800:21f:cb07::1", None),
        ("10.1.2.3", SkipReason.RESERVED),
        ("127.0.0.1", SkipReason.RESERVED),
        ("192.168.0.1", SkipReason.RESERVED),
        ("169.254.1.1", SkipReason.RESERVED),
        ("224.0.0.1", SkipReason.RESERVED),
        ("255.255.255.255", SkipReason.RESERVED),
        ("0.0.0.0", SkipReason.RESERVED),
        ("192.0.2.1", SkipReason.RESERVED),
        ("::1", SkipReason.RESERVED),
        ("fe80::1", SkipReason.RESERVED),
        ("fd00::1", SkipReason.RESERVED),
        ("ff02::1", SkipReason.RESERVED),
    ],
)
def test_refusals(host: str, reason: SkipReason | None) -> None:
    assert refusal(host, SUFFIXES, NEVER) is reason
