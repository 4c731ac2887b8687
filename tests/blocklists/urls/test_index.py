"""The index: what each scope reaches and never more, secret lists, hashed lists, files that are none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocklists.canonical import url
from blocklists.model import Confidentiality, ListSource, Scope
from blocklists.properties import Fetching, HashAlgorithm, Hashes, HashShape
from blocklists.urls.index import LARGEST, UrlIndex, UrlIndexError
from blocklists.urls.layout import HEADER
from blocklists.urls.records import Reach

Make = Callable[..., ListSource]
Index = Callable[..., UrlIndex]
Write = Callable[..., Path]

PAGES = """\
http://pages.example/gallery/bad.html
pages.example/gallery/ask.php?id=7
pages.example/folder/*
pages.example/a/b/c/*
pages.example/stem*
pages.example:8080/port.html
front.example
http://[2001:db8::1]/x
"""


def md5(text: str) -> str:
    """As the publisher of a hashed list makes it."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def sha256(text: str) -> str:
    """As the publisher of a hashed list makes it."""
    return hashlib.sha256(text.encode()).hexdigest()


def hashed(shape: HashShape, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> Fetching:
    """The fetching of a hashed list."""
    return Fetching(hashes=Hashes(shape, algorithm))


@pytest.mark.parametrize(
    ("text", "reaches"),
    [
        ("https://PAGES.example/gallery/%62ad.html#x", {Reach.URL}),
        ("pages.example/gallery/bad.html?x", set()),
        ("pages.example/gallery/bad.html/", set()),
        ("pages.example/gallery/Bad.html", set()),
        ("pages.example/gallery/", set()),
        ("pages.example/", set()),
        ("www.pages.example/gallery/bad.html", set()),
        ("example/gallery/bad.html", set()),
        ("pages.example/gallery/ask.php?id=7", {Reach.URL}),
        ("pages.example/gallery/ask.php?id=8", set()),
        ("pages.example/gallery/ask.php", set()),
        ("pages.example/folder/", {Reach.URL_PREFIX}),
        ("pages.example/folder/x/y/z/deep.html?q", {Reach.URL_PREFIX}),
        ("pages.example/folder", set()),
        ("pages.example/folder2/", set()),
        ("pages.example/a/b/c/d/e", {Reach.URL_PREFIX}),
        ("pages.example/a/b/", set()),
        ("pages.example/stem", {Reach.URL_PREFIX}),
        ("pages.example/stem?q", {Reach.URL_PREFIX}),
        ("pages.example/stem/x", {Reach.URL_PREFIX}),
        ("pages.example/stems", set()),
        ("pages.example:8080/port.html", {Reach.URL}),
        ("pages.example/port.html", set()),
        ("pages.example:8081/port.html", set()),
        ("front.example/", {Reach.URL}),
        ("front.example/x", set()),
        ("http://[2001:db8::1]/x", {Reach.URL}),
    ],
)
def test_what_pages_reach_and_never_more(text: str, reaches: set[Reach], source: Make, index: Index) -> None:
    made = index([(source("urls"), PAGES)])
    assert {hit.reach for hit in made.find(url(text))} == reaches


def test_each_list_is_named_once_in_its_order(source: Make, index: Index) -> None:
    one, two = source("urls", id="one"), source("urls", id="two")
    made = index([(two, "a.example/x\na.example/\n"), (one, "a.example/x\na.example/*\n")])
    assert [(hit.list_id, hit.reach) for hit in made.find(url("a.example/x"))] == [
        ("two", Reach.URL), ("one", Reach.URL), ("one", Reach.URL_PREFIX),
    ]  # fmt: skip


def test_secret_lists_are_found_by_whoever_asks_for_them_with_the_key(
    source: Make, index: Index, write: Write
) -> None:
    secret = source("urls", id="vault", confidentiality=Confidentiality.SECRET)
    lists = [(secret, "a.example/x\n"), (source("urls", id="open"), "b.example/x\n")]
    made = index(lists)
    assert made.find(url("a.example/x")) == ()
    assert [hit.list_id for hit in made.find(url("a.example/x"), secret=True)] == ["vault"]
    path = write(lists)
    for key in (None, bytes(16), bytes(range(1, 17))):
        assert UrlIndex.open(path, key).find(url("a.example/x"), secret=True) == ()
    data = path.read_bytes()
    assert b"example" not in data.replace(b"open", b"")
    assert hashlib.sha256(b"a.example/x").digest()[:8] not in data


def test_two_builds_have_no_record_in_common(source: Make, write: Write) -> None:
    lists = [(source("urls"), PAGES)]
    first, second = write(lists).read_bytes(), write(lists, table_key=bytes(32)).read_bytes()
    tables = [data[-18 * 9 : -2 * 9] for data in (first, second)]
    records = [{table[at : at + 16] for at in range(0, len(table), 16)} for table in tables]
    assert len(records[0]) == 9
    assert not records[0] & records[1]


HASHED = [
    (HashShape.EXPRESSION, HashAlgorithm.SHA256, None, sha256("a.example/x"), "a.example/x", Reach.HASHED_EXPRESSION),
    (HashShape.EXPRESSION, HashAlgorithm.MD5, None, md5("a.example/x/"), "b.a.example/x/y?q", Reach.HASHED_EXPRESSION),
    (HashShape.EXPRESSION, HashAlgorithm.SHA256, None, sha256("a.example/x"), "a.example/x/y", None),
    (HashShape.EXPRESSION, HashAlgorithm.SHA256, None, sha256("a.example/x")[:8], "a.example/x", None),
    (HashShape.EXPRESSION, HashAlgorithm.SHA256, Scope.DOMAIN, sha256("a.example/"), "b.a.example/y", Reach.HASHED_SITE),
    (HashShape.EXPRESSION, HashAlgorithm.SHA256, Scope.DOMAIN, sha256("a.example/y"), "a.example/y", None),
    (HashShape.HOST_PATH, HashAlgorithm.MD5, None, f"{md5('a.example')} {md5('')} 0", "b.a.example/x", Reach.HASHED_HOST),
    (HashShape.HOST_PATH, HashAlgorithm.MD5, None, f"{md5('a.example')} {md5('x/y')} 2", "a.example/x/y/z?q", Reach.HASHED_PATH),
    (HashShape.HOST_PATH, HashAlgorithm.MD5, None, f"{md5('a.example')} {md5('x/y')} 2", "a.example/x", None),
    (HashShape.HOST_PATH, HashAlgorithm.MD5, None, f"{md5('a.example')} {md5('x')} 1", "b.a.example/x", None),
    (HashShape.HOST_PATH, HashAlgorithm.MD5, None, f"{md5('a.example')} {md5('')} 1", "a.example/", None),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "algorithm", "scope", "line", "text", "reach"), HASHED)
def test_hashed_lists(
    shape: HashShape,
    algorithm: HashAlgorithm,
    scope: Scope | None,
    line: str,
    text: str,
    reach: Reach | None,
    source: Make,
    index: Index,
) -> None:
    made = index([(source("hashes", scope=scope, fetching=hashed(shape, algorithm)), f"{line}\n")])
    assert {hit.reach for hit in made.find(url(text))} == ({reach} if reach else set())
    names = {hit.reach for hit in made.find_name(url(text).host)}
    assert names == ({reach} & {Reach.HASHED_HOST, Reach.HASHED_SITE})


def test_the_edition_changes_with_the_hosts_that_are_named_and_with_nothing_else(
    source: Make, write: Write
) -> None:
    def edition(text: str, table_key: bytes, **more: object) -> str:
        made = source("hashes", fetching=hashed(HashShape.HOST_PATH, HashAlgorithm.MD5), **more)
        return UrlIndex.open(write([(source("urls"), PAGES), (made, text)], table_key=table_key)).edition

    one, two = f"{md5('a.example')} {md5('')} 0\n", f"{md5('b.example')} {md5('')} 0\n"
    page = f"{md5('c.example')} {md5('x')} 1\n"
    for more in ({}, {"confidentiality": Confidentiality.SECRET}):
        first = edition(one + two, bytes(32), **more)
        assert first
        assert first == edition(two + one + one + page, bytes(range(32)), **more)
        assert first != edition(one, bytes(32), **more)
    assert edition(page, bytes(32)) == ""


def test_an_empty_index_names_nothing(source: Make, index: Index) -> None:
    for made in (UrlIndex(), index([]), index([(source("urls"), "")])):
        assert made.find(url("a.example/x"), secret=True) == made.find_name("a.example") == ()
        assert (len(made), made.edition, made.names_hosts) == (0, "", False)


def test_a_damaged_file_is_refused(source: Make, write: Write) -> None:
    path = write([(source("urls"), PAGES)])
    data = path.read_bytes()
    for damaged in (
        b"",
        data[:-1],
        data + b"\0",
        data[: HEADER.size],
        data[:40],
        bytes(len(data)),
        b"x" + data[1:],
    ):
        path.write_bytes(damaged)
        with pytest.raises(UrlIndexError, match=r"urls\.weir: "):
            UrlIndex.open(path)
    path.write_bytes(data)
    assert len(UrlIndex.open(path)) == 9


def test_every_flipped_bit_is_found(source: Make, write: Write) -> None:
    path = write([(source("urls"), "a.example/x\n")])
    data = bytearray(path.read_bytes())
    for place in range(len(data)):
        data[place] ^= 1
        path.write_bytes(data)
        with pytest.raises(UrlIndexError):
            UrlIndex.open(path)
        data[place] ^= 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_forged_file_is_refused_or_names_lists_of_its_own(
    data: st.DataObject, source: Make, write: Write
) -> None:
    """The checksum finds no forger: whatever he writes, nothing is read beyond the file and no other error comes."""
    body = bytearray(write([(source("urls"), "a.example/x\nb.example/*\n")]).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    zeroed = body[: HEADER.size - 32] + bytes(32) + body[HEADER.size :]
    body[HEADER.size - 32 : HEADER.size] = hashlib.sha256(zeroed).digest()
    try:
        made = UrlIndex(bytes(body))
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    for text in ("a.example/x", "b.example/"):
        made.find(url(text), secret=True)


def test_a_file_that_claims_too_much_is_not_mapped(tmp_path: Path) -> None:
    path = tmp_path / "urls.weir"
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(UrlIndexError, match="are no index"):
        UrlIndex.open(path)
    with pytest.raises(FileNotFoundError):
        UrlIndex.open(tmp_path / "absent")
