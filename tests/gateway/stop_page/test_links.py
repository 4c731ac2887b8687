"""Contacts become links only where that is safe."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stop_page.links import contact_uri, web_address


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("help@isp.example", "mailto:help@isp.example"),
        ("help+weir@isp.example", "mailto:help+weir@isp.example"),
        ("a?b&c@isp.example", "mailto:a%3Fb%26c@isp.example"),
        ("+44 20 7946-0000", "tel:+442079460000"),
        ("(020) 7946 0000", ""),
        ("https://isp.example/help", "https://isp.example/help"),
        ("the desk on floor 2", ""),
        ("javascript:alert(1)", ""),
        ("javascript:a@b", ""),
        ("https://isp.example/\"onclick='x'", ""),
        ("", ""),
    ],
)
def test_contact(text: str, uri: str) -> None:
    assert contact_uri(text) == uri


@pytest.mark.parametrize(
    "text", ["", "isp.example", "javascript:alert(1)", "data:text/html,x", "//isp.example", "ftp://x"]
)
def test_no_other_scheme_becomes_a_link(text: str) -> None:
    assert web_address(text) == ""


@given(st.text())
def test_any_text_gives_a_known_scheme_or_nothing(text: str) -> None:
    uri = contact_uri(text)
    assert uri == "" or uri.startswith(("mailto:", "tel:", "http://", "https://"))
    assert not set(uri) & set('<>" \t\r\n')
