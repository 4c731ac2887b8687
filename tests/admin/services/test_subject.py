"""Names and web addresses as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.services.subject import QuestionError, parse_subject


@pytest.mark.parametrize(
    ("text", "name", "is_url"),
    [
        ("bets.example", "bets.example", False),
        ("WWW.Bets.Example.", "www.bets.example", False),
        ("bücher.example", "xn--bcher-kva.example", False),
        ("localhost", "localhost", False),
        ("http://Pages.Example/gallery/bad.html?x=1", "pages.example", True),
        ("https://user@pages.example:8443/", "pages.example", True),
        ("pages.example/gallery", "pages.example", True),
    ],
)
def test_what_is_asked_about(text: str, name: str, is_url: bool) -> None:
    subject = parse_subject(text)
    assert (subject.name, subject.url is not None) == (name, is_url)
    assert subject.wire == b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no name"),
        (".", "no name"),
        ("a b", "no name"),
        ("x" * 64 + ".example", "no name"),
        ("192.0.2.1", "an address; names are what is decided"),
        ("http://192.0.2.1/", "an address"),
        ("::1", "an address"),
        ("ftp://bets.example/", "no web address"),
        ("http:///", "no web address"),
        ("\x1b[31m", "no name"),
    ],
)
def test_what_nobody_can_answer(text: str, message: str) -> None:
    with pytest.raises(QuestionError, match=message) as caught:
        parse_subject(text)
    assert str(caught.value).isprintable()


@given(st.text(max_size=60))
def test_any_text_gives_a_subject_or_a_question_error(text: str) -> None:
    try:
        said = parse_subject(text).name
    except QuestionError as error:
        said = str(error)
    assert said.isprintable()
