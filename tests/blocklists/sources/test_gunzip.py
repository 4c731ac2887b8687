"""Gzip piece by piece."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.sources.gunzip import Unpacker


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4), st.integers(1, 50))
def test_any_members_in_any_pieces(members: list[bytes], size: int) -> None:
    packed = b"".join(map(gzip.compress, members))
    unpacker = Unpacker()
    pieces = [packed[start : start + size] for start in range(0, len(packed), size)]
    assert b"".join(unpacker.feed(piece, 10_000) for piece in pieces) == b"".join(members)
    assert unpacker.is_whole


def test_no_more_than_the_limit_comes_out() -> None:
    assert len(Unpacker().feed(gzip.compress(bytes(10_000_000)), 1_000)) == 1_000


def test_a_cut_or_damaged_stream_shows() -> None:
    packed = gzip.compress(b"bets.example\n" * 100)
    unpacker = Unpacker()
    unpacker.feed(packed[:-4], 10_000)
    assert not unpacker.is_whole
    with pytest.raises(zlib.error):
        Unpacker().feed(b"not gzip at all", 100)
