"""Commitments and pseudonyms: frozen bytes, and nothing without the opening or the key."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.tlog.commitments import OPENING_BYTES, actor_id, commit

OPENING = bytes(range(32))


def test_golden_commitments() -> None:
    assert commit(OPENING, b"") == hashlib.sha256(b"\x05" + OPENING).digest()
    assert (
        commit(OPENING, b"domain illegal.example\n").hex()
        == "a82fc5fe0971387f9581509e3111ed5484e33352dada9d9cf55ec087f01a34b6"
    )


def test_golden_pseudonym() -> None:
    assert actor_id(b"k" * 32, "local:admin") == "a:d704d3d8af7df4e7"


@pytest.mark.parametrize("length", [0, 31, 33])
def test_an_opening_has_32_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="32"):
        commit(bytes(length), b"text")


@given(st.binary(min_size=OPENING_BYTES, max_size=OPENING_BYTES), st.binary(max_size=50))
def test_another_opening_is_another_commitment(opening: bytes, data: bytes) -> None:
    other = bytes([opening[0] ^ 1]) + opening[1:]
    assert len({commit(opening, data), commit(other, data), commit(opening, data + b"\0")}) == 3


@given(st.text(), st.text(), st.binary(min_size=1))
def test_one_person_has_one_pseudonym(one: str, other: str, key: bytes) -> None:
    assert (actor_id(key, one) == actor_id(key, other)) == (one == other)
    assert actor_id(key, one) != actor_id(key + b"\1", one)
    assert actor_id(key, one).startswith("a:")
    assert len(actor_id(key, one)) == 18
