"""URL keys: Safe Browsing's published table, and what lists and requests must agree on."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.canonical import CanonicalError, CanonicalUrl, requested_url, url
from blocklists.canonical.browsers import read_as_browser
from blocklists.canonical.urls import MAX_URL
from blocklists.model import SkipReason

KEYS = {
    "http://pages.example/gallery/bad.html": "pages.example/gallery/bad.html",
    "HTTPS://Pages.Example:443/Gallery/Bad.HTML": "pages.example/Gallery/Bad.HTML",
    "pages.example:80": "pages.example/",
    "https://pages.example:80/": "pages.example/",
    "pages.example:8080/x": "pages.example:8080/x",
    "//pages.example/x": "pages.example/x",
    "user:secret@pages.example/x": "pages.example/x",
    "http://evil.example\\@good.example/": "evil.example/@good.example/",
    "http:pages.example/x": "pages.example/x",
    "https:///pages.example/x": "pages.example/x",
    "\\\\pages.example\\x\\..\\y": "pages.example/y",
    "pages.example/a%5Cb": "pages.example/a%5Cb",
    "pages.example/a//../b": "pages.example/a/b",
    "pages.example/%2e%2E/x/%252e%252e/y": "pages.example/y",
    "pages.example/\udcff": "pages.example/%FF",
    "pages.example/a\tb\r\nc": "pages.example/abc",
    "\x01 pages.example/x \x1f": "pages.example/x",
    "ｐａｇｅｓ.example/": "pages.example/",
    "pages。example/": "pages.example/",
    "http://0300.0250.1/x": "192.168.0.1/x",
    "http://3221225985": "192.0.2.1/",
    "http://[::ffff:192.0.2.1]/": "[::ffff:c000:201]/",
    "http://[2001:db8:0:0:1:0:0:1]/": "[2001:db8::1:0:0:1]/",
    ".pages..example./x": "pages.example/x",
    "pages.example/x y": "pages.example/x%20y",
    "pages.example/x%20y": "pages.example/x%20y",
    "pages.example/?a=%26&b=1#f": "pages.example/?a=&&b=1",
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


def _requested(text: str) -> CanonicalUrl | None:
    try:
        return requested_url(text)
    except CanonicalError:
        return None


def _cases(shared_data: Path) -> list[dict[str, str]]:
    cases = json.loads((shared_data / "url/urltestdata.json").read_text())
    found = [case for case in cases if isinstance(case, dict)]
    assert len(found) == 891
    return found


def test_whatwg_table_what_browsers_read(shared_data: Path) -> None:
    """Every web address of the table is read as a browser reads it, and has the key of what that gives."""
    taken = 0
    for case in _cases(shared_data):
        if case.get("base") is None and case.get("protocol") in {"http:", "https:"}:
            assert read_as_browser(case["input"]) == case["href"], case
            if not case["hostname"].strip("."):  # http://./ : no browser finds a host there either
                continue
            assert requested_url(case["input"]) == requested_url(case["href"]) == url(case["input"]), case
            assert url(case["href"]) == url(case["href"].partition("://")[2]), case
            taken += 1
    assert taken > 100


def test_whatwg_table_what_browsers_refuse(shared_data: Path) -> None:
    """A text without a scheme may still be a host here; everything else that no browser takes is refused."""
    refused = [case for case in _cases(shared_data) if case.get("failure") and case.get("base") is None]
    assert len(refused) > 150
    for case in refused:
        if "://" in case["input"] or case["input"].startswith("http"):
            assert _requested(case["input"]) is None, case


_hosts = st.from_regex(r"([A-Za-z0-9_-]{1,8}\.){1,3}(com|example|1|0x1f|xn--p1ai|de\.)", fullmatch=True)
_paths = st.from_regex(
    r"(/[a-zA-Z0-9%2eE5cF.;=\\é-]{0,6}){0,4}/?(\?[a-zA-Z0-9%&=./?-]{0,10})?", fullmatch=True
)


@given(name=_hosts, path=_paths)
def test_entries_and_requests_have_one_key(name: str, path: str) -> None:
    """The short way, the browser's reading and the literal one: whoever writes a URL in whatever form means one page."""
    text = f"http://{name}{path}"
    requested = _requested(text)
    if requested is not None:
        assert url(text) == requested
        forms = (text[7:], f"https://user:pw@{name}:443{path}#f", f"  http://{name.upper()}:80{path} ")
        assert {url(form) for form in forms} == {requested}


@given(
    text=st.text(max_size=80)
    | st.binary(max_size=80).map(lambda data: data.decode("utf-8", "surrogateescape"))
)
def test_no_text_is_too_hostile(text: str) -> None:
    requested = _requested(text)
    assert requested is None or url(text) == requested


def test_what_is_too_long_is_refused_without_reading_it() -> None:
    for make in (url, requested_url):
        with pytest.raises(CanonicalError):
            make("pages.example/" + "%25" * MAX_URL)


def test_plain_urls_take_the_short_way() -> None:
    """A loose floor against a way that is ten times as long; README.md has what was measured."""
    texts = [f"http://www.pages{number}.example/a/b/{number}.html?id={number}" for number in range(5_000)]
    began = time.process_time()
    for text in texts:
        url(text)
    assert time.process_time() - began < 0.5


def test_nested_escapes_cost_linear_time() -> None:
    began = time.process_time()
    assert url("pages.example/%" + "25" * 4000).path == "/%25"
    assert time.process_time() - began < 1.0
