"""What is planted in secret lists, and the search that finds it in whatever form it stands somewhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

SHOWN = 12
"""Bytes of a digest that are looked for: whoever keeps fewer has no proof."""
HEXADECIMAL = re.compile(rb"[0-9a-f]{%d,}" % (2 * SHOWN))


@dataclass(frozen=True)
class Feed:
    """A list as its authority sends it: the planted word is part of every entry."""

    id: str
    keys: dict[str, Any]
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def feeds(word: str) -> list[Feed]:
    host, pages = f"{word}-host.example", f"http://{word}-pages.example/{word}/Shop"
    scopes = {"site": "domain", "host": "host", "page": "url", "folder": "url-prefix"}
    mapped = {"entry": "url", "scope": "level", "scopes": scopes}
    rows = [
        (f"{word}-row.example", "site"),
        (host, "host"),
        (f"{pages}/one.html?{word}=1", "page"),
        (pages, "folder"),
    ]
    return [
        Feed("domains", {"format": "domains"}, tuple(f"{word}-{n}.example" for n in range(40))),
        Feed(
            "hosts", {"format": "hosts", "scope": "host"}, tuple(f"0.0.0.0 {n}.{host}" for n in "abcdefghij")
        ),
        Feed("urls", {"format": "urls"}, (f"{pages}/two.html", f"https://{word}-url.example/a?b={word}")),
        Feed("prefix", {"format": "urls", "scope": "url-prefix"}, (f"{pages}/all/",)),
        Feed("adblock", {"format": "adblock"}, (f"||{word}-adblock.example^", f"@@||ok.{word}-a.example^")),
        Feed("csv", {"format": "csv", "fields": mapped}, ("url,level", *(",".join(row) for row in rows))),
        Feed(
            "json",
            {"format": "json", "fields": {"entry": "/url", "scope": "/level", "scopes": scopes}},
            (json.dumps([{"url": url, "level": level} for url, level in rows]),),
        ),
        Feed(
            "rpz",
            {"format": "rpz"},
            ("@ 300 SOA a. b. 1 2 3 4 5", f"{word}-rpz CNAME .", f"*.{word}-rpz.example CNAME *."),
        ),
    ]


def forms(word: str) -> dict[str, list[bytes]]:
    """How a word may stand in a file, whatever stands around it. Case is folded for what may come in either."""
    plain = word.encode()
    return {
        "plain": [plain],
        "reversed": [plain[::-1]],
        "utf-16": [word.encode("utf-16-le"), word.encode("utf-16-be")],
        "percent": ["".join(f"%{byte:02x}" for byte in plain).encode()],
        "hex": [plain.hex().encode(), plain.upper().hex().encode()],
    }


def encoded(word: str) -> list[bytes]:
    """Base64 of the word at every distance from the beginning, without what its neighbours decide."""
    found = []
    for text in (word, word.upper()):
        for before in range(3):
            digits = base64.b64encode(b"\0" * before + text.encode())
            found.append(digits[(0, 2, 3)[before] : len(digits) // 4 * 4 - 4])
    return found


def digests(text: str) -> set[bytes]:
    """Unkeyed digests by which a guess could be proved: their first bytes, raw and in hexadecimal."""
    found = {make(text.encode()).digest()[:SHOWN] for make in (hashlib.md5, hashlib.sha1, hashlib.sha256)}
    return found | {digest.hex().encode() for digest in found}


def guesses(feed: Feed) -> set[str]:
    """What somebody who knows an entry would take a digest of."""
    found = {feed.text, feed.text.rstrip("\n")}
    for line in feed.lines[:4]:
        name = line.split("//")[-1].split(",")[0].split()[-1].strip("|^@")
        name, bare = name.removesuffix("."), name.partition("/")[0]
        wire = "".join(chr(len(label)) + label for label in bare.split(".")) + "\0"
        found |= {line, line + "\n", name, name + ".", bare, bare.upper(), wire, wire[:-1], f"http://{name}"}
        found |= {f"https://{name}", f"{name}/", f"http://{name}/", bare.partition(".")[2]}
    return {guess for guess in found if len(guess) > len("example")} - {"csv.example"}


class Search:
    """Looks for one word, and for digests of what it is part of."""

    def __init__(self, word: str, planted: list[Feed]) -> None:
        self._forms, self._encoded = forms(word), encoded(word)
        self._digests = {digest for feed in planted for text in guesses(feed) for digest in digests(text)}

    def __call__(self, content: bytes) -> list[str]:
        content = content.replace(bytes(64), b"")  # the empty pages of caches and tables
        folded = content.lower()
        found = [
            name for name, needles in self._forms.items() if any(one.lower() in folded for one in needles)
        ]
        if any(needle in content for needle in self._encoded):
            found.append("base64")
        if any(window in self._digests for window in windows(content, folded)):
            found.append("digest")
        return found


def windows(content: bytes, folded: bytes) -> Iterator[bytes]:
    """Whatever could be the beginning of a digest."""
    for at in range(len(content) - SHOWN + 1):
        yield content[at : at + SHOWN]
    for run in HEXADECIMAL.finditer(folded):
        for at in range(run.start(), run.end() - 2 * SHOWN + 1):
            yield folded[at : at + 2 * SHOWN]


@pytest.fixture(name="feeds")
def feeds_fixture() -> Any:
    """``feeds``: the lists of an authority with a word planted in every entry."""
    return feeds


@pytest.fixture(name="search")
def search_fixture() -> type[Search]:
    """``Search``: a search for a word that was planted."""
    return Search
