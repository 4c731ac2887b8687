"""What the tests of the snapshot share: names in wire form, small tables, sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from blocklists.model import Kind, ListSource
from blocklists.snapshot import native
from blocklists.snapshot.classes import Class, pack

KEY = bytes(range(32))
INDEX_KEY = bytes(range(100, 116))


@pytest.fixture
def key() -> bytes:
    return KEY


@pytest.fixture
def index_key() -> bytes:
    return INDEX_KEY


@pytest.fixture(scope="session")
def wire() -> Callable[[str], bytes]:
    """A dotted name in wire form."""

    def convert(name: str) -> bytes:
        return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"

    return convert


@pytest.fixture
def make_source() -> Callable[..., ListSource]:
    """A list with everything that a test does not care about filled in."""

    def make(id_: str = "one", format_: str = "domains", **fields: object) -> ListSource:
        kind = fields.pop("kind", Kind.CATEGORY)
        if kind is Kind.CATEGORY:
            fields.setdefault("categories", (f"about-{id_}",))
        return ListSource(id=id_, url="file:/list", format=format_, kind=kind, **fields)

    return make


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """A file with some names, each with a class id of its own choice; classes are bits 1 << id, exact and below.

    ``secret`` names and addresses go into the table of secret lists.
    """

    def write(
        names: Mapping[str, int],
        addresses: Mapping[tuple[bytes, int], int] | None = None,
        secret: Mapping[str | tuple[bytes, int], int] | None = None,
    ) -> Path:
        builder, digests = native.Builder(KEY), native.Builder(INDEX_KEY)
        _add(builder, {**names, **(addresses or {})})
        _add(digests, secret or {})
        highest = max([*names.values(), *(addresses or {}).values(), *(secret or {}).values()], default=0)
        classes = pack([Class(1 << n if n else 0, 1 << n if n else 0) for n in range(highest + 1)])
        path = tmp_path / "table.weir"
        path.unlink(missing_ok=True)
        ids = [[tokens[0] if tokens else 0 for tokens, _ in each.sets()] for each in (builder, digests)]
        builder.write(str(path), ids[0], classes, b"notes", 1_700_000_000, digests, ids[1])
        return path

    return write


def _add(builder: native.Builder, entries: Mapping[str | tuple[bytes, int], int]) -> None:
    for entry, class_id in entries.items():
        if isinstance(entry, str):
            builder.add(entry.encode(), class_id)
        else:
            builder.add_address(*entry, class_id)
