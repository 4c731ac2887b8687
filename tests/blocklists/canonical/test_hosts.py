"""Hosts: every spelling that lists and people use, and WHATWG's table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.canonical import CanonicalError, host
from blocklists.model import SkipReason

GOOD = {
    "example.com": "example.com",
    "EXAMPLE.Com": "example.com",
    "example.com.": "example.com",
    "_dns.resolver.arpa": "_dns.resolver.arpa",
    "-lead.trail-.example": "-lead.trail-.example",
    "a--b.example": "a--b.example",
    "bücher.example": "xn--bcher-kva.example",
    "BÜCHER.example": "xn--bcher-kva.example",
    "faß.example": "xn--fa-hia.example",
    "XN--BCHER-KVA.example": "xn--bcher-kva.example",
    "xn--a.example": "xn--a.example",
    "例え。テスト": "xn--r8jz45g.xn--zckzah",
    "vakıfbank.com": "xn--vakfbank-vkb.com",
    "so\u00adft.example": "soft.example",
    f"{'a' * 63}.example": f"{'a' * 63}.example",
    f"{'a.' * 126}b": f"{'a.' * 126}b",
    "1.2.3.4.example": "1.2.3.4.example",
    "123.4e": "123.4e",
}

BAD = {
    SkipReason.ADDRESS: [
        "192.0.2.1",
        "192.0.2.1.",
        "3279880203",
        "0xc0.0.2.1",
        "0300.0.2.1",
        "192.513",
        "0x",
        "0056.0151.0121.0114",
        "0x5bf076a8",
        "2001:db8::1",
        "[2001:DB8::1]",
        "::",
        "::ffff:192.0.2.1",
        "１９２.0.2.1",
    ],
    SkipReason.SINGLE_LABEL: ["localhost", "com", "COM.", "snapchat-com", "bücher"],
    SkipReason.BAD_NAME: [
        "",
        ".",
        "..",
        ".example.com",
        "example..com",
        "example.com..",
        "exa mple.com",
        "example.com/path",
        "example.com:80",
        "*.example.com",
        "exa%6dple.com",
        "a@b.example",
        f"{'a' * 64}.example",
        f"{'a.' * 126}bc",
        "1.2.3.256",
        "1.2.3.4.5",
        "example.08",
        "example.123",
        "example.0x1",
        "www\u2025lookout.net",
        "www\u00a0.lookout.net",
        "é.example\0.test",
        "\udcff.example",
        "\ud800.example",
        ":::",
        "ü" * 5000 + ".example",
    ],
}


@pytest.mark.parametrize(("text", "expected"), GOOD.items())
def test_canonical(text: str, expected: str) -> None:
    assert host(text) == expected


@pytest.mark.parametrize(
    ("reason", "text"), [(reason, text) for reason, texts in BAD.items() for text in texts]
)
def test_refused(reason: SkipReason, text: str) -> None:
    with pytest.raises(CanonicalError) as caught:
        host(text)
    assert caught.value.reason is reason


def test_the_message_never_repeats_the_text() -> None:
    with pytest.raises(CanonicalError) as caught:
        host("very secret name.example")
    assert "secret" not in str(caught.value)


def test_whatwg_table(shared_data: Path) -> None:
    cases = [
        case for case in json.loads((shared_data / "url/toascii.json").read_text()) if isinstance(case, dict)
    ]
    assert len(cases) == 87
    for case in cases:
        assert _host_or_none(case["input"]) == _expected(case["output"]), case


def _host_or_none(text: str) -> str | None:
    try:
        return host(text)
    except CanonicalError:
        return None


def _expected(output: str | None) -> str | None:
    """The table allows names that DNS cannot carry or that are no full names: those are refused here."""
    if output is None or "." not in output or len(output) > 253:
        return None
    labels = output.split(".")
    fits = all(
        0 < len(label) < 64 and set(label) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")
        for label in labels
    )
    return output if fits else None


@given(st.text() | st.from_regex(r"[a-zA-Z0-9_.ü-]{1,40}\.[a-z]{2,5}\.?", fullmatch=True))
def test_any_text_gives_a_canonical_name_or_the_declared_error(text: str) -> None:
    try:
        name = host(text)
    except CanonicalError:
        return
    assert host(name) == name
    assert name.isascii()
    assert name == name.lower()
    assert "." in name
    assert not name.endswith(".")
