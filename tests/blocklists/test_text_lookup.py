"""Canonical texts that are asked about names and pages, against the compiled table and the index of URLs."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocklists.canonical import to_wire, url
from blocklists.canonical_text import canonical_text
from blocklists.digesting import edits_text
from blocklists.edits import Change, Edit
from blocklists.model import Action, Kind, ListSource, Scope
from blocklists.properties import Fetching, HashAlgorithm, Hashes, HashShape
from blocklists.snapshot.compiler import compile_prepared
from blocklists.snapshot.reader import SnapshotReader
from blocklists.snapshot.readings import Prepared
from blocklists.text_lookup import SortedText, TextFormatError, of_name, of_page, parsed_edits

NAMES = [".".join((*labels, "x")) for depth in (1, 2, 3) for labels in itertools.product("ab", repeat=depth)]
RULES = {
    "domains": ["{}", "*.{}", ".{}"],
    "hosts": ["0.0.0.0 {}"],
    "adblock": ["||{}^", "@@||{}^", "||{}^$important", "@@||{}^$important", "|{}^", "||{}^$dnsrewrite=NXDOMAIN"],
    "rpz": ["{} CNAME .", "*.{} CNAME .", "{} CNAME rpz-passthru.", "*.{} CNAME rpz-passthru.", "{} CNAME rpz-drop."],
}  # fmt: skip
FOLDER = [HealthCheck.function_scoped_fixture]


def compiled(path: Path, source: ListSource, data: bytes, edits: list[Edit]) -> SnapshotReader:
    path.unlink(missing_ok=True)
    compile_prepared([(source, data)], path, Prepared(), now=1.0, suffixes=(), edits={source.id: edits})
    return SnapshotReader.open(path)


def said(reader: SnapshotReader, name: str) -> set[Action]:
    """What the compiled table says."""
    mask, _ = reader.look_up(to_wire(name))
    return {bit.action for bit in reader.bits if mask >> bit.index & 1}


@pytest.mark.parametrize("format_", RULES)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=FOLDER)
def test_a_text_says_of_names_what_the_compiled_table_says(
    tmp_path: Path, format_: str, data: st.DataObject
) -> None:
    pairs = st.tuples(st.sampled_from(RULES[format_]), st.sampled_from(NAMES))
    lines = "\n".join(rule.format(name) for rule, name in data.draw(st.lists(pairs, max_size=8)))
    change = st.sampled_from([Change.ADD, Change.REMOVE])
    scope = st.sampled_from([Scope.HOST, Scope.DOMAIN, Scope.WILDCARD])
    at = data.draw(st.lists(st.sampled_from(NAMES), max_size=2 if format_ != "rpz" else 0, unique=True))
    edits = [Edit(data.draw(change), name, data.draw(scope)) for name in at]
    source = ListSource("one", "file:/x", format_, Kind.SECURITY)
    reader = compiled(tmp_path / "table", source, lines.encode(), edits)
    text = SortedText(canonical_text(source, lines.encode()))
    for name in NAMES:
        assert of_name(text, name, edits) == said(reader, name), (lines, name)


@pytest.mark.parametrize(
    ("text", "asked", "listed"),
    [
        (b"url a.example/x\n", "https://A.example/x", True),
        (b"url a.example/x\n", "http://a.example/x/y", False),
        (b"url a.example/x\n", "http://a.example:8080/x", False),
        (b"url a.example/x\n", "http://b.a.example/x", False),
        (b"url-prefix a.example/x\n", "http://a.example/x", True),
        (b"url-prefix a.example/x\n", "http://a.example/x/y?z", True),
        (b"url-prefix a.example/x\n", "http://a.example/xy", False),
        (b"url-prefix a.example/x/\n", "http://a.example/x", False),
        (
            b"url-prefix a.example/1/2/3/4/5\n",
            "http://a.example/1/2/3/4/5",
            False,
        ),  # no filter could enforce it
        (b"domain a.example\n", "http://a.example/x", False),
    ],
)
def test_pages(text: bytes, asked: str, listed: bool) -> None:
    assert of_page(SortedText(text), url(asked)) is listed


def digest(text: str, algorithm: str = "sha256") -> str:
    return hashlib.new(algorithm, text.encode()).hexdigest()


EXPRESSION = Fetching(hashes=Hashes(HashShape.EXPRESSION))
HOST_PATH = Fetching(hashes=Hashes(HashShape.HOST_PATH, HashAlgorithm.MD5))


def test_digests_of_names_and_pages(source: Callable[..., ListSource]) -> None:
    data = f"{digest('a.example/')}\n{digest('b.example/x')}\n".encode()
    sites = SortedText(canonical_text(source("hashes", fetching=EXPRESSION, scope=Scope.DOMAIN), data))
    assert of_name(sites, "www.a.example") == {Action.BLOCK}
    assert of_name(sites, "b.example") == frozenset()
    pages = SortedText(canonical_text(source("hashes", fetching=EXPRESSION), data))
    assert of_name(pages, "a.example") == frozenset()
    assert [of_page(pages, url(text)) for text in ("b.example/x", "a.example/", "b.example/y")] == [
        True,
        True,
        False,
    ]


def test_digests_of_hosts_and_paths(source: Callable[..., ListSource]) -> None:
    host, path = digest("a.example", "md5"), digest("x/y", "md5")
    data = f"{host} {path} 2\n{digest('b.example', 'md5')} {digest('', 'md5')} 0\n".encode()
    text = SortedText(canonical_text(source("hashes", fetching=HOST_PATH), data))
    assert [of_page(text, url(f"a.example/{rest}")) for rest in ("x/y", "x/y/z", "x", "y/x")] == [
        True,
        True,
        False,
        False,
    ]
    assert (of_name(text, "www.b.example"), of_name(text, "a.example")) == ({Action.BLOCK}, frozenset())


@given(st.lists(st.sampled_from(NAMES), unique=True), st.sampled_from(NAMES))
def test_a_line_is_found_wherever_it_stands(names: list[str], wanted: str) -> None:
    text = SortedText(b"".join(sorted(f"host {name}\n".encode() for name in names)))
    assert text.has(f"host {wanted}".encode()) is (wanted in names)
    begun = [name for name in names if name.startswith("a")]
    assert [*text.beginning(b"host a")] == sorted(f"host {name}".encode() for name in begun)


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"\n\n\n", b"host", b"host a.x block extra words", b"\xff\xfe\n"]
)
def test_what_is_no_text_says_nothing(data: bytes) -> None:
    assert of_name(SortedText(data), "a.x") in (frozenset(), {Action.BLOCK})
    assert of_page(SortedText(data), url("a.x/")) is False


def test_edits_are_read_back() -> None:
    edits = (Edit(Change.ADD, "a.x", Scope.HOST), Edit(Change.REMOVE, "b.x", Scope.WILDCARD))
    assert parsed_edits(edits_text(edits)) == edits
    for broken in (b"add a.x\n", b"add nowhere a.x\n", b"whatever host a.x\n", b"\xff\n"):
        with pytest.raises(TextFormatError, match="line 1"):
            parsed_edits(broken)
