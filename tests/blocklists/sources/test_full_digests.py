"""Prefixes and the full digests behind them as one version: both, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from blocklists.formats.hashes import FULL_MARKER
from blocklists.model import ListSource
from blocklists.properties import Fetching, Hashes, HashShape
from blocklists.sources import FetchError, Known, fetch
from blocklists.sources.full_digests import fetch_with_full
from blocklists.sources.model import NotModified

Make = Callable[..., ListSource]


def listed(source: Make, folder: Path, **more: object) -> ListSource:
    """A hashed list and its full digests, in files."""
    hashes = Hashes(HashShape.EXPRESSION, full=f"file:{folder}/full")
    return source("hashes", url=f"file:{folder}/list", fetching=Fetching(hashes=hashes), **more)


async def test_both_are_one_version(source: Make, tmp_path: Path) -> None:
    (tmp_path / "list").write_text("aabbccdd\n")
    (tmp_path / "full").write_text("aabbccdd" + "00" * 28)
    made = listed(source, tmp_path)
    fetched = await fetch(made, known=Known("etag", "date"), now=5.0)
    assert not isinstance(fetched, NotModified)
    assert fetched.data == b"aabbccdd\n" + FULL_MARKER + b"aabbccdd" + b"00" * 28
    (tmp_path / "full").write_text("")
    again = await fetch(made, now=6.0)
    assert not isinstance(again, NotModified)
    assert again.digest != fetched.digest


@pytest.mark.parametrize("missing", ["list", "full"])
async def test_neither_alone_is_a_version(missing: str, source: Make, tmp_path: Path) -> None:
    for name in {"list", "full"} - {missing}:
        (tmp_path / name).write_text("aabbccdd\n")
    with pytest.raises(FetchError, match=f"{missing}: no such file"):
        await fetch(listed(source, tmp_path), now=5.0)


async def test_both_together_are_bounded(source: Make, tmp_path: Path) -> None:
    for name in ("list", "full"):
        (tmp_path / name).write_bytes(b"a" * 90)
    with pytest.raises(FetchError, match="larger than 100 bytes"):
        await fetch(listed(source, tmp_path, max_size=100), now=5.0)


async def test_a_source_that_says_nothing_changed_is_not_believed(source: Make, tmp_path: Path) -> None:
    async def unchanged(_: ListSource) -> NotModified:
        return NotModified()

    with pytest.raises(FetchError, match="was not asked so"):
        await fetch_with_full(listed(source, tmp_path), unchanged, now=5.0)
