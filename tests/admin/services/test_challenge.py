"""Answers to challenges: what a text says of a name, and the commitment to the answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.services.challenge import Said, listed, statement, subject_of
from admin.services.errors import InvalidError
from admin.services.opening import Purpose, Wish
from resolver.tlog.commitments import commit

TEXT = b"domain bad.example\nhost only.example\nurl page.example/x\nurl-prefix page.example/all/\n"
EDITS = b"add domain added.example\nremove domain bad.example\n"
WISH = Wish("watch", "a" * 64, Purpose.CHALLENGE)


@pytest.mark.parametrize(
    ("asked", "edits", "found"),
    [
        ("bad.example", b"", True),
        ("www.bad.example", b"", True),
        ("bad.example", EDITS, False),
        ("sub.added.example", EDITS, True),
        ("only.example", b"", True),
        ("www.only.example", b"", False),
        ("page.example", b"", False),
        ("http://page.example/x", b"", True),
        ("http://page.example/all/of/it", b"", True),
        ("http://page.example/y", b"", False),
        ("http://bad.example/y", b"", True),
        ("example", b"", False),
    ],
)
def test_what_a_text_names(asked: str, edits: bytes, *, found: bool) -> None:
    assert listed(TEXT, edits, subject_of(asked)) is found


@pytest.mark.parametrize("text", ["", " ", "zq secret", "http://", "zq..example", "192.0.2.1"])
def test_what_is_no_question_is_never_repeated(text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        subject_of(text)
    assert "zq" not in str(caught.value)


def test_answers_have_one_length() -> None:
    assert len({len(said) for said in Said}) == 1


@given(
    st.binary(min_size=32, max_size=32),
    st.sampled_from(Said),
    st.sampled_from(["a.example", "http://a.example/b"]),
)
def test_the_commitment_binds_the_whole_statement(opening: bytes, said: Said, asked: str) -> None:
    made = statement(WISH, "c" * 64, subject_of(asked), said, at=5.9, opening=opening)
    assert json.loads(made.data) == {
        "answer": said.value, "asked": asked.removeprefix("http://"), "commit": "c" * 64, "list": "watch", "state": "a" * 64, "t": 5, "v": 1,
    }  # fmt: skip
    assert made.ref == commit(opening, made.data).hex()
    other = next(one for one in Said if one is not said)
    assert made.ref != statement(WISH, "c" * 64, subject_of(asked), other, at=5.9, opening=opening).ref
    assert asked not in repr(made)
