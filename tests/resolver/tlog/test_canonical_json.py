"""One spelling of JSON: what is written is read again, and every other spelling of it is refused."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.tlog.canonical import INTEGERS_BELOW, MAX_DEPTH, FormatError, Json, decode, encode

_KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
_LARGEST = INTEGERS_BELOW - 1
_SCALARS = (
    st.none() | st.booleans() | st.integers(-_LARGEST, _LARGEST) | st.text(st.characters(codec="utf-8"))
)
VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)

WRITTEN: list[tuple[Json, bytes]] = [
    (None, b"null"),
    ({}, b"{}"),
    ([], b"[]"),
    ({"b": 1, "a": [True, False, None]}, b'{"a":[true,false,null],"b":1}'),
    ({"Z": 1, "a": 2, "": 3}, b'{"":3,"Z":1,"a":2}'),
    ((1, 2), b"[1,2]"),
    (MappingProxyType({"a": MappingProxyType({})}), b'{"a":{}}'),
    (_LARGEST, b"9007199254740991"),
    (-_LARGEST, b"-9007199254740991"),
    ('"\\/\b\f\n\r\t', b'"\\"\\\\/\\b\\f\\n\\r\\t"'),
    ("\x00\x1f\x7f", b'"\\u0000\\u001f\x7f"'),
    ("ü\u2028\U0001f600", b'"\xc3\xbc\xe2\x80\xa8\xf0\x9f\x98\x80"'),
]

NO_VALUES = [
    1.0,
    float("nan"),
    INTEGERS_BELOW,
    -INTEGERS_BELOW,
    "\ud800",
    ["a\udfff"],
    {"ü": 1},
    {1: 2},
    {"a": {1}},
    b"bytes",
]

NOT_CANONICAL = [
    b"",
    b"{",
    b"nul",
    b'{"a":1} ',
    b' {"a":1}',
    b'{"a": 1}',
    b'{"a":1,}',
    b'{"b":1,"a":2}',
    b'{"a":1,"a":1}',
    b'{"a":1,"a":2}',
    b"1.0",
    b"1e2",
    b"-0",
    b"01",
    b"+1",
    b"9007199254740992",
    b"1" * 5_000,
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b'"\\u0041"',
    b'"\\/"',
    b'"\\u001F"',
    b'"\\u007f"',
    b'"\\ud83d\\ude00"',
    b'"\\ud800"',
    b'"a\nb"',
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b"\xef\xbb\xbf{}",
    b'{"\xc3\xbc":1}',
    b"{}{}",
    b"[" * 100_000,
    b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
]


@pytest.mark.parametrize(("value", "data"), WRITTEN)
def test_a_value_has_these_bytes(value: Json, data: bytes) -> None:
    assert encode(value) == data
    assert encode(decode(data)) == data


@pytest.mark.parametrize("value", NO_VALUES)
def test_a_value_without_canonical_form_is_refused(value: Json) -> None:
    with pytest.raises(FormatError):
        encode(value)


@pytest.mark.parametrize("data", NOT_CANONICAL)
def test_another_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        decode(data)


def test_the_deepest_value_is_read() -> None:
    deepest = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert encode(decode(deepest)) == deepest


def test_a_value_that_holds_itself_is_refused() -> None:
    endless: list[Json] = []
    endless.append(endless)
    with pytest.raises(FormatError):
        encode(endless)


def test_what_is_wrong_is_said_without_the_text() -> None:
    with pytest.raises(FormatError) as caught:
        decode(b'{"secret.example": tru}')
    assert "secret.example" not in str(caught.value)


@given(VALUES)
def test_what_is_written_is_read_again(value: Json) -> None:
    data = encode(value)
    assert decode(data) == value
    assert json.loads(data) == value


@given(VALUES, st.data())
def test_any_other_byte_changes_the_value_or_is_refused(value: Json, data: st.DataObject) -> None:
    good = bytearray(encode(value))
    at = data.draw(st.integers(0, len(good) - 1))
    good[at] ^= data.draw(st.integers(1, 255))
    try:
        other = decode(bytes(good))
    except FormatError:
        return
    assert encode(other) == bytes(good) != encode(value)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_a_format_error(data: bytes) -> None:
    try:
        value = decode(data)
    except FormatError:
        return
    assert encode(value) == data
