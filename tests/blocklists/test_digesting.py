"""Digests and commitments of versions: what they are made of, that they stay, and that erasing takes what opens them."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from blocklists.digesting import Digester, Opened, edits_text
from blocklists.edits import Change, Edit
from blocklists.guard import NO_GUARD, Guard
from blocklists.list_store import ListStore
from blocklists.model import Confidentiality, ListCounts, ListSource, ListVersion, Scope
from blocklists.sealed_texts import SealedTexts
from blocklists.version_digests import FILE, Openings, VersionDigest, committed
from resolver.tlog.commitments import commit

DATA, TEXT = b"B.example\na.example\n", b"domain a.example\ndomain b.example\n"
LATER = b"b.example\nc.example\n"
EVERY = list(Confidentiality)
EDIT = Edit(Change.ADD, "x.example", Scope.HOST)

Make = Callable[..., ListSource]


@pytest.fixture
def store(tmp_path: Path) -> ListStore:
    """With a vault, as control has it."""
    return ListStore(tmp_path / "lists", SealedTexts(tmp_path / "lists", b"w" * 32), digest_key=b"k" * 32)


@pytest.fixture
def digester(store: ListStore) -> Digester:
    """Its randomness counts."""
    numbers = itertools.count(1)
    return Digester(store, {"co.example"}, randomness=lambda size: next(numbers).to_bytes(size, "big"))


def accepted(store: ListStore, source: ListSource, data: bytes, at: float = 1.0) -> str:
    """The digest by which the version is known."""
    plain = ListVersion(source.id, data, hashlib.sha256(data).hexdigest(), at)
    version = store.identified(source, plain)
    store.accept(source, version, ListCounts(entries=2), now=at)
    return version.digest


def of(digester: Digester, source: ListSource, version: str) -> VersionDigest:
    found = digester.digest(source, version)
    assert found is not None
    return found


def test_a_public_list_has_the_digest_of_its_canonical_text(
    store: ListStore, digester: Digester, source: Make
) -> None:
    public = source()
    version = accepted(store, public, DATA)
    found = of(digester, public, version)
    assert (found.text, found.entries, found.version) == (hashlib.sha256(TEXT).hexdigest(), 2, version)
    assert digester.opened(public, found.text) == Opened(b"", TEXT)


@pytest.mark.parametrize("confidentiality", [Confidentiality.RESTRICTED, Confidentiality.SECRET])
def test_another_list_has_a_commitment_that_its_opening_opens(
    store: ListStore, digester: Digester, source: Make, confidentiality: Confidentiality
) -> None:
    one = source(confidentiality=confidentiality)
    version = accepted(store, one, DATA)
    found = of(digester, one, version)
    opened = digester.opened(one, found.text)
    assert opened is not None
    assert opened.text == TEXT
    assert commit(opened.opening, TEXT).hex() == found.text
    feed = digester.feed(one, version)
    assert feed is not None
    assert feed.opening != opened.opening
    assert commit(feed.opening, DATA).hex() == found.feed
    assert repr(opened) == "Opened()"


@pytest.mark.parametrize("confidentiality", EVERY)
def test_an_unchanged_list_keeps_its_digest_and_a_new_version_never_has_an_opening_again(
    store: ListStore, digester: Digester, source: Make, confidentiality: Confidentiality
) -> None:
    one = source(confidentiality=confidentiality)
    first, later = accepted(store, one, DATA), accepted(store, one, LATER)
    found = [of(digester, one, first), of(digester, one, later)]
    assert [of(digester, one, first), of(digester, one, later)] == found
    again = Digester(store, {"co.example"})  # another process, with other randomness
    assert [of(again, one, first), of(again, one, later)] == found
    openings = [Openings.unpacked(store.texts.read_opening(one.id, version)) for version in (first, later)]
    assert len({part for pair in openings if pair for part in (pair.text, pair.feed)}) == 4


@pytest.mark.parametrize("confidentiality", EVERY)
def test_a_version_that_comes_back_has_another_commitment_and_the_one_before_can_be_opened(
    store: ListStore, digester: Digester, source: Make, confidentiality: Confidentiality
) -> None:
    one = source(confidentiality=confidentiality)
    version = accepted(store, one, DATA)
    found = [of(digester, one, version)]
    for _ in range(2):
        digester.came_back(one, version)
        found.append(of(digester, one, version))
    is_public = confidentiality is Confidentiality.PUBLIC
    assert (
        len({digest.text for digest in found})
        == len({digest.feed for digest in found})
        == (1 if is_public else 3)
    )
    for digest in found:
        opened = digester.opened(one, digest.text)
        assert opened is not None
        assert opened.text == b"domain a.example\ndomain b.example\n"
        if not is_public:
            assert commit(opened.opening, opened.text).hex() == digest.text


def test_what_is_read_otherwise_has_another_commitment_and_what_gives_the_same_text_keeps_it(
    store: ListStore, digester: Digester, source: Make
) -> None:
    one = source(confidentiality=Confidentiality.RESTRICTED)
    version = accepted(store, one, DATA)
    found = of(digester, one, version)
    same = of(digester, replace(one, public_suffixes=True), version)
    assert (same.text, same.feed) == (found.text, found.feed)
    assert same.reading != found.reading
    other = of(digester, replace(one, scope=Scope.HOST), version)
    assert other.text != found.text
    assert other.feed == found.feed
    assert digester.opened(one, found.text) is None
    opened = digester.opened(replace(one, scope=Scope.HOST), other.text)
    assert opened is not None
    assert opened.text == b"host a.example\nhost b.example\n"


def test_names_that_are_never_listed_decide_about_pages_alone(store: ListStore, source: Make) -> None:
    guard = [NO_GUARD]
    digester = Digester(store, (), lambda: guard[0])
    names, pages = source(), replace(source("urls"), id="pages")
    versions = accepted(store, names, DATA), accepted(store, pages, b"a.example/x\nb.example/y\n")
    before = of(digester, names, versions[0]), of(digester, pages, versions[1])
    guard[0] = Guard({"a.example": "help"}, frozenset({"a.example"}))
    assert of(digester, names, versions[0]) == before[0]
    after = of(digester, pages, versions[1])
    assert (before[1].entries, after.entries) == (2, 1)


def test_erasing_a_list_erases_what_opens_its_commitments(
    store: ListStore, digester: Digester, source: Make, tmp_path: Path
) -> None:
    one = source(confidentiality=Confidentiality.RESTRICTED)
    found = of(digester, one, accepted(store, one, DATA))
    digester.edits(one, [EDIT])
    store.erase(one.id)
    assert store.is_erased(one.id)
    assert digester.opened(one, found.text) is None
    assert digester.opened_edits(one, [EDIT]) is None
    assert list((tmp_path / "lists" / one.id).iterdir()) == []


def test_an_opening_goes_with_its_version(store: ListStore, digester: Digester, source: Make) -> None:
    one = source(confidentiality=Confidentiality.SECRET)
    one = replace(one, handling=replace(one.handling, keep=1))
    first = of(digester, one, accepted(store, one, DATA))
    digester.edits(one, [EDIT])
    second = of(digester, one, accepted(store, one, LATER))
    assert store.texts.read_opening(one.id, first.version) is None
    assert digester.opened(one, first.text) is None
    assert digester.opened(one, second.text) is not None
    assert digester.opened_edits(one, [EDIT]) is not None
    assert store.digests.find(one.id, first.version) is None


@pytest.mark.parametrize("confidentiality", [Confidentiality.RESTRICTED, Confidentiality.SECRET])
def test_no_opening_is_on_the_disk_in_plain(
    store: ListStore, digester: Digester, source: Make, tmp_path: Path, confidentiality: Confidentiality
) -> None:
    one = source(confidentiality=confidentiality)
    found = of(digester, one, accepted(store, one, DATA))
    opened = digester.opened(one, found.text)
    assert opened is not None
    files = [path.read_bytes() for path in (tmp_path / "lists" / one.id).iterdir()]
    assert not any(opened.opening in data or opened.opening.hex().encode() in data for data in files)
    assert any(found.text.encode() in data for data in files)


def test_a_lost_record_gives_the_same_commitment_and_a_lost_opening_another(
    store: ListStore, digester: Digester, source: Make, tmp_path: Path
) -> None:
    one = source(confidentiality=Confidentiality.RESTRICTED)
    version = accepted(store, one, DATA)
    found = of(digester, one, version)
    (tmp_path / "lists" / one.id / FILE).write_bytes(b"torn")
    again = Digester(store, {"co.example"})
    assert of(again, one, version) == found
    (tmp_path / "lists" / one.id / FILE).unlink()
    (tmp_path / "lists" / one.id / f"secret-opening-{version}").write_bytes(b"torn")
    after = of(Digester(store, {"co.example"}), one, version)
    assert after.text != found.text
    assert digester.opened(one, found.text) is None


def test_a_full_disk_tells_nothing_that_could_not_be_opened_later(
    store: ListStore, digester: Digester, source: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = source(confidentiality=Confidentiality.SECRET)
    version = accepted(store, one, DATA)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(store.texts, "write_opening", full)
        with pytest.raises(OSError, match="space"):
            digester.digest(one, version)
        with pytest.raises(OSError, match="space"):
            digester.edits(one, [EDIT])
    assert store.digests.find(one.id, version) is None
    found = of(digester, one, version)
    assert digester.opened(one, found.text) is not None


def test_without_a_text_there_is_no_digest(store: ListStore, digester: Digester, source: Make) -> None:
    assert digester.digest(source(), "0" * 64) is None
    assert digester.opened(source(), "0" * 64) is None
    assert digester.feed(source(), "0" * 64) is None


def test_the_text_at_hand_is_used_before_it_is_stored(
    store: ListStore, digester: Digester, source: Make
) -> None:
    digest = hashlib.sha256(DATA).hexdigest()
    found = digester.digest(source(), digest, DATA)
    assert found is not None
    assert accepted(store, source(), DATA) == digest
    assert of(digester, source(), digest) == found
    assert store.texts.read_opening("test", digest) is not None


@pytest.mark.parametrize("confidentiality", [Confidentiality.PUBLIC, Confidentiality.RESTRICTED])
def test_edits_have_a_digest_of_their_own(
    store: ListStore, digester: Digester, source: Make, confidentiality: Confidentiality
) -> None:
    one = source(confidentiality=confidentiality)
    edits = [Edit(Change.REMOVE, "y.example", Scope.DOMAIN), EDIT]
    assert digester.edits(one, []) == ""
    first = digester.edits(one, edits)
    assert Digester(store, ()).edits(one, edits) == first
    text = b"add host x.example\nremove domain y.example\n"
    opened = digester.opened_edits(one, edits)
    assert opened is not None
    assert opened.text == text == edits_text(list(reversed(edits)))
    plain = hashlib.sha256(text).hexdigest()
    is_public = confidentiality is Confidentiality.PUBLIC
    assert first == (plain if is_public else commit(opened.opening, text).hex())
    digester.edits(one, [EDIT])
    assert (digester.edits(one, edits) == first) is is_public


def test_commitments_are_those_of_the_log() -> None:
    assert committed(b"o" * 32, b"data") == commit(b"o" * 32, b"data").hex()


@pytest.mark.parametrize("confidentiality", [Confidentiality.RESTRICTED, Confidentiality.SECRET])
def test_a_list_that_begins_anew_after_its_erasure_has_another_commitment(
    store: ListStore, digester: Digester, source: Make, confidentiality: Confidentiality
) -> None:
    one = source(confidentiality=confidentiality)
    version = accepted(store, one, DATA)
    before, edited = of(digester, one, version), digester.edits(one, [EDIT])
    store.erase(one.id)
    assert accepted(store, one, DATA) == version
    after = of(digester, one, version)
    assert after.text != before.text
    assert after.feed != before.feed
    assert digester.edits(one, [EDIT]) != edited
    assert digester.opened(one, after.text) is not None


def test_two_who_ask_at_once_get_the_same_commitment(store: ListStore, source: Make) -> None:
    one = source(confidentiality=Confidentiality.SECRET)
    version = accepted(store, one, DATA)
    digester = Digester(store, {"co.example"})
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: of(digester, one, version), range(32)))
    assert len(set(found)) == 1
    assert digester.opened(one, found[0].text) is not None


def test_what_came_and_went(store: ListStore, source: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    one, pages = source(), replace(source("urls"), id="pages")
    known = {("v1", "v2"): (7, 8)}
    digester = Digester(store, (), moved=lambda _source, before, after: known.get((before, after)))
    first, later = accepted(store, one, DATA), accepted(store, one, LATER)
    assert digester.moved(one, "", first) == (2, 0)
    assert digester.moved(one, first, later) == (1, 1)
    assert digester.moved(one, "v1", "v2") == (7, 8)
    assert digester.moved(one, "gone", later) is None
    versions = accepted(store, pages, b"a.example/x\n"), accepted(store, pages, b"a.example/y\nb.example/\n")
    assert digester.moved(pages, *versions) == (2, 1)
    monkeypatch.setattr("blocklists.digesting.MOST_PARSED", 10)
    assert digester.moved(pages, *versions) is None
    assert digester.moved(one, first, later) == (1, 1)
