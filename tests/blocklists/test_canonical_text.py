"""Canonical texts against the reference reading, format by format, and their lines one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocklists.canonical_text import canonical_text, line_of
from blocklists.formats import read
from blocklists.guard import Guard
from blocklists.model import Action, Disposition, Entry, HashedEntry, Kind, ListSource, Scope
from blocklists.properties import Fetching, HashAlgorithm, Hashes, HashShape, PolicyOverride, Rpz
from blocklists.snapshot.readings import Readings

SUFFIXES = frozenset({"co.example", "example", "café.example"})
NEVER = frozenset({"helpline.example"})

LISTS = {
    "domains": b"\xef\xbb\xbf# head\r\nz.example\nA.Example.\na.example\nco.example\nx.co.example\n*.w.example\n"
    b".d.example\n10.0.0.1\nlocalhost\nb\xc3\xbccher.example\nbad name.example\nbad..example\n\nlast.example",
    "hosts": b"127.0.0.1 localhost\n0.0.0.0 b.example a.example\n0.0.0.0 a.example\n::1 c.example # why\n"
    b"0.0.0.0 co.example d.example\n0.0.0.0 co.example\njunk\n10.1.1.1 e.example\n",
    "adblock": b"||b.example^\n@@||b.a.example^\n||c.a.example^$important\n||gone.example^\n||gone.example^$badfilter\n"
    b"||co.example^\n@@||co.example^\n0.0.0.0 host.example\n||d.example^$denyallow=x.d.example\n",
    "dnsmasq": b"server=/b.example/\naddress=/a.example/0.0.0.0\nlocal=/c.example/d.example/\naddress=/co.example/\n",
    "urls": b"http://b.example/x\na.example/x\na.example/y*\nhttp://helpline.example/z\nhttp://co.example/\nb.example\n",
    "rpz": b"$TTL 60\n@ SOA localhost. root.localhost. 1 2 3 4 5\n@ NS localhost.\na.example CNAME .\n*.a.example CNAME .\n"
    b"b.example CNAME rpz-passthru.\nc.example A 192.0.2.2\nc.example A 192.0.2.1\nc.example TXT \"two words\"\n"
    b"*.co.example CNAME .\n32.1.2.0.192.rpz-ip CNAME .\n24.0.2.0.192.rpz-client-ip CNAME rpz-drop.\n",
    "csv": b"name\nb.example\na.example\n\"quoted.example\"\n",
    "json": b'["b.example", "a.example", 7]',
    "hashes": b"aa" * 32 + b"\n" + b"bb" * 4 + b"\n",
}  # fmt: skip


def expected(source: ListSource, data: bytes) -> bytes:
    """What the reference reading gives."""
    entries, counts = read(source, data, suffixes=SUFFIXES, never=NEVER)
    lines = {line_of(entry, source) for entry in entries}
    assert len(lines) == counts.entries
    return b"".join(sorted(lines))


@pytest.mark.parametrize("format_", LISTS)
@pytest.mark.parametrize("fields", [{}, {"addresses": True}, {"public_suffixes": True}])
def test_the_text_has_what_the_list_lists(
    source: Callable[..., ListSource], format_: str, fields: dict[str, bool]
) -> None:
    one = source(format_, **fields)
    text = canonical_text(one, LISTS[format_], SUFFIXES, NEVER)
    assert text == expected(one, LISTS[format_])
    assert text.endswith(b"\n")
    assert text.count(b"\n") > 1


GOLDEN = {
    "domains": b"domain a.example\ndomain d.example\ndomain last.example\ndomain x.co.example\n"
    b"domain xn--bcher-kva.example\ndomain z.example\nwildcard w.example\n",
    "adblock": b"domain b.a.example allow\ndomain b.example\ndomain c.a.example block important\ndomain co.example allow\n"
    b"domain d.example\ndomain x.d.example allow\nhost host.example\n",
    "rpz": b"address 192.0.2.1 nxdomain\nclient 192.0.2.0/24 drop\nhost a.example nxdomain\nhost b.example passthru\n"
    b'host c.example local-data [["A",60,"192.0.2.1"],["A",60,"192.0.2.2"],["TXT",60,"\\"two words\\""]]\n'
    b"wildcard a.example nxdomain\n",
    "urls": b"url a.example/x\nurl b.example/\nurl b.example/x\nurl-prefix a.example/y\n",
    "hashes": b"expression sha256 " + b"aa" * 32 + b"\nexpression sha256 " + b"bb" * 4 + b" prefix\n",
}  # fmt: skip


@pytest.mark.parametrize("format_", GOLDEN)
def test_the_bytes_never_change(source: Callable[..., ListSource], format_: str) -> None:
    assert canonical_text(source(format_), LISTS[format_], SUFFIXES, NEVER) == GOLDEN[format_]


HOST_PATH = Fetching(hashes=Hashes(HashShape.HOST_PATH, HashAlgorithm.MD5))
EXPRESSION = Fetching(hashes=Hashes(HashShape.EXPRESSION))
LINES: list[tuple[Entry | HashedEntry, Fetching, bytes]] = [
    (Entry("a.example", Scope.HOST), Fetching(), b"host a.example\n"),
    (Entry("a.example", Scope.DOMAIN, Action.ALLOW, True), Fetching(), b"domain a.example allow important\n"),
    (Entry("2001:db8::/32", Scope.ADDRESS), Fetching(), b"address 2001:db8::/32\n"),
    (HashedEntry(b"\xab" * 16, disposition=Disposition.DNS), HOST_PATH, b"host-path md5 " + b"ab" * 16 + b"\n"),
    (HashedEntry(b"\xab", b"\xcd", 2), HOST_PATH, b"host-path md5 ab cd 2\n"),
    (HashedEntry(b"\xab", disposition=Disposition.DNS), EXPRESSION, b"expression sha256 ab site\n"),
    (HashedEntry(b"\xab", disposition=Disposition.NOT_ENFORCEABLE), EXPRESSION, b"expression sha256 ab prefix\n"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "fetching", "line"), LINES)
def test_a_line(
    source: Callable[..., ListSource], entry: Entry | HashedEntry, fetching: Fetching, line: bytes
) -> None:
    assert line_of(entry, source("hashes", fetching=fetching)) == line


def test_what_a_zone_is_made_to_say_here_is_what_stands_in_the_text(
    source: Callable[..., ListSource],
) -> None:
    tried = source("rpz", fetching=Fetching(rpz=Rpz(PolicyOverride.CNAME, "walled.example")))
    assert canonical_text(tried, b"a.example CNAME .\n") == expected(tried, b"a.example CNAME .\n")
    assert b"host a.example local-data" in canonical_text(tried, b"a.example CNAME .\n")


def test_pages_of_no_list_are_entries_of_a_protected_one(source: Callable[..., ListSource]) -> None:
    page = b"http://helpline.example/z\n"
    assert canonical_text(source("urls"), page, never=NEVER) == b""
    assert canonical_text(source("urls"), page) == b"url helpline.example/z\n"


@pytest.mark.parametrize("syntax", ["domains", "hosts", "adblock", "dnsmasq", "urls", "rpz"])
@given(data=st.data())
@settings(max_examples=120, deadline=None)
def test_mutated_lists_agree_with_the_reference(syntax: str, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(LISTS[syntax].split(b"\n")), max_size=12))
    text = bytearray(b"\n".join(chosen))
    for _ in range(data.draw(st.integers(0, 4)) if text else 0):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(
            st.sampled_from(b"\r\n\t .#!|^@/0aZ-_\0\xff:*$~%?")
        )
    one = ListSource("one", "file:/x", syntax, Kind.CATEGORY, ("topic",))
    found = canonical_text(one, bytes(text), SUFFIXES, NEVER)
    assert found == expected(one, bytes(text))
    assert all(len(line.split(b" ")) >= 2 for line in found.splitlines())


@pytest.mark.parametrize(
    "format_", [name for name in LISTS if name not in {"domains", "hosts", "adblock", "dnsmasq"}]
)
def test_what_a_parser_has_counted_is_not_read_again(
    source: Callable[..., ListSource], format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, data = source(format_), LISTS[format_]
    guard = Guard(dict.fromkeys(NEVER, "help"), NEVER)
    counted = Readings(SUFFIXES)
    counted.hold_against(guard)
    counts = counted.count(one, data)
    with monkeypatch.context() as patched:
        patched.setattr("blocklists.snapshot.readings.canonical_text", None)
        text = counted.text(one, data)
    assert text == expected(one, data)
    assert text.count(b"\n") == counts.entries
    assert counted.text(one, data) == text  # once at hand, then read
    counted.count(one, data)
    assert counted.text(one, b"") == b""
    counted.count(one, data)
    assert counted.text(replace(one, public_suffixes=True), data) == canonical_text(
        replace(one, public_suffixes=True), data, SUFFIXES, NEVER
    )


def test_other_names_that_are_never_listed_give_another_text(source: Callable[..., ListSource]) -> None:
    one, counted = source("urls"), Readings(SUFFIXES)
    counted.count(one, LISTS["urls"])
    counted.hold_against(Guard(dict.fromkeys(NEVER, "help"), NEVER))
    assert counted.text(one, LISTS["urls"]) == expected(one, LISTS["urls"])


@pytest.mark.parametrize("format_", ["domains", "adblock"])
def test_what_the_scanner_reads_is_read_once_more(source: Callable[..., ListSource], format_: str) -> None:
    one, counted = source(format_), Readings(SUFFIXES)
    counts = counted.count(one, LISTS[format_])
    text = counted.text(one, LISTS[format_])
    assert text == expected(one, LISTS[format_])
    assert text.count(b"\n") == counts.entries


@pytest.mark.parametrize("format_", LISTS)
def test_folded_lines_are_the_same(
    source: Callable[..., ListSource], format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blocklists.canonical_text.MOST_APART", 1)
    one = source(format_)
    assert canonical_text(one, LISTS[format_], SUFFIXES, NEVER) == expected(one, LISTS[format_])
