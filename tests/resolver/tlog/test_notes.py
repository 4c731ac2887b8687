"""Signed notes: published key and note, everything malformed refused, who must have signed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.tlog.encoding import to_base64
from resolver.tlog.notes import (
    ED25519,
    MAX_NOTE,
    MAX_SIGNATURES,
    Note,
    NoteError,
    Signature,
    VerifierKey,
    opened,
    parse_note,
    signature_line,
    signed,
)

PUBLISHED_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
PUBLISHED_NOTE = (
    PUBLISHED_TEXT + "\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""The example of the package ``note`` of Go and of c2sp.org/signed-note."""

TEXT = "first line\n\nthird line\n"
LINE = f"— some.name {to_base64(b'abcdefgh')}\n"


def test_the_published_note() -> None:
    key = VerifierKey.parse(PUBLISHED_KEY)
    assert (key.name, key.key_id.hex(), key.kind, key.text) == (
        "PeterNeumann",
        "c74f20a3",
        ED25519,
        PUBLISHED_KEY,
    )
    note = opened(PUBLISHED_NOTE.encode(), [key])
    assert note.text == PUBLISHED_TEXT
    assert [signature.name for signature in note.signatures] == ["PeterNeumann"]


def test_the_key_of_another_log() -> None:
    """Of the test data of Tessera, a tlog-tiles log in Go."""
    text = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
    assert VerifierKey.parse(text).text == text


def test_a_note_that_was_signed_is_opened(pen: Any) -> None:
    note = opened(pen.note(TEXT), [pen.key])
    assert note == Note(TEXT, (pen.signature(TEXT),))


MALFORMED = {
    "empty": b"",
    "no signatures": TEXT.encode(),
    "nothing behind the empty line": f"{TEXT}\n".encode(),
    "no newline at the end": f"{TEXT}\n{LINE}".encode()[:-1],
    "CRLF": f"{TEXT}\n{LINE}".replace("\n", "\r\n").encode(),
    "a tab": f"a\tb\n\n{LINE}".encode(),
    "a zero byte": f"a\0\n\n{LINE}".encode(),
    "not UTF-8": b"\xff\n\n" + LINE.encode(),
    "half of a surrogate pair": b"\xed\xa0\x80\n\n" + LINE.encode(),
    "a hyphen": f"{TEXT}\n{LINE}".replace("—", "-").encode(),
    "an en dash": f"{TEXT}\n{LINE}".replace("—", "–").encode(),
    "no blank behind the dash": f"{TEXT}\n{LINE}".replace("— ", "—").encode(),
    "no name": f"{TEXT}\n— {to_base64(b'abcdefgh')}\n".encode(),
    "an empty name": f"{TEXT}\n—  {to_base64(b'abcdefgh')}\n".encode(),
    "a plus sign in the name": f"{TEXT}\n{LINE}".replace("some.name", "some+name").encode(),
    "a no-break space in the name": f"{TEXT}\n{LINE}".replace("some.name", "some\u00a0name").encode(),
    "no signature": f"{TEXT}\n— some.name \n".encode(),
    "a key id alone": f"{TEXT}\n— some.name {to_base64(b'abcd')}\n".encode(),
    "bad base64": f"{TEXT}\n— some.name YWJj!GVmZ2g=\n".encode(),
    "base64 without padding": f"{TEXT}\n— some.name {to_base64(b'abcdefgh').rstrip('=')}\n".encode(),
    "base64 with other trailing bits": f"{TEXT}\n— some.name YWJjZGVmZ2h=\n".encode(),
    "base64 of URLs": f"{TEXT}\n— some.name __________8=\n".encode(),
    "blanks at the end": f"{TEXT}\n{LINE}".encode()[:-1] + b" \n",
    "text between signatures": f"{TEXT}\n{LINE}text\n{LINE}".encode(),
    "an empty line at the end": f"{TEXT}\n{LINE}\n".encode(),
    "too many signatures": f"{TEXT}\n{LINE * (MAX_SIGNATURES + 1)}".encode(),
    "too long": f"{'x' * MAX_NOTE}\n\n{LINE}".encode(),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_note_is_refused(data: bytes) -> None:
    with pytest.raises(NoteError):
        parse_note(data)


@pytest.mark.parametrize("count", [1, 16, 17, MAX_SIGNATURES])
def test_many_signatures_are_read(count: int, pen: Any) -> None:
    others = [Signature(f"other-{number}", b"abcd", b"x" * 3_000) for number in range(count - 1)]
    note = opened(signed(TEXT, [*others, pen.signature(TEXT)]), [pen.key])
    assert [signature.name for signature in note.signatures] == [pen.name]


def test_an_unknown_key_is_passed_over(pen: Any, other_pen: Any) -> None:
    """Also one of the same name: it has another id."""
    note = signed(TEXT, [other_pen.signature(TEXT), pen.signature(TEXT)])
    assert opened(note, [pen.key]).signatures == (pen.signature(TEXT),)
    assert len(opened(note, [pen.key, other_pen.key]).signatures) == 2


def test_a_note_of_unknown_keys_alone_is_refused(pen: Any, other_pen: Any) -> None:
    with pytest.raises(NoteError, match="no known key"):
        opened(other_pen.note(TEXT), [pen.key])
    with pytest.raises(NoteError, match="no known key"):
        opened(pen.note(TEXT), [])


@pytest.mark.parametrize("place", [0, 1])
def test_a_bad_signature_of_a_known_key_rejects_the_note(place: int, pen: Any, other_pen: Any) -> None:
    """Wherever it stands, and though another known key, or the same, has a good one beside it."""
    bad = Signature(pen.name, pen.key.key_id, pen.signature("other\n").blob)
    for good in (other_pen, pen):
        signatures = [good.signature(TEXT)]
        signatures.insert(place, bad)
        with pytest.raises(NoteError, match="bad"):
            opened(signed(TEXT, signatures), [pen.key, other_pen.key])


def test_a_signature_of_another_length_is_bad(pen: Any) -> None:
    short = Signature(pen.name, pen.key.key_id, pen.signature(TEXT).blob[:-1])
    with pytest.raises(NoteError, match="bad"):
        opened(signed(TEXT, [short]), [pen.key])


def test_a_key_that_signed_twice(pen: Any) -> None:
    twice = signed(TEXT, [pen.signature(TEXT)] * 2)
    assert set(opened(twice, [pen.key]).signatures) == {pen.signature(TEXT)}


def test_another_text_is_refused(pen: Any) -> None:
    with pytest.raises(NoteError, match="bad"):
        opened(pen.note(TEXT).replace(b"first", b"First"), [pen.key])


def test_keys_that_cannot_be_told_apart(pen: Any) -> None:
    clash = VerifierKey(pen.name, pen.key.key_id, ED25519, bytes(32))
    with pytest.raises(ValueError, match="two keys"):
        opened(pen.note(TEXT), [pen.key, clash])
    assert opened(pen.note(TEXT), [pen.key, pen.key]).text == TEXT


def test_a_key_of_another_kind_signs_no_notes(pen: Any) -> None:
    with pytest.raises(ValueError, match="does not sign"):
        opened(pen.note(TEXT), [VerifierKey(pen.name, b"abcd", 0x04, pen.key.public)])


BAD_KEYS = {
    "empty": "",
    "no parts": "PeterNeumann",
    "two parts": "PeterNeumann+c74f20a3",
    "an id of another key": PUBLISHED_KEY.replace("c74f20a3", "c74f20a4"),
    "an id in capitals": PUBLISHED_KEY.replace("c74f20a3", "C74F20A3"),
    "a short id": PUBLISHED_KEY.replace("c74f20a3", "c74f20"),
    "another name": PUBLISHED_KEY.replace("PeterNeumann", "Peter"),
    "a blank in the name": PUBLISHED_KEY.replace("PeterNeumann", "Peter Neumann"),
    "half of a surrogate pair": PUBLISHED_KEY.replace("PeterNeumann", "Peter\ud800"),
    "no name": PUBLISHED_KEY.replace("PeterNeumann", ""),
    "a line end": PUBLISHED_KEY + "\n",
    "a short key": PUBLISHED_KEY[:-4],
    "no key": "PeterNeumann+c74f20a3+",
    "bad base64": PUBLISHED_KEY[:-1] + "!",
}


@pytest.mark.parametrize("text", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_a_malformed_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(text)


def test_a_key_of_a_later_kind_is_read(pen: Any) -> None:
    """A policy may name witnesses; nothing here verifies them."""
    witness = VerifierKey.parse(_with_kind(pen.key, 0x04).text)
    assert (witness.kind, witness.public) == (0x04, pen.key.public)


def _with_kind(key: VerifierKey, kind: int) -> VerifierKey:
    key_id = hashlib.sha256(key.name.encode() + b"\n" + bytes([kind]) + key.public).digest()[:4]
    return VerifierKey(key.name, key_id, kind, key.public)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_an_ed25519_key_has_32_bytes(length: int) -> None:
    with pytest.raises(NoteError):
        VerifierKey.of_ed25519("name", bytes(length))


UNSIGNABLE: list[Callable[[Signature], tuple[str, list[Signature]]]] = [
    lambda good: ("no newline at the end", [good]),
    lambda good: ("text\n", []),
    lambda good: ("a\rb\n", [good]),
    lambda good: ("a\ud800b\n", [good]),
    lambda good: ("text\n", [Signature("a\ud800", b"abcd", b"x")]),
    lambda good: ("text\n", [Signature("a b", b"abcd", b"x")]),
    lambda good: ("text\n", [Signature("a\nb", b"abcd", b"x")]),
    lambda good: ("text\n", [Signature("name", b"abc", b"")]),
    lambda good: ("text\n", [good] * (MAX_SIGNATURES + 1)),
]


@pytest.mark.parametrize("case", UNSIGNABLE)
def test_nothing_is_written_that_is_not_read_again(
    case: Callable[[Signature], tuple[str, list[Signature]]], pen: Any
) -> None:
    with pytest.raises(NoteError):
        signed(*case(pen.signature("text\n")))


def test_a_text_that_ends_like_signatures_stays_text(pen: Any) -> None:
    text = f"title\n\n{signature_line(pen.signature(TEXT))}"
    assert opened(pen.note(text), [pen.key]).text == text


@given(st.binary(max_size=200))
def test_any_bytes_are_a_note_or_an_error(data: bytes) -> None:
    try:
        note = parse_note(data)
    except NoteError:
        return
    assert signed(note.text, note.signatures) == data


@given(st.data())
def test_no_flipped_bit_is_accepted(data: st.DataObject) -> None:
    good = bytearray(PUBLISHED_NOTE.encode())
    good[data.draw(st.integers(0, len(good) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(NoteError):
        opened(bytes(good), [VerifierKey.parse(PUBLISHED_KEY)])
