"""Whole lists: accounting, bytes that are no text, hostile lines, and every real list there is."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.formats import FORMATS, LINE_FORMATS, line_parser, lines, read
from blocklists.formats.reading import LONGEST_LINE
from blocklists.model import (
    Action,
    Disposition,
    Entry,
    Kind,
    ListCounts,
    ListSource,
    Scope,
    Skip,
    SkipReason,
)
from blocklists.snapshot.readings import Readings

Make = Callable[..., ListSource]
GOLDEN = Path(__file__).parent / "golden" / "real-lists.txt"
ENDINGS = {
    ".hosts": "hosts",
    ".domains": "domains",
    ".adguard": "adblock",
    ".dnsmasq": "dnsmasq",
    ".txt": "domains",
}


def _adds_up(counts: ListCounts) -> bool:
    return counts.lines == counts.accepted + counts.duplicate + sum(counts.skipped.values())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\n\n", ["a", ""]),
        (b"a\r\nb\r\r\n\rc", ["a", "b\r", "\rc"]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb", ["a", "\ufeffb"]),
        (b"\xff\n", ["\udcff"]),
        ("a\u2028b\x85c\x0bd".encode(), ["a\u2028b\x85c\x0bd"]),
    ],
)
def test_lines(data: bytes, expected: list[str]) -> None:
    assert list(lines(data)) == expected


def test_every_line_is_accounted_for(source: Make) -> None:
    text = """# head
0.0.0.0 bets.example
0.0.0.0 BETS.example.
0.0.0.0 bets.example new.example
0.0.0.0 localhost
0.0.0.0 192.0.2.1 localhost
0.0.0.0 more.example localhost 192.0.2.1
0.0.0.0 bets.example localhost

not a hosts line
0.0.0.0 bad..example
"""
    entries, counts = read(source("hosts"), text.encode())
    assert [entry.name for entry in entries] == ["bets.example", "new.example", "more.example"]
    assert counts == ListCounts(
        lines=11,
        accepted=3,
        duplicate=2,
        skipped={
            SkipReason.COMMENT: 1,
            SkipReason.BLANK: 1,
            SkipReason.SINGLE_LABEL: 1,
            SkipReason.ADDRESS: 1,
            SkipReason.MALFORMED: 1,
            SkipReason.BAD_NAME: 1,
        },
        entries=3,
        entry_skips={SkipReason.SINGLE_LABEL: 2, SkipReason.ADDRESS: 1},
        dispositions={Disposition.DNS: 3},
        first_bad_lines=((10, SkipReason.MALFORMED), (11, SkipReason.BAD_NAME)),
    )


def test_public_suffixes_are_left_out_unless_the_source_wants_them(source: Make) -> None:
    data = b"||co.uk^\n||co.uk^\n|co.uk^\n@@||co.uk^\n||bets.co.uk^\n"
    entries, counts = read(source("adblock"), data, suffixes={"co.uk"})
    assert entries == (
        Entry("co.uk", Scope.HOST),
        Entry("co.uk", Scope.DOMAIN, Action.ALLOW),
        Entry("bets.co.uk", Scope.DOMAIN),
    )
    assert counts.skipped == {SkipReason.PUBLIC_SUFFIX: 1}
    assert counts.duplicate == 1
    assert _adds_up(counts)
    assert len(read(source("adblock", public_suffixes=True), data, suffixes={"co.uk"})[0]) == 4


def test_urls_never_become_names(source: Make) -> None:
    entries, counts = read(source("urls"), b"pages.example\nhttp://pages.example/\npages.example/x*\n")
    assert entries == (Entry("pages.example/", Scope.URL), Entry("pages.example/x", Scope.URL_PREFIX))
    assert counts.dispositions == {Disposition.URL_FILTER: 2}
    assert counts.duplicate == 1


@pytest.mark.parametrize(
    ("format_", "line"),
    [
        ("hosts", "0.0.0.0" + " bets.example" * LONGEST_LINE),
        ("dnsmasq", "address=/" + "bets.example/" * LONGEST_LINE),
        ("domains", "bets.example #" + "x" * LONGEST_LINE),
        ("rpz", "x" * LONGEST_LINE + " CNAME ."),
    ],
)
def test_a_line_without_end_is_malformed_and_its_words_take_no_memory(
    source: Make, format_: str, line: str
) -> None:
    data = f"{line}\n{line}\n".encode()
    tracemalloc.start()
    try:
        entries, reference = read(source(format_), data)
        counted = Readings(frozenset()).count(source(format_), data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert entries == ()
    assert counted.skipped == reference.skipped == {SkipReason.MALFORMED: 2}
    assert peak < 12 * len(data)


@pytest.mark.parametrize("line", ["#" + "x" * LONGEST_LINE, " " * (LONGEST_LINE + 1)])
@pytest.mark.parametrize("format_", ["hosts", "domains", "dnsmasq"])
def test_comments_and_blanks_may_be_of_any_length(source: Make, format_: str, line: str) -> None:
    data = f"{line}\n".encode()
    expected = {SkipReason.COMMENT if line.startswith("#") else SkipReason.BLANK: 1}
    assert read(source(format_), data)[1].skipped == expected
    assert Readings(frozenset()).count(source(format_), data).skipped == expected


SNIPPETS = (
    "||bets.example^$important,denyallow=a.bets.example",
    "@@|bets.example^$dnsrewrite=NXDOMAIN;;",
    "0.0.0.0 bets.example # x",
    "*.bets.example",
    "server=/bets.example/x.example/0.0.0.0",
    "http://user@bets.example:8080/%25%32%35?q#f*",
    "$ORIGIN rpz.test.",
    "@ SOA a. b. ( 1 2 3",
    "24.zz.2001.rpz-ip 1h IN CNAME rpz-drop.",
    'x TXT "a\\"b" ) \\# 4 0a000001',
    "x LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m",
    "x HTTPS 1 . alpn=h2 ipv4hint=192.0.2.1",
)
_mutated = st.builds(
    lambda text, junk, start, length: text[:start] + junk + text[start + length :],
    st.sampled_from(SNIPPETS),
    st.text(max_size=4) | st.sampled_from(SNIPPETS),
    st.integers(0, 40),
    st.integers(0, 5),
)
_hostile_lines = st.lists(st.text(max_size=60) | _mutated | st.sampled_from(SNIPPETS), max_size=6)


@pytest.mark.parametrize("format", LINE_FORMATS)
@given(texts=_hostile_lines, addresses=st.booleans())
def test_no_line_is_too_hostile(format: str, texts: list[str], addresses: bool) -> None:
    made = ListSource("test", "file:/nowhere", format, Kind.CATEGORY, addresses=addresses)
    parser = line_parser(made)
    for number, text in enumerate(texts, 1):
        found = parser.parse(text, number)
        assert found
        assert all(isinstance(outcome, (Entry, Skip)) for outcome in found)
        if parser.semantics != "rpz":
            assert parser.parse(text, number) == found
    assert all(isinstance(entry, Entry) for entry in (*parser.finish(), *parser.removed()))


@pytest.mark.parametrize("format", FORMATS)
@given(
    data=st.binary(max_size=200)
    | _hostile_lines.map(lambda texts: "\n".join(texts).encode("utf-8", "replace"))
)
def test_any_bytes_are_accounted_for(format: str, data: bytes, source: Make) -> None:
    entries, counts = read(source(format), data)
    assert _adds_up(counts)
    rest = data.removeprefix(b"\xef\xbb\xbf")
    if format in LINE_FORMATS:
        assert counts.lines == rest.count(b"\n") + bool(rest and not rest.endswith(b"\n"))
    assert counts.entries == len(entries) == len(set(entries))


@pytest.mark.parametrize("format", LINE_FORMATS)
@pytest.mark.parametrize(
    "piece", ["a", "a.", "||", "*.", "/a", " a.example", "%25", "(", '"', "\\", "$", ",denyallow=a.b"]
)
def test_a_long_line_costs_linear_time(format: str, piece: str, source: Make) -> None:
    head = {"dnsmasq": "server=/", "adblock": "||a.example^$important", "rpz": "x.example TXT "}.get(
        format, ""
    )
    began = time.process_time()
    line_parser(source(format)).parse(head + piece * 100_000, 1)
    assert time.process_time() - began < 2.0


def _real_lists(root: Path) -> list[tuple[Path, str]]:
    files = [*(root / "lists").rglob("*"), *(root / "toplists" / "must-not-block").glob("*")]
    return [(file, ENDINGS.get(file.suffix) or file.name) for file in sorted(files) if file.is_file()]


def _row(name: str, counts: ListCounts) -> str:
    skipped = " ".join(f"{reason}={number}" for reason, number in sorted(counts.skipped.items()))
    return f"{name} {counts.lines} {counts.accepted} {counts.duplicate} {skipped}".rstrip()


@pytest.fixture(scope="session")
def real_counts(shared_data: Path) -> dict[str, ListCounts]:
    """Every real list by its path below the data folder."""
    return {
        str(file.relative_to(shared_data)): read(
            ListSource("real", f"file:{file}", format, Kind.CATEGORY), file.read_bytes()
        )[1]
        for file, format in _real_lists(shared_data)
    }


def test_every_real_list_is_read_as_stated(real_counts: dict[str, ListCounts]) -> None:
    assert [_row(name, counts) for name, counts in real_counts.items()] == GOLDEN.read_text().splitlines()


def test_every_real_line_is_accounted_for(real_counts: dict[str, ListCounts], shared_data: Path) -> None:
    for name, counts in real_counts.items():
        assert _adds_up(counts), name
        assert counts.lines == len((shared_data / name).read_bytes().splitlines()), name


def test_the_dirt_that_the_publishers_describe(real_counts: dict[str, ListCounts]) -> None:
    """Facts from the description of the data, counted there by other means."""
    ut1 = [
        counts
        for name, counts in real_counts.items()
        if name.startswith("lists/ut1") and name.endswith("domains")
    ]
    assert sum(counts.skipped.get(SkipReason.ADDRESS, 0) for counts in ut1) == 23_147
    assert sum(counts.lines for counts in ut1) == 236_826
    adult = real_counts["lists/sinfonietta-adult.hosts"]
    assert (adult.duplicate, adult.skipped[SkipReason.ADDRESS], adult.entry_skips) == (
        24,
        5,
        {SkipReason.SINGLE_LABEL: 1},
    )
    assert all(not counts.first_bad_lines for counts in real_counts.values())


@pytest.mark.parametrize("name", ["drugs", "tiktok", "torrent", "piracy", "vaping"])
def test_one_list_in_four_forms_gives_one_set(name: str, shared_data: Path, source: Make) -> None:
    folder = shared_data / "lists" / "blocklistproject"
    forms = {
        ending: set(read(source(ENDINGS[ending]), (folder / f"{name}{ending}").read_bytes())[0])
        for ending in (".hosts", ".domains", ".adguard", ".dnsmasq")
    }
    assert len(forms[".hosts"]) > 100
    assert all(entries == forms[".hosts"] for entries in forms.values())
