"""The search of the leak test finds every form by itself: a test that finds nothing must be able to."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

WORD = "zq4f09c1aa27"
NAME = "zq4f09c1aa27-1.example"
PAGE = "http://zq4f09c1aa27-pages.example/zq4f09c1aa27/Shop/two.html"
WHOLE = "http://zq4f09c1aa27-pages.example/zq4f09c1aa27/Shop/all/\n"
SIGHTS = {
    "plain": NAME.encode(),
    "wire": b"\x0ezq4f09c1aa27-1\x07example\x00",
    "upper": NAME.upper().encode(),
    "reversed": NAME[::-1].encode(),
    "percent": "".join(f"%{byte:02X}" for byte in NAME.encode()).encode(),
    "utf-16": NAME.encode("utf-16-le"),
    "hex": NAME.encode().hex().encode(),
    "HEX": NAME.upper().encode().hex().upper().encode(),
    **{f"base64-{n}": base64.b64encode(b"x" * n + NAME.encode()) for n in range(4)},
    **{kind: hashlib.new(kind, NAME.encode()).digest() for kind in ("md5", "sha1", "sha256")},
    "hex digest": hashlib.sha256(NAME.encode()).hexdigest().encode(),
    "HEX digest": hashlib.md5(NAME.encode()).hexdigest().upper().encode(),
    "digest of a page": hashlib.sha1(PAGE.encode()).digest(),
    "digest of the wire form": hashlib.sha256(b"\x0ezq4f09c1aa27-1\x07example\x00").digest(),
    "digest of a text": hashlib.sha256(WHOLE.encode()).hexdigest().encode(),
}


@pytest.mark.parametrize("sight", SIGHTS.values(), ids=SIGHTS)
def test_the_search_finds_every_form(feeds: Any, search: Any, sight: bytes) -> None:
    look = search(WORD, feeds(WORD))
    assert look(b"before" * 30 + sight + bytes(5_000) + b"after")
    assert not look(b"before" * 30 + bytes(5_000) + b"after")
