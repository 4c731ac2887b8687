"""Entries are planted in secret lists of every format; the appliance lives through a hard life; then everything that it
wrote or said is searched for them, in every form that anybody could think of. Nothing may be found.

That the search finds is shown too: of every form by itself (``test_search``), and on the same box with a public list.
"""

from __future__ import annotations

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
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

QUERIES, BURST = 10_000, 50
ENDLESS = ("/api/v1/openapi.json",)
"""Nothing of the lists can stand in there, and it is long."""
OPENINGS, CHALLENGE = "/api/v1/audit/openings", "/api/v1/audit/challenge"


class Life:
    """A box with planted lists, and everything that it said."""

    def __init__(self, box: Any, feed_folder: Path, planted: list[Any]) -> None:
        self.box, self.folder, self.planted = box, feed_folder, planted
        self.said: dict[str, bytes] = {}

    def send(self, feed: Any, text: str) -> None:
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

    def token(self, role: str, holder: str) -> str:
        """The text of a new token."""
        said = self.ask("POST", "/api/v1/tokens", {"role": role, "holder": holder})
        assert "weir_" in said, (said, self.box.output[-3000:])
        return str(body_of(said)["token"])

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, *, token: str = "") -> str:
        credentials = {"Authorization": f"Bearer {token}"} if token else self.box.credentials
        extra = ["-X", method, *(word for item in credentials.items() for word in ("-H", ": ".join(item)))]
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


def body_of(answer: str) -> dict[str, Any]:
    """The JSON behind the headers of an answer."""
    found: dict[str, Any] = json.loads(answer.rpartition("\n\n")[2])
    return found


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
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock, sock.makefile("rb") as answers:
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

    def start(planted: list[Any], **keys: Any) -> Life:
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


def listed_names(feed: Any) -> list[str]:
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
    inspect(life, word, names[0])


def inspect(life: Life, word: str, name: str) -> None:
    """An auditor and an operator open lists: what they are shown is shown to nobody else, and kept nowhere."""
    auditor = life.token("auditor", "Eva")
    echoed = (f"{name}/{word}/Shop/one.html", name)
    for purpose in ("challenge", "text"):
        for feed in life.planted:
            wish = {"list": feed.id, "at": time.time(), "purpose": purpose, "reason": "inspection 7"}
            said = life.ask("POST", OPENINGS, wish)
            life.hear("openings", said)
            asked = body_of(said)
            place = f"{OPENINGS}/{feed.id}/{asked.get('state', '0' * 64)}"
            challenge = {"list": feed.id, "state": asked.get("state", ""), "text": name}
            for token in ("", auditor):  # to what this is for, nobody has agreed yet
                life.hear("openings", life.ask("GET", place, token=token))
                life.hear("challenge", life.ask("POST", CHALLENGE, challenge, token=token), echoed)
            agreed = life.ask(
                "POST", f"{OPENINGS}/{asked.get('id')}/approve", {"reason": "due"}, token=auditor
            )
            life.hear("openings", agreed)
            if purpose == "challenge":
                for text in echoed:
                    answer = life.ask("POST", CHALLENGE, challenge | {"text": text}, token=auditor)
                    life.hear("challenge", answer, echoed)
            elif feed.id == "domains":
                assert word in life.ask("GET", place, token=auditor), agreed
    open_on_the_box(life, word, auditor)
    life.hear("openings", life.ask("GET", OPENINGS, token=auditor))
    life.weir("audit", "openings")
    life.weir("audit", "challenge", "domains", name, "--at", str(time.time()), asked=echoed)
    life.weir("audit", "list")


def open_on_the_box(life: Life, word: str, auditor: str) -> None:
    """The same by the command line; what it writes is the auditor's, in a folder that is no part of the box."""
    shown = life.folder / "shown"
    assert life.weir("audit", "open", "domains", "--at", str(time.time()), "--reason", "inspection 8") == 0
    newest = body_of(life.ask("GET", OPENINGS, token=auditor))["items"][0]
    fetch = ("audit", "open", "domains", "--state", newest["state"], "-o", str(shown))
    assert life.weir(*fetch) == 1
    assert not shown.exists()
    life.ask("POST", f"{OPENINGS}/{newest['id']}/approve", {"reason": "due"}, token=auditor)
    assert life.weir(*fetch) == 0
    assert word in (shown / "entries.txt").read_text()


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


def sightings(life: Life, look: Any, base: Path, before: set[Path]) -> dict[str, list[str]]:
    """Where the word was found, and in what form: first while the box runs, then once it has stopped."""
    looked = dict(written(life, base, before))
    assert life.box.stop() == 0, life.box.output
    looked |= {f"{path} (at the end)": content for path, content in written(life, base, before)}
    looked |= {"log": life.box.output.encode(), **life.said}
    contents = {hashlib.sha256(content).digest(): content for content in looked.values()}
    print(f"{len(looked)} things, {sum(map(len, contents.values())) / 1e6:.1f} MB searched")
    seen = {key: look(content) for key, content in contents.items()}
    found = {where: seen[hashlib.sha256(content).digest()] for where, content in looked.items()}
    assert len(looked) > 30
    assert [path for path in looked if re.fullmatch(r"core(\.\d+)?", Path(path).name)] == []
    return {where: kinds for where, kinds in found.items() if kinds}


def test_no_planted_entry_is_found_anywhere(begin: Begin, feeds: Any, search: Any, tmp_path: Path) -> None:
    word, before = f"zq{secrets.token_hex(6)}", places()
    planted = feeds(word)
    life = begin(planted, confidentiality="secret")
    began = time.monotonic()
    live(life, word)
    print(f"lived through in {time.monotonic() - began:.1f} s")
    assert sightings(life, search(word, planted), tmp_path, before) == {}


def test_of_a_public_list_they_are_found(begin: Begin, feeds: Any, search: Any, tmp_path: Path) -> None:
    """The same box and the same search: what must be there is seen, on disk and in answers."""
    word, before = f"zq{secrets.token_hex(6)}", places()
    planted = feeds(word)[:1]
    life = begin(planted)
    life.ask("POST", "/api/v1/lists/domains/sync")
    life.hear("check", life.box.api(f"/api/v1/check?name={word}-1.example")[1])
    found = sightings(life, search(word, planted), tmp_path, before)
    assert "plain" in found["check"]
    assert any("/lists/domains/content-" in where and "plain" in seen for where, seen in found.items())
    assert any("versions.json" in where and "digest" in seen for where, seen in found.items())
