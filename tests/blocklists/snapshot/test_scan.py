"""What the scanner takes, what it counts, and what it leaves to the parser."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocklists.snapshot import native

SYNTAXES = {
    "domains": native.SYNTAX_DOMAINS,
    "hosts": native.SYNTAX_HOSTS,
    "adblock": native.SYNTAX_ADBLOCK,
    "dnsmasq": native.SYNTAX_DNSMASQ,
}

CLEAN = [
    ("domains", "Example.COM", "example.com"),
    ("domains", " \ta-b.c_d.e\t ", "a-b.c_d.e"),
    ("domains", "example.com.", "example.com"),
    ("domains", "example.com\r", "example.com"),
    ("domains", "1.2.3.4.a5", "1.2.3.4.a5"),
    ("domains", "xn--bcher-kva.example", "xn--bcher-kva.example"),
    ("domains", "-x-.example", "-x-.example"),
    ("domains", f"{'a' * 63}.example", f"{'a' * 63}.example"),
    ("domains", "a." * 126 + "a", "a." * 126 + "a"),
    ("domains", "a." * 126 + "a.", "a." * 126 + "a"),
    ("hosts", "0.0.0.0 a.example", "a.example"),
    ("hosts", "127.0.0.1\ta.example", "a.example"),
    ("hosts", "127.255.0.10   a.example.", "a.example"),
    ("hosts", "::1 a.example", "a.example"),
    ("hosts", ":: a.example", "a.example"),
    ("adblock", "||a.example^", "a.example"),
    ("dnsmasq", "server=/a.example/", "a.example"),
    ("dnsmasq", "local=/a.example/", "a.example"),
    ("dnsmasq", "address=/A.example/", "a.example"),
]

ODD = [
    ("domains", "example"),
    ("domains", "*.example.com"),
    ("domains", ".example.com"),
    ("domains", "a..example"),
    ("domains", "example.com.."),
    ("domains", "1.2.3.4"),
    ("domains", "a.0x7f"),
    ("domains", "a.1"),
    ("domains", "a.example # why"),
    ("domains", "a.example b.example"),
    ("domains", "bücher.example"),
    ("domains", "a/b.example"),
    ("domains", "a\0.example"),
    ("domains", "<html>"),
    ("domains", f"{'a' * 64}.example"),
    ("domains", "a." * 127 + "a"),
    ("domains", "a.example\x0b"),
    ("hosts", "a.example"),
    ("hosts", "0.0.0.0 localhost"),
    ("hosts", "0.0.0.0 0.0.0.0"),
    ("hosts", "0.0.0.0a.example"),
    ("hosts", "1.2.3.4 a.example"),
    ("hosts", "127.0.0 a.example"),
    ("hosts", "127.0.0.256 a.example"),
    ("hosts", "127.0.0.01 a.example"),
    ("hosts", "127.0.0.1.a.example"),
    ("hosts", "::2 a.example"),
    ("hosts", "0.0.0.0 a.example b.example"),
    ("hosts", "0.0.0.0 a.example#x"),
    ("hosts", "0.0.0.0"),
    ("adblock", "a.example"),
    ("adblock", "||a.example"),
    ("adblock", "||a.example^$important"),
    ("adblock", "||a.example.^"),
    ("adblock", "@@||a.example^"),
    ("adblock", "a.example##.ad"),
    ("adblock", "##.ad"),
    ("adblock", "!#if"),
    ("adblock", "[Adblock Plus]"),
    ("adblock", "|| a.example^"),
    ("dnsmasq", "server=/a.example/#"),
    ("dnsmasq", "server=/a.example/b.example/"),
    ("dnsmasq", "address=/a.example/0.0.0.0"),
    ("dnsmasq", "server=/a.example./"),
    ("dnsmasq", "server=a.example"),
]


def scan(syntax: str, data: bytes) -> tuple[native.ScanResult, list[tuple[int, bytes]], native.Builder]:
    builder = native.Builder(bytes(32))
    odd: list[tuple[int, bytes]] = []
    result = builder.scan(
        data, SYNTAXES[syntax], 1, lambda number, start, end: odd.append((number, data[start:end]))
    )
    return result, odd, builder


@pytest.mark.parametrize(("syntax", "line", "name"), CLEAN)
def test_clean_lines(syntax: str, line: str, name: str) -> None:
    result, odd, builder = scan(syntax, line.encode())
    assert (result, odd) == (native.ScanResult(1, 1, 0, 0, 0, int("xn--" in name)), [])
    assert builder.tokens(name.encode()) == (1,)


@pytest.mark.parametrize(("syntax", "line"), ODD)
def test_odd_lines(syntax: str, line: str) -> None:
    result, odd, builder = scan(syntax, b"\n" + line.encode() + b"\n")
    assert (result.lines, result.accepted, odd, len(builder)) == (2, 0, [(2, line.encode())], 0)


@pytest.mark.parametrize(
    ("syntax", "data", "blank", "comment"),
    [
        ("domains", b"# head\n\n  \n\t# more\r\n", 2, 2),
        ("hosts", b"#\n#x", 0, 2),
        ("adblock", b"! head\n!\n# x\n#\n\r\n", 1, 4),
        ("dnsmasq", b"#server=/a.b/", 0, 1),
    ],
)
def test_blank_lines_and_comments(syntax: str, data: bytes, blank: int, comment: int) -> None:
    result, odd, _ = scan(syntax, data)
    assert (result.blank, result.comment, odd) == (blank, comment, [])
    assert result.lines == blank + comment


@pytest.mark.parametrize(
    ("data", "lines", "accepted"),
    [
        (b"", 0, 0),
        (b"\n", 1, 0),
        (b"a.b", 1, 1),
        (b"a.b\n", 1, 1),
        (b"a.b\r\n\r\nc.d\r\n", 3, 2),
        (b"\xef\xbb\xbfa.b\nc.d", 2, 2),
        (b"\xef\xbb\xbf", 0, 0),
        (b"a.b\rc.d", 1, 0),
    ],
)
def test_line_ends_and_the_byte_order_mark(data: bytes, lines: int, accepted: int) -> None:
    result, _, _ = scan("domains", data)
    assert (result.lines, result.accepted) == (lines, accepted)


def test_odd_lines_come_in_their_place(key: bytes) -> None:
    builder = native.Builder(key)
    data = b"".join(b"n%d.example\n" % n if n % 7 else b"odd %d\n" % n for n in range(100))
    seen = []

    def odd(number: int, start: int, end: int) -> None:
        seen.append((number, len(builder)))
        builder.add(b"from-odd-%d.example" % number, 1)

    builder.scan(data, native.SYNTAX_DOMAINS, 1, odd)
    # Before line n come n - 1 lines, each of which has given one name by then.
    assert seen == [(number, number - 1) for number in range(1, 101, 7)]


def test_what_the_callback_raises_ends_the_scan(key: bytes) -> None:
    def odd(number: int, start: int, end: int) -> None:
        raise KeyError(number)

    with pytest.raises(KeyError):
        native.Builder(key).scan(b"a.b\nodd\nc.d", native.SYNTAX_DOMAINS, 1, odd)


def test_marked_names_are_odd_where_asked(key: bytes) -> None:
    builder = native.Builder(key)
    builder.mark(b"co.example")
    data = b"a.co.example\nco.example\nCO.example.\n"
    odd: list[int] = []
    result = builder.scan(data, native.SYNTAX_DOMAINS, 1, lambda number, *_: odd.append(number), True)
    assert (result.accepted, odd, len(builder)) == (1, [2, 3], 1)
    assert builder.scan(data, native.SYNTAX_DOMAINS, 1, lambda *_: None).accepted == 1


def test_find_below(key: bytes) -> None:
    builder = native.Builder(key)
    for name, token in ((b"b.example", 7), (b"c.example", 8), (b"x", 7)):
        builder.add(name, token)
    data = b"a.b.example\nb.example\nA.C.example\nb.b.b.example.\n*.b.example\nfoo.x\nexample.b\n"
    below = builder.find_below(data, native.SYNTAX_DOMAINS, [7])
    assert below == [b"a.b.example", b"b.example", b"b.b.b.example", b"foo.x"]
    assert builder.find_below(data, native.SYNTAX_DOMAINS, []) == []


@given(st.binary(max_size=400), st.sampled_from(sorted(SYNTAXES)))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_accounted_for(data: bytes, syntax: str) -> None:
    result, odd, builder = scan(syntax, data)
    body = data.removeprefix(b"\xef\xbb\xbf")
    assert result.lines == body.count(b"\n") + (not body.endswith(b"\n") and body != b"")
    assert result.lines == result.accepted + result.duplicate + result.blank + result.comment + len(odd)
    assert len(builder) == result.accepted
    lines = body.split(b"\n")
    assert all(lines[number - 1] == line for number, line in odd)
