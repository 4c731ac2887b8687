"""Lists of pages, read and written into an index."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from blocklists.formats import make_parser, rows
from blocklists.model import Entry, HashedEntry, ListSource
from blocklists.urls.collecting import UrlRecords
from blocklists.urls.index import UrlIndex
from blocklists.urls.layout import write_index

TABLE_KEY = bytes(range(32))
BOX_KEY = bytes(range(100, 116))

Lists = list[tuple[ListSource, str]]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes the index of lists of text, secret ones under the key of the box."""

    def make(lists: Lists, table_key: bytes = TABLE_KEY, box_key: bytes = BOX_KEY) -> Path:
        found = []
        for source, text in lists:
            records = UrlRecords(source, box_key if source.confidentiality == "secret" else table_key)
            for _, outcomes in rows(make_parser(source), text.encode()):
                for outcome in outcomes:
                    if isinstance(outcome, Entry | HashedEntry):
                        records.add(outcome)
            found.append(records)
        path = tmp_path / "urls.weir"
        write_index(path, table_key, found)
        return path

    return make


@pytest.fixture
def index(write: Callable[..., Path]) -> Callable[..., UrlIndex]:
    """The index of lists of text, opened with the key of the box unless told otherwise."""

    def make(lists: Lists, box_key: bytes | None = BOX_KEY) -> UrlIndex:
        return UrlIndex.open(write(lists), box_key)

    return make
