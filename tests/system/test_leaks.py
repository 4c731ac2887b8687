"""Entries are planted in secret lists of every format; the appliance lives through a hard life; then everything that it
wrote or said is searched for them, in every form that anybody could think of. Nothing may be found.

That the search finds is shown too: of every form by itself, and on the same box with a public list.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import os
import re
import resource
import secrets
import signal
import socket
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

QUERIES, BURST = 10_000, 50
SHOWN = 12
"""Bytes of a digest that are looked for: whoever keeps fewer has no proof."""
HEXADECIMAL = re.compile(rb"[0-9a-f]{%d,}" % (2 * SHOWN))
ENDLESS = ("/api/v1/openapi.json",)
"""Nothing of the lists can stand in there, and it is long."""


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


# ---- the search ----


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


WORD = "zq4f09c1aa27"
PLANTED = feeds(WORD)
NAME = "zq4f09c1aa27-1.example"
SIGHTS = {
    "plain": NAME.encode(),
    "wire": b"\x0ezq4f09c1aa27-1\x07example\x00",
    "upper": NAME.upper().encode(),
    "reversed": NAME[::-1].encode(),
    "percent": "".join(f"%{byte:02X}" for byte in NAME.encode()).encode(),
    "utf-16": NAME.encode("utf-16-le"),
    "hex": NAME.encode().hex().encode(),
    "HEX": NAME.upper().encode().hex().upper().encode(),
    **{f"base64-{n}": base64.b64encode(b"x" * n + NAME.encode()) for n in range(4)},
    **{kind: hashlib.new(kind, NAME.encode()).digest() for kind in ("md5", "sha1", "sha256")},
    "hex digest": hashlib.sha256(NAME.encode()).hexdigest().encode(),
    "HEX digest": hashlib.md5(NAME.encode()).hexdigest().upper().encode(),
    "digest of a page": hashlib.sha1(PLANTED[2].lines[0].encode()).digest(),
    "digest of the wire form": hashlib.sha256(b"\x0ezq4f09c1aa27-1\x07example\x00").digest(),
    "digest of a text": hashlib.sha256(PLANTED[5].text.encode()).hexdigest().encode(),
}


@pytest.mark.parametrize("sight", SIGHTS.values(), ids=SIGHTS)
def test_the_search_finds_every_form(sight: bytes) -> None:
    search = Search(WORD, PLANTED)
    assert search(b"before" * 30 + sight + bytes(5_000) + b"after")
    assert not search(b"before" * 30 + bytes(5_000) + b"after")


# ---- the life of a box ----


class Life:
    """A box with planted lists, and everything that it said."""

    def __init__(self, box: Any, feed_folder: Path, planted: list[Feed]) -> None:
        self.box, self.folder, self.planted = box, feed_folder, planted
        self.said: dict[str, bytes] = {}

    def send(self, feed: Feed, text: str) -> None:
        """The authority has another text."""
        path = self.folder / feed.id
        path.with_suffix(".new").write_text(text)
        path.with_suffix(".new").rename(path)

    def hear(self, where: str, text: str, asked: tuple[str, ...] = ()) -> None:
        """Keep an answer, without what the question itself said."""
        for echoed in asked:
            text = text.replace(echoed, "")
        self.said[where] = self.said.get(where, b"") + text.encode()

    def weir(self, *arguments: str, asked: tuple[str, ...] = ()) -> int:
        done = self.box.weir(*arguments)
        self.hear("weir " + " ".join(arguments[:2]), done.stdout + done.stderr, asked)
        return int(done.returncode)

    def sync(self) -> None:
        self.weir("lists", "sync")

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> str:
        token = (self.box.data / "run" / "local-token").read_text().strip()
        extra = ["-X", method, "-H", f"Authorization: Bearer {token}"]
        if body is not None:
            extra += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        answer: str = self.box.curl(f"http://127.0.0.1:{self.box.admin}{path}", *extra).stdout
        return answer

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError):
            return bool(self.box.api("/readyz")[0] == 200 and self.box.dig("free.test").status == "NOERROR")
        return False

    def kill(self, fragment: str, number: signal.Signals) -> None:
        """End the processes of a kind as a fault would, and wait until others have taken their place."""
        before = self.box.children(fragment)
        assert before, fragment
        for process in before:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)
        self.box.eventually(
            lambda: bool(self.box.children(fragment)) and not set(self.box.children(fragment)) & set(before),
            f"another {fragment}",
        )


def question(number: int, name: str) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", number & 0xFFFF, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\x01\0\x01"


def ask_many(port: int, names: list[str], number: int) -> int:
    """So many questions over UDP, some in flight at a time; how many were answered."""
    answered = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(2)
        for start in range(0, number, BURST):
            for n in range(start, start + BURST):
                sock.send(question(n, names[n % len(names)]))
            with contextlib.suppress(OSError):
                for _ in range(BURST):
                    sock.recv(4096)
                    answered += 1
    return answered


def ask_over_tcp(port: int, names: list[str]) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock, sock.makefile("rb") as answers:
        for n, name in enumerate(names):
            asked = question(n, name)
            sock.sendall(struct.pack("!H", len(asked)) + asked)
            answers.read(struct.unpack("!H", answers.read(2))[0])


@pytest.fixture
def _core_files() -> Iterator[None]:
    """As an operator who debugs: whatever crashes may leave a core file."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


Begin = Callable[..., Life]


@pytest.fixture
def begin(
    make_appliance: Callable[..., Any],
    small_config: Callable[..., Any],
    upstream: Any,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    _core_files: None,
) -> Begin:
    """Start a box with these feeds; where they come from is not part of it."""

    def start(planted: list[Feed], **keys: Any) -> Life:
        folder = tmp_path_factory.mktemp("authority")
        config = small_config([f"127.0.0.1:{upstream.port}"], workers=2)
        config["telemetry"] = {"query_sample": "1/100"}
        for feed in planted:
            entry = {"id": feed.id, "url": f"file:{folder / feed.id}", "kind": "illegal", **feed.keys, **keys}
            config["lists"].append(json.loads(json.dumps(entry)))  # no two parts shared: YAML would say so
        (tmp_path / "tmp").mkdir()
        monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
        life = Life(make_appliance(config), folder, planted)
        for feed in planted:
            life.send(feed, feed.text)
        life.box.start()
        assert "weir: ready" in life.box.output, life.box.output
        return life

    return start


def listed_names(feed: Feed) -> list[str]:
    names = (line.split("//")[-1].split(",")[0].split()[-1] for line in feed.lines)
    return [name.strip("|^@").partition("/")[0] for name in names if name.startswith("zq") or "." in name]


def live(life: Life, word: str) -> None:
    """Syncs, half-broken texts, held versions, rollbacks, crashes of everything, questions of every kind."""
    box = life.box
    names = [name for feed in life.planted for name in listed_names(feed) if word in name]
    mixed = [*names[:20], "free.test", "other.test", *(f"www.{name}".upper() for name in names[:10])]
    assert box.dig(f"{word}-3.example").answers == ["A 192.0.2.80"], box.output
    assert ask_many(box.dns, mixed, QUERIES) > QUERIES * 0.98
    ask_over_tcp(box.dns, mixed)
    for feed in life.planted:
        broken = "".join(f"{line[: len(line) // 2 + 2]} ..{word}..\0[[\xff\n" for line in feed.lines)
        life.send(feed, feed.text + broken * 3)
    life.sync()
    for feed in life.planted:
        life.send(feed, feed.lines[0] + "\n")
    life.sync()
    for feed in life.planted:
        life.send(feed, feed.text + f"{word}-more.example\n")
    life.sync()
    life.weir("lists", "rollback", "domains", "--reason", "a drill")
    life.weir("lists", "suspend", "hosts", "--reason", "a drill")
    life.weir("lists", "resume", "hosts", "--reason", "a drill")
    for number in (signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT):
        for feed in life.planted:
            life.send(feed, feed.text + f"{word}-{number.name.lower()}.example\n")
        life.ask("POST", "/api/v1/reload")
        for fragment in ("admin.control", "resolver.worker", "gateway"):
            life.kill(fragment, number)
        box.eventually(life.is_ready, "readiness after crashes", 30.0)
        ask_many(box.dns, mixed, 200)
    visit(life, word, names[:3])


def visit(life: Life, word: str, names: list[str]) -> None:
    """People, operators and robots ask in every way there is."""
    box = life.box
    for name in names:
        page = f"http://127.0.0.1:{box.http}/{word}?{word}"
        for extra in ([], ["-I"], ["-X", "POST", "-d", word], ["-A", word, "-e", f"http://{name}/"]):
            life.hear("stop page", box.curl(page, "-H", f"Host: {name}", *extra).stdout)
        address = f"http://{name}/{word}/Shop/one.html"
        echoed = (address, f"{name}/{word}/Shop/one.html", name)
        for asked in (name, address):
            life.weir("check", asked, asked=echoed)
            life.weir("check", asked, "--json", asked=echoed)
            life.hear("check", box.api(f"/api/v1/check?name={asked}")[1], echoed)
        body = {"text": name, "reason": "a complaint"}
        life.hear("ask", life.ask("POST", "/api/v1/lists/domains/ask", body))
        life.weir("lists", "ask", "domains", name, "--reason", "a complaint")
    life.weir("lists", "status")
    life.weir("config", "show")
    assert life.weir("support-bundle", str(box.data / "bundle.tar.gz")) == 0
    bundle = gzip.decompress((box.data / "bundle.tar.gz").read_bytes())
    assert b"weir/lists.json" in bundle
    life.said["support bundle"] = bundle
    life.weir("nonsense", word, asked=(word,))
    document = json.loads(box.api("/api/v1/openapi.json")[1])
    assert "paths" in document, box.output[-3000:]
    for path, item in document["paths"].items():
        for feed in life.planted if "{id}" in path and "/lists/" in path else life.planted[:1]:
            if "get" in item and path not in ENDLESS:
                life.hear(path, life.ask("GET", path.replace("{id}", feed.id)))
    for path in ("/metrics", "/healthz", "/readyz"):
        life.hear(path, box.api(path)[1])


def written(life: Life, base: Path, before: set[Path]) -> Iterator[tuple[str, bytes]]:
    """Everything on disk that was not there before, but what the authority itself wrote."""
    backup = base / "backup.db"
    with (
        contextlib.closing(sqlite3.connect(life.box.data / "weir.db")) as database,
        contextlib.closing(sqlite3.connect(backup)) as copy,
    ):
        database.backup(copy)
    new = {path for path in places() if path not in before and not base.is_relative_to(path)}
    for top in (base, *new):
        for path in (top, *top.rglob("*")) if top.is_dir() else (top,):
            if path.is_file() and not path.is_symlink():
                with contextlib.suppress(OSError):
                    yield str(path), path.read_bytes()


def places() -> set[Path]:
    """What lies where temporary files, shared memory and core files go."""
    found: set[Path] = set()
    for folder in ("/tmp", "/var/tmp", "/dev/shm", "/var/crash", "/var/lib/systemd/coredump"):
        with contextlib.suppress(OSError):
            found |= set(Path(folder).iterdir())
    # Test runs beside this one have folders of their own.
    return {path for path in found if not path.name.startswith(("pytest-of-", "bash_jobs"))}


def sightings(life: Life, search: Search, base: Path, before: set[Path]) -> dict[str, list[str]]:
    """Where the word was found, and in what form: first while the box runs, then once it has stopped."""
    looked = dict(written(life, base, before))
    assert life.box.stop() == 0, life.box.output
    looked |= {f"{path} (at the end)": content for path, content in written(life, base, before)}
    looked |= {"log": life.box.output.encode(), **life.said}
    contents = {hashlib.sha256(content).digest(): content for content in looked.values()}
    print(f"{len(looked)} things, {sum(map(len, contents.values())) / 1e6:.1f} MB searched")
    seen = {key: search(content) for key, content in contents.items()}
    found = {where: seen[hashlib.sha256(content).digest()] for where, content in looked.items()}
    assert len(looked) > 30
    assert [path for path in looked if re.fullmatch(r"core(\.\d+)?", Path(path).name)] == []
    return {where: kinds for where, kinds in found.items() if kinds}


def test_no_planted_entry_is_found_anywhere(begin: Begin, tmp_path: Path) -> None:
    word, before = f"zq{secrets.token_hex(6)}", places()
    planted = feeds(word)
    life = begin(planted, confidentiality="secret")
    began = time.monotonic()
    live(life, word)
    print(f"lived through in {time.monotonic() - began:.1f} s")
    assert sightings(life, Search(word, planted), tmp_path, before) == {}


def test_of_a_public_list_they_are_found(begin: Begin, tmp_path: Path) -> None:
    """The same box and the same search: what must be there is seen, on disk and in answers."""
    word, before = f"zq{secrets.token_hex(6)}", places()
    planted = feeds(word)[:1]
    life = begin(planted)
    life.ask("POST", "/api/v1/lists/domains/sync")
    life.hear("check", life.box.api(f"/api/v1/check?name={word}-1.example")[1])
    found = sightings(life, Search(word, planted), tmp_path, before)
    assert "plain" in found["check"]
    assert any("/lists/domains/content-" in where and "plain" in seen for where, seen in found.items())
    assert any("versions.json" in where and "digest" in seen for where, seen in found.items())
