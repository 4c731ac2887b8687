"""Both ways into the builder, native and Python, against the reference reading of the formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocklists.formats import read
from blocklists.model import Action, Kind, ListCounts, ListSource, Scope, SkipReason
from blocklists.snapshot import native
from blocklists.snapshot.intake import Intake
from blocklists.snapshot.tokens import TokenTable

SUFFIXES = frozenset({"co.example", "example"})

LISTS = {
    "domains": b"\xef\xbb\xbf# head\r\na.example\nA.Example.\nco.example\nCO.example\nx.co.example\n*.w.example\n"
    b".d.example\n10.0.0.1\nlocalhost\nb\xc3\xbccher.example\nbad name.example\nbad..example\n\n \n<html>\n\xff.example",
    "hosts": b"# head\n127.0.0.1 localhost\n0.0.0.0 a.example b.example\n0.0.0.0 a.example\n0.0.0.0 b.example\n"
    b"::1 c.example # why\n0.0.0.0 co.example d.example\n0.0.0.0 co.example\n0.0.0.0 1.2.3.4\njunk\n10.1.1.1 e.example\n",
    "adblock": b"[Adblock Plus 2.0]\n! c\n# c\n#c\n||a.example^\n||b.a.example^\n@@||b.a.example^\n||c.a.example^$important\n"
    b"||a.example^\n||gone.example^\n||gone.example^$badfilter\n||co.example^\n@@||co.example^\nplain.example\n"
    b"0.0.0.0 host.example\nx.example##.ad\n/regex/\n||d.example^$denyallow=x.d.example\n||e.example^$third-party\n",
    "dnsmasq": b"server=/a.example/\naddress=/b.example/0.0.0.0\nlocal=/c.example/d.example/\nserver=/e.example/8.8.8.8\n"
    b"server=/a.example/\n#x\nno-resolv\naddress=/co.example/\n",
    "urls": b"http://a.example/x\na.example/x\nb.example/y\n# c\nb.example\n",
    "rpz": b"$TTL 60\n@ SOA localhost. root.localhost. 1 2 3 4 5\n@ NS localhost.\na.example CNAME .\n*.a.example CNAME .\n"
    b"b.example CNAME rpz-passthru.\nc.example A 192.0.2.1\nc.example A 192.0.2.2\n*.co.example CNAME .\n32.1.2.0.192.rpz-ip CNAME .\n",
}  # fmt: skip


def take(
    source: ListSource, data: bytes, *, use_native: bool
) -> tuple[ListCounts, Intake, dict[object, int]]:
    builder, tokens = native.Builder(bytes(32)), TokenTable()
    for suffix in SUFFIXES:
        builder.mark(suffix.encode())
    intake = Intake(source, 0, builder, tokens, SUFFIXES)
    counts = intake.read(data, use_native=use_native)
    by_tokens = {frozenset(tokens.tokens(numbers)): count for numbers, count in builder.sets() if count}
    return counts, intake, by_tokens


@pytest.mark.parametrize("format_", LISTS)
@pytest.mark.parametrize("fields", [{}, {"addresses": True}, {"public_suffixes": True}])
def test_native_python_and_reference_agree(
    make_source: Callable[..., ListSource], format_: str, fields: dict[str, bool]
) -> None:
    source = make_source(format_=format_, **fields)
    with_native, _, sets = take(source, LISTS[format_], use_native=True)
    without, _, same_sets = take(source, LISTS[format_], use_native=False)
    assert with_native == without
    assert sets == same_sets
    _, reference = read(source, LISTS[format_], suffixes=SUFFIXES)
    assert with_native == reference
    assert with_native.lines == with_native.accepted + with_native.duplicate + sum(
        with_native.skipped.values()
    )


@pytest.mark.parametrize("syntax", ["domains", "hosts", "adblock", "dnsmasq"])
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_mutated_lists_agree_too(syntax: str, data: st.DataObject) -> None:
    lines = LISTS[syntax].split(b"\n")
    chosen = data.draw(st.lists(st.sampled_from(lines), max_size=12))
    text = bytearray(b"\n".join(chosen))
    for _ in range(data.draw(st.integers(0, 4)) if text else 0):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(
            st.sampled_from(b"\r\n\t .#!|^@/0aZ-_\0\xff:*$~")
        )
    source = ListSource("one", "file:/x", syntax, Kind.CATEGORY, ("topic",))
    with_native, _, sets = take(source, bytes(text), use_native=True)
    without, _, same_sets = take(source, bytes(text), use_native=False)
    assert (with_native, sets) == (without, same_sets)
    assert with_native == read(source, bytes(text), suffixes=SUFFIXES)[1]


def test_names_of_clean_lines_are_where_the_reference_puts_them(
    make_source: Callable[..., ListSource],
) -> None:
    for format_, text in LISTS.items():
        source = make_source(format_=format_)
        builder, tokens = native.Builder(bytes(32)), TokenTable()
        for suffix in SUFFIXES:
            builder.mark(suffix.encode())
        Intake(source, 0, builder, tokens, SUFFIXES).read(text)
        entries, _ = read(source, text, suffixes=SUFFIXES)
        for entry in entries:
            if entry.scope in {Scope.HOST, Scope.DOMAIN, Scope.WILDCARD}:
                found = {
                    (t.scope, t.action, t.important)
                    for t in tokens.tokens(builder.tokens(entry.name.encode()))
                }
                assert (entry.scope, entry.action, entry.important) in found, entry


def test_public_suffixes_are_left_out_of_wide_scopes_only(make_source: Callable[..., ListSource]) -> None:
    text = b"co.example\na.co.example\n"
    counts, _, _ = take(make_source(), text, use_native=True)
    assert (counts.accepted, counts.skipped) == (1, {SkipReason.PUBLIC_SUFFIX: 1})
    counts, _, _ = take(make_source(scope=Scope.HOST), text, use_native=True)
    assert (counts.accepted, counts.skipped) == (2, {})


def test_local_data_by_owner(make_source: Callable[..., ListSource]) -> None:
    _, intake, sets = take(make_source(format_="rpz"), LISTS["rpz"], use_native=True)
    assert intake.local_data == {"c.example": (("A", 60, "192.0.2.1"), ("A", 60, "192.0.2.2"))}
    assert any(token.action is Action.LOCAL_DATA for tokens in sets for token in tokens)


@pytest.mark.parametrize(
    ("format_", "pattern"),
    [
        ("domains", "lists/ut1/[a-q]*/domains"),
        ("domains", "lists/blocklistproject/*.domains"),
        ("hosts", "lists/*.hosts"),
        ("adblock", "lists/blocklistproject/*.adguard"),
        ("dnsmasq", "lists/blocklistproject/*.dnsmasq"),
    ],
)
def test_real_lists(
    shared_data: Path, make_source: Callable[..., ListSource], format_: str, pattern: str
) -> None:
    paths = [path for path in sorted(shared_data.glob(pattern)) if path.stat().st_size < 2_000_000]
    assert paths
    for path in paths:
        data = path.read_bytes()
        with_native, _, sets = take(make_source(format_=format_), data, use_native=True)
        without, _, same_sets = take(make_source(format_=format_), data, use_native=False)
        assert (with_native, sets) == (without, same_sets), path
        assert with_native.lines == data.count(b"\n") + (data[-1:] not in (b"\n", b"")), path
