"""The catalogue: every entry makes a list that the rest of Weir can use."""

from __future__ import annotations

import re
from types import MappingProxyType

import pytest

from blocklists.catalogue import CatalogueEntry, load_catalogue
from blocklists.formats import FORMATS, line_parser
from blocklists.model import Kind, ListSource

ENTRIES = tuple(load_catalogue().values())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_an_entry_is_a_usable_list(entry: CatalogueEntry) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,40}", entry.id)
    assert entry.url.startswith("https://")
    assert entry.home.startswith("https://")
    assert entry.title
    assert entry.licence
    assert entry.format in FORMATS
    assert entry.kind in {Kind.CATEGORY, Kind.SECURITY}
    assert len(entry.categories) == 1
    source = ListSource(entry.id, entry.url, entry.format, entry.kind, entry.categories)
    assert line_parser(source).scope


def test_no_address_and_no_title_stands_twice() -> None:
    assert len({entry.url for entry in ENTRIES}) == len(ENTRIES)
    assert len({entry.title for entry in ENTRIES}) == len(ENTRIES)


def test_it_covers_what_families_and_networks_ask_for() -> None:
    categories = {category for entry in ENTRIES for category in entry.categories}
    wanted = {
        "pornography",
        "gambling",
        "dating",
        "drugs",
        "social",
        "games",
        "bypass",
        "malware",
        "phishing",
    }
    assert wanted <= categories
    assert 25 <= len(ENTRIES) <= 40


def test_it_cannot_be_changed_by_a_reader() -> None:
    assert isinstance(load_catalogue(), MappingProxyType)
