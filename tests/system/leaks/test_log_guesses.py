"""Somebody copies the whole public log and guesses: a million names, the entries of the secret lists among them, held offline
against every file. Nothing comes out about a list that is not public; of a public one it does, so the search works.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

GUESSES = 1_000_000
SHOWN = 12
"""Bytes of a digest that are compared."""
ZEROES = bytes(32)
LEAF, COMMITMENT = b"\0", b"\5"
PUBLIC = "bets.example"
"""The only entry of the public list of the smallest configuration."""
ENTRIES = ("only-one-on-it.example", "second.secret-site.example", "third.secret-site.example")
HEX = re.compile(rb"[0-9a-fA-F]{%d,}" % (2 * SHOWN))
BASE64 = re.compile(rb"[0-9A-Za-z+/_-]{%d,}" % (SHOWN * 4 // 3))
NAMES = re.compile(rb"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
LETTERS = ("shop", "play", "video", "free", "top", "best", "my", "the", "real", "club")


def guesses() -> Iterator[str]:
    """A million names: such as people make, and the entries in the middle."""
    endings = ("example", "com", "net", "org", "test")
    for number in range(GUESSES - len(ENTRIES) - 1):
        if number == GUESSES // 2:
            yield from (*ENTRIES, PUBLIC)
        first, second = LETTERS[number % 10], LETTERS[number // 10 % 10]
        yield f"{first}-{second}{number // 500}.{endings[number // 100 % 5]}"


class Copy:
    """All public bytes, turned so that a name or digest is looked up at once."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._windows: set[bytes] = set()
        self._names: set[bytes] = set()
        self._texts: list[bytes] = []
        self.values: set[bytes] = {bytes(32), b""}
        """Whatever is public and could have been taken for an opening."""
        for content in files.values():
            for text in (content, content[::-1], *self._decoded(content)):
                self._take(text)

    def _decoded(self, content: bytes) -> Iterator[bytes]:
        for run in HEX.findall(content):
            for start in (0, 1):
                yield self._value(bytes.fromhex(run[start : start + (len(run) - start) // 2 * 2].decode()))
        plain = content.replace(b"-", b"+").replace(b"_", b"/")
        for run in BASE64.findall(plain):
            for start in range(4):
                part = run[start:] if (len(run) - start) % 4 != 1 else run[start:-1]
                yield self._value(base64.b64decode(part + b"=" * (-len(part) % 4)))

    def _value(self, data: bytes) -> bytes:
        if 32 <= len(data) <= 64:
            self.values |= {data[:32], data[-32:]}
        return data

    def _take(self, content: bytes) -> None:
        self._texts.append(content.lower())
        self._windows.update(content[at : at + SHOWN] for at in range(len(content) - SHOWN + 1))
        for name in NAMES.findall(content.lower()):
            labels = name.split(b".")
            ends = range(len(labels) + 1)
            self._names.update(b".".join(labels[a:b]) for a in ends for b in ends if b - a > 1)

    def has_name(self, name: str) -> bool:
        return name.encode() in self._names

    def has_inside(self, name: str) -> bool:
        """Whether it stands anywhere, whatever stands around it."""
        return any(name.encode() in text for text in self._texts)

    def has_digest(self, digest: bytes) -> bool:
        return digest[:SHOWN] in self._windows


def digests(name: str) -> Iterator[tuple[str, bytes]]:
    """What is tried with each of the million."""
    plain, line = name.encode(), f"domain {name}\n".encode()
    yield "md5", hashlib.md5(plain).digest()
    yield "sha1", hashlib.sha1(plain).digest()
    yield "sha256", hashlib.sha256(plain).digest()
    yield "text", hashlib.sha256(line).digest()
    yield "leaf", hashlib.sha256(LEAF + plain).digest()
    yield "leaf of the text", hashlib.sha256(LEAF + line).digest()
    for kind, opening in (("no opening", b""), ("zeroes", ZEROES)):
        yield f"commitment, {kind}", hashlib.sha256(COMMITMENT + opening + line).digest()
        yield f"commitment to the name, {kind}", hashlib.sha256(COMMITMENT + opening + plain).digest()


def patient(name: str, values: set[bytes]) -> Iterator[tuple[str, bytes]]:
    """What is tried with those that somebody believes in: every form, and every public value as an opening."""
    scopes = ("domain", "host", "url", "url-prefix")
    lines = [
        f"{scope} {form}\n" for scope in scopes for form in (name, f"http://{name}/", f"https://{name}/")
    ]
    texts = [name, f"{name}\n", f"{name}.", name.upper(), f"http://{name}/", f"https://{name}", *lines]
    texts += ["".join(lines[:2]), f"list\0{name}", f"weir1\0host\0{name}"]
    for text in texts:
        data = text.encode()
        for make in (hashlib.md5, hashlib.sha1, hashlib.sha256):
            yield f"{make().name} of {text!r}", make(data).digest()
        for value in values:
            yield f"commitment to {text!r}", hashlib.sha256(COMMITMENT + value + data).digest()
            yield f"keyed digest of {text!r}", hashlib.sha256(value + data).digest()


def found(files: dict[str, bytes]) -> dict[str, set[str]]:
    """Name → how it was recognised."""
    copy, seen = Copy(files), {}
    for name in guesses():
        ways = {way for way, digest in digests(name) if copy.has_digest(digest)}
        if copy.has_name(name):
            ways.add("name")
        if ways:
            seen[name] = ways
    for name in (*ENTRIES, PUBLIC):
        ways = {way for way, digest in patient(name, copy.values) if copy.has_digest(digest)}
        if copy.has_inside(name):
            ways.add("name")
        if ways:
            seen.setdefault(name, set()).update(ways)
    return seen


def everything(log: Path) -> dict[str, bytes]:
    return {str(path.relative_to(log)): path.read_bytes() for path in log.rglob("*") if path.is_file()}


def test_the_guesses_are_a_million() -> None:
    names = list(guesses())
    assert len(set(names)) == len(names) == GUESSES
    assert {*ENTRIES, PUBLIC} < set(names)


OPENING = hashlib.sha256(b"a value that is public").digest()
PLANTED = {
    "name": ENTRIES[1].encode(),
    "name reversed": ENTRIES[1][::-1].encode(),
    "name in base64": base64.b64encode(b"xy" + ENTRIES[1].encode()),
    "name in hex": b"a" + ENTRIES[1].encode().hex().encode(),
    "md5": hashlib.md5(ENTRIES[1].encode()).hexdigest().upper().encode(),
    "sha1": hashlib.sha1(ENTRIES[1].encode()).digest(),
    "sha256 in base64": base64.urlsafe_b64encode(hashlib.sha256(ENTRIES[1].encode()).digest()),
    "canonical text": hashlib.sha256(f"domain {ENTRIES[1]}\n".encode()).hexdigest().encode(),
    "leaf hash": hashlib.sha256(LEAF + ENTRIES[1].encode()).digest(),
    "no opening": hashlib.sha256(COMMITMENT + f"domain {ENTRIES[1]}\n".encode()).hexdigest().encode(),
    "opening of zeroes": hashlib.sha256(COMMITMENT + ZEROES + ENTRIES[1].encode()).hexdigest().encode(),
    "opening that is public": OPENING.hex().encode()
    + b" "
    + hashlib.sha256(COMMITMENT + OPENING + f"url http://{ENTRIES[1]}/\n".encode()).hexdigest().encode(),
}


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_every_form_is_found(planted: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.GUESSES", 100)
    assert set(found({"a": b"before " + planted + b" after", "b": b"unrelated.example"})) == {ENTRIES[1]}


def lived(
    make_appliance: Callable[..., Any], config: dict[str, Any], folder: Path
) -> tuple[Any, dict[str, bytes]]:
    """A box with secret and restricted lists that goes through a few changes; all that its log shows afterwards."""
    texts = {"single": ENTRIES[:1], "several": ENTRIES, "bound": ENTRIES[1:2]}
    for name, entries in texts.items():
        (folder / name).write_text("".join(f"{entry}\n" for entry in entries))
        entry = {"id": name, "url": f"file:{folder / name}", "format": "domains", "kind": "illegal"}
        config["lists"].append(entry | {"confidentiality": "restricted" if name == "bound" else "secret"})
    box = make_appliance(config)
    box.start()
    assert "weir: ready" in box.output, box.output
    for name in texts:
        box.weir("lists", "suspend", name, "--reason", "a drill")
        box.weir("lists", "resume", name, "--reason", "a drill")
        (folder / name).write_text(
            "".join(f"{entry}\n" for entry in (*texts[name], "more.example", "again.example"))
        )
    box.weir("lists", "sync")
    for name in texts:
        (folder / name).write_text("".join(f"{entry}\n" for entry in texts[name]))
    box.weir("lists", "sync")
    box.weir("lists", "suspend", "several", "--reason", f"a complaint about {ENTRIES[0]}")
    log = box.data / "log"
    box.eventually(lambda: _leaves(log).count(b"list.suspend") == 4, "the log's last leaf", 60.0)
    box.eventually((log / "index.html").is_file, "the page", 60.0)
    return box, everything(log)


def _leaves(log: Path) -> bytes:
    """Those of the newest bundle."""
    bundles = [path.read_bytes() for path in (log / "tile/entries").rglob("*") if path.is_file()]
    return max(bundles, key=len, default=b"")


def test_a_million_guesses_tell_nothing_of_secret_lists(
    make_appliance: Callable[..., Any], small_config: Callable[..., Any], upstream: Any, tmp_path_factory: Any
) -> None:
    folder = tmp_path_factory.mktemp("authority")
    config = small_config([f"127.0.0.1:{upstream.port}"], names=f"{PUBLIC}\n")
    box, files = lived(make_appliance, config, folder)
    manifest = max((name for name in files if name.startswith("state/")), key=lambda name: len(files[name]))
    lists = json.loads(files[manifest])["lists"]
    assert {"bets", "single", "several", "bound"} <= set(lists)
    assert "commit" in lists["bound"], lists
    began = time.monotonic()
    seen = found(files)
    took = time.monotonic() - began
    print(f"{len(files)} files, {sum(map(len, files.values())):,} bytes, {GUESSES:,} guesses in {took:.1f} s")
    assert "text" in seen.pop(PUBLIC, ()), "the public list's digest is that of its text"
    assert seen == {}
    shutil.rmtree(folder)
    assert box.stop() == 0, box.output
