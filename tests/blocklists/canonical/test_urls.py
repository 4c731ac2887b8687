"""URL keys: Safe Browsing's published table, and what lists and requests must agree on."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.canonical import CanonicalError, url
from blocklists.model import SkipReason

KEYS = {
    "http://pages.example/gallery/bad.html": "pages.example/gallery/bad.html",
    "HTTPS://Pages.Example:443/Gallery/Bad.HTML": "pages.example/Gallery/Bad.HTML",
    "pages.example:80": "pages.example/",
    "https://pages.example:80/": "pages.example/",
    "pages.example:8080/x": "pages.example:8080/x",
    "//pages.example/x": "pages.example/x",
    "user:secret@pages.example/x": "pages.example/x",
    "http://evil.example\\@good.example/": "evil.example/\\@good.example/",
    "http://bücher.example/ü": "xn--bcher-kva.example/%C3%BC",
    "http://b%C3%BCcher.example/": "xn--bcher-kva.example/",
    "pages.example/a/./b/../c": "pages.example/a/c",
    "pages.example/../../x": "pages.example/x",
    "pages.example/a/..": "pages.example/",
    "pages.example/a/b/.": "pages.example/a/b/",
    "pages.example/a%2Fb": "pages.example/a/b",
    "pages.example/a%3Fb": "pages.example/a%3Fb",
    "pages.example?q": "pages.example/?q",
    "pages.example/?": "pages.example/?",
    "pages.example/x?a=%41//..": "pages.example/x?a=A//..",
    "http://[2001:DB8::1]:8080/x": "[2001:db8::1]:8080/x",
    "http://0x7f.1/x": "127.0.0.1/x",
    "pages.example/%2%35%2541": "pages.example/%25A",
    "www.pages.example/": "www.pages.example/",
}

REFUSED = {
    "": SkipReason.BAD_NAME,
    "http://": SkipReason.BAD_NAME,
    "/path/only": SkipReason.BAD_NAME,
    "...": SkipReason.BAD_NAME,
    "ftp://pages.example/": SkipReason.UNSUPPORTED,
    "javascript://pages.example/": SkipReason.UNSUPPORTED,
    "mailto:someone": SkipReason.BAD_NAME,
    "pages.example:65536/": SkipReason.BAD_NAME,
    "pages.example:8o/": SkipReason.BAD_NAME,
    "http://[2001:db8::1/": SkipReason.BAD_NAME,
    "http://[fe80::1%25eth0]/": SkipReason.BAD_NAME,
    "pages%2Fexample.test/": SkipReason.BAD_NAME,
    "pages.example%3A80/": SkipReason.BAD_NAME,
    "\ud800.example/": SkipReason.BAD_NAME,
    "pages.example/" + "a" * 9000: SkipReason.BAD_NAME,
}


@pytest.mark.parametrize(("text", "key"), KEYS.items())
def test_keys(text: str, key: str) -> None:
    assert url(text).text == key


@pytest.mark.parametrize(("text", "reason"), REFUSED.items())
def test_refused(text: str, reason: SkipReason) -> None:
    with pytest.raises(CanonicalError) as caught:
        url(text)
    assert caught.value.reason is reason


def test_the_parts() -> None:
    key = url("https://Pages.example:8443/a?b#c")
    assert (key.host, key.port, key.path, key.query) == ("pages.example", 8443, "/a", "b")
    assert url("pages.example").query is None
    assert url("pages.example/?").query == ""


def test_safe_browsing_table(shared_data: Path) -> None:
    cases = json.loads((shared_data / "url/safebrowsing-canonicalize.json").read_text())
    assert len(cases) == 33
    for case in cases:
        given_url = case["in"].replace("\u0080", "\udc80")  # the table's raw byte 0x80
        key = url(given_url)
        query = "" if key.query is None else f"?{key.query}"
        assert f"{key.host}{key.path}{query}" == case["out"].partition("://")[2], case


@given(st.text(max_size=200) | st.text(alphabet="ab./\\%25#?@:[]EF\t é\udc80", max_size=60))
def test_idempotent_or_the_declared_error(text: str) -> None:
    try:
        key = url(text)
    except CanonicalError:
        return
    assert url(key.text).text == key.text
    assert url(f"https://{key.text}").text == key.text
    assert key.text.isascii()
    assert not set(key.text) & set(" #\t\r\n")


def test_nested_escapes_cost_linear_time() -> None:
    began = time.perf_counter()
    assert url("pages.example/%" + "25" * 4000).path == "/%25"
    assert time.perf_counter() - began < 1.0
