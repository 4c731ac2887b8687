"""Checks a Weir transparency log from outside: ``python verifier.py URL|DIR --key FILE``. It trusts that key alone.

One file on the standard library and ``cryptography``, sharing no code with the appliance on purpose. Formats: C2SP
tlog-tiles, signed-note, tlog-checkpoint; RFC 6962; Weir's leaves and manifests, v:1. It goes once through all leaves: each
by itself and after the one before; each state's manifest; that they give all tiles, the signed root and each older
checkpoint at its size: so nothing was changed, removed, moved or put in; that keys valid at their size signed these.
Exit: 0 all of it holds, 1 something does not, 2 wrong usage, 3 cannot be decided (unreachable, unreadable, unknown).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import json
import re
import sys
import threading
import weakref
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH, LIMIT = 256, 256 * (2 + 65_535)  # hashes in a full tile, leaves in a full bundle; bytes of the longest
SILENCE, CLOCK_ERROR = 24 * 3600, 300  # seconds: most between two leaves; that two clocks may be apart
ATTEMPTS, KEYS, EXACT, ZERO = 3, 1_000, 2**53 - 1, "0" * 64  # a request's; a log's; largest number; no state


class FailedError(Exception):
    """The log breaks its promise: where and how; then, if there are any, signed checkpoints that contradict each other."""


class UndecidedError(Exception):
    """Nothing can be said: something could not be read, or a policy asks for what this program cannot check."""


def must(holds: object, words: str, *notes: bytes) -> None:
    """FailedError unless it holds."""
    if not holds:
        raise FailedError(words, *notes)


class Source:
    """Where the log's files come from: a folder, or a web server, of which no redirect is followed."""

    def __init__(self, where: str, seconds: float = 30) -> None:
        self._link: http.client.HTTPConnection | None = None
        self.where, self._seconds, parts = where.rstrip("/") + "/", seconds, urlsplit(where)
        if "://" in where:
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
                raise UndecidedError(f"{where}: not an address of the form https://host[:port]/path/")
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            self._link = kind(parts.hostname, parts.port, timeout=seconds)
            weakref.finalize(self, self._link.close)

    def read(self, path: str) -> bytes | None:
        """The bytes of a file of the log; None if there is none."""
        if self._link is not None:
            return self._fetch(self._link, path)
        try:
            if not (file := Path(self.where, path)).is_file():  # nor a pipe, which would block
                return None
            must(file.stat().st_size <= LIMIT, f"{path}: longer than the {LIMIT} bytes that it can have")
            return file.read_bytes()
        except OSError as error:
            raise UndecidedError(f"{self.where}{path}: {error.strerror or error}") from error

    def numbers(self, path: str) -> list[int]:
        """The files of a folder that are named by a number, the largest first; a web server does not tell them."""
        names = [file.name for file in Path(self.where, path).glob("*")]
        return sorted((int(name) for name in names if re.fullmatch(_NUMBER, name)), reverse=True)

    def _fetch(self, link: http.client.HTTPConnection, path: str) -> bytes | None:
        problem: object = None
        for _ in range(ATTEMPTS):
            try:
                if link.sock is None:
                    link.connect()
                # The socket's own timeout starts anew with each byte; this ends (2: both ways) a server that drips.
                (end := threading.Timer(self._seconds, link.sock.shutdown, [2])).start()
                try:
                    link.request("GET", urlsplit(self.where + path).path)
                    answer = link.getresponse()
                    sized = answer.chunked or answer.length is not None
                    plain = sized and not answer.headers["Content-Encoding"]
                    body = answer.read(LIMIT + 1) if plain else b""
                finally:
                    end.cancel()
                must(len(body) <= LIMIT, f"{path}: longer than the {LIMIT} bytes that it can have")
                if plain and not answer.length and answer.status in (200, 404):
                    return body if answer.status == 200 else None
                problem = f"status {answer.status}, or its body has no length, another length, or is encoded"
            except (OSError, http.client.HTTPException) as error:
                problem = repr(error)
            link.close()
        raise UndecidedError(f"{self.where}{path}: {problem} (asked {ATTEMPTS} times)")


class Key(NamedTuple):
    """A key that can sign; ``public`` is empty if it is not Ed25519."""

    name: str
    ident: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Key:
        """``name+id+base64(kind, public key)``, a line of signed-note; ValueError, without its text, if it is none."""
        name, ident, data = [*text.split("+", 2), "", ""][:3]
        found = hashlib.sha256(f"{name}\n".encode() + (raw := _base64(data))).hexdigest()[:8]
        if ident != found or not re.fullmatch(_NAME, name) or (raw[0] == 1 and len(raw) != 33):
            raise ValueError("a line is no verifier key: name+id+key, as log.vkey has it")
        return cls(name, ident, raw[1:] if raw[0] == 1 else b"")


class Checkpoint(NamedTuple):
    """The statement that ``size`` leaves of ``origin`` have this ``root``."""

    place: str
    origin: str
    size: int
    root: bytes
    lines: list[tuple[str, str, bytes]]  # name, key id, signature
    note: bytes

    @classmethod
    def parse(cls, note: bytes, place: str, wrong: type[Exception] = FailedError) -> Checkpoint:
        """A note, signed up to 100 times (as in Go), that is a checkpoint without extension lines; nothing is verified."""
        with suppress(ValueError):
            found = _CHECKPOINT.fullmatch(note.decode())
            lines = [line.split(" ")[1:] for line in found[4].split("\n")[:-1]] if found else []
            if found and len(root := _base64(found[3])) == 32:
                signed = [(name, _base64(data)[:4].hex(), _base64(data)[4:]) for name, data in lines]
                return cls(place, found[1], int(found[2]), root, signed, note)
        raise wrong(f"{place}: not a signed checkpoint (origin, size, root, empty line, signatures)")


_NUMBER, _NAME, _LINE = "0|[1-9][0-9]{0,15}", r"[^\s+\0-\x1f\x7f-\x9f]+", "[^\0-\x1f\x7f-\x9f]+"
_CHECKPOINT = re.compile(f"({_LINE})\n({_NUMBER})\n({_LINE})\n\n((?:\u2014 {_NAME} {_LINE}\n){{1,100}})")


def _base64(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text or len(raw) < 5:
        raise ValueError("not canonical base64, or too short for a key, a root or a signature")
    return raw


# What may stand under the keys of leaves and manifests. First numbers and texts, as regular expressions of canonical JSON.
_TEXTS = r"""
list category profile node ID = [A-Za-z0-9][A-Za-z0-9._-]{0,62}; part rank WORD = [a-z][a-z0-9-]{0,31}; PART = names|nothing
type = CHAR{1,40}; sw auth title = CHAR{1,200}; origin next = CHAR{1,255}; vkey = CHAR{1,4000}; who = a:[0-9a-f]{8,16}
state prev priv ref snap served urls raw commit root vrf protected HASH = [0-9a-f]{64}; sig last = (?:CHAR|\\n){0,19999}\\n
day = [0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]); eps = (?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?
role = system|operator|reviewer|auditor|regulator|court-liaison; basis = voluntary|statute|court|user; stage = begun|done
conf = public|restricted|secret; kind = illegal|security|category|protected; enf = all|names|nothing; for = release|erase
level = current|warned|critical|past; how = open|ask|challenge; why = year|compromise|other
result = working|failing|off|unknown; path = good|wrong|silent|off|unknown"""
# Then objects {key key:kind key?}, a question mark for those that can be missing, arrays [kind], and tables kind:kind.
_OBJECTS = """
actor second = {id:who role}; seal = {until}; src = {auth? basis?}; chg = {add? del? n?}; ovr = {add? back? del? n?}
gates = [WORD]; LISTS = [ID]; profiles = ID:LISTS; rules = ID:HASH; paths = WORD:path; counts = ID:COUNT
edits = {commit? n? raw?}; LIST = {auth? basis? commit? conf edits? enf:PART? kind? n? raw? root? title? upd:t? vrf?}
lists = ID:LIST; MANIFEST = {lists profiles protected? rules? sw v}"""
_COMMON = "actor prev priv? ref? seal? second? sig? state seq t type v"
# Types of leaves, with ! those that may change the state, and the keys that they have beside the common ones.
_TYPES = """
list.add! list.change! = list src? conf?; list.drop! list.resume! list.fail = list src?; list.hold = list src? gates?
list.sync! list.release! list.rollback! = list src? chg?; list.stale! = list src? enf? level?; debug.on = until?
list.approve = list src? for; list.suspend! = list src? until?; list.edit! = list src? ovr?; key.add key.retire = vkey
list.erase! = list src? stage; list.read = list src? how of:HASH?; canary = list src? day? paths? result?
category.set! category.del! = category; profile.set! profile.del! = profile; admin.add admin.del = who rank?
config.load! config.refuse vault.rotate heartbeat debug.off event.untold = ; software.start! = sw; log.close = why next?
publish! = snap urls?; enforce = node served snap; stats = c counts day eps k; audit.read = of?; audit.erase = n?
worker.start worker.end worker.refuse = node? part; log.init! = origin vkey last?; log.next = origin vkey"""


def _items(text: str) -> list[tuple[str, str]]:
    pairs = (item.split(" = ") for item in re.split("; |\n", text.strip()))
    return [(name, form) for names, form in pairs for name in names.split()]


def _pattern(form: str) -> str:
    """The regular expression of canonical JSON (keys sorted, no blanks) for one of the forms above."""
    more = r"(?:,|(?=[\]}]))"
    if form[0] != "{":
        item = ":".join(KINDS[kind] for kind in form.strip("[]").split(":"))
        return rf"\[(?:{item}{more})*\]" if form[0] == "[" else rf"\{{(?:{item}{more})*\}}"
    keys = (re.fullmatch(r"(\w+):?(\w*)(\??)", key) for key in sorted(form[1:-1].split()))
    return r"\{" + "".join(f'(?:"{k[1]}":{KINDS[k[2] or k[1]]}{more}){k[3]}' for k in keys if k) + r"\}"


KINDS = {"v": "1", "NUMBER": "(?:0|[1-9][0-9]{0,15})", "COUNT": "(?:null|0|[1-9][0-9]{0,15})"}
KINDS |= dict.fromkeys(("seq", "t", "until", "n", "add", "del", "back", "c", "k", "of"), KINDS["NUMBER"])
_CHAR = r'(?:[^"\\\x7f-\x9f]|\\["\\])'
KINDS |= {name: f'"(?:{form})"'.replace("CHAR", _CHAR) for name, form in _items(_TEXTS)}
for _name, _form in _items(_OBJECTS):
    KINDS[_name] = _pattern(_form)
_RULES = [(name, re.compile(_pattern(f"{{{_COMMON} {keys}}}"))) for name, keys in _items(_TYPES)]
LEAVES = {name.rstrip("!"): (pattern, name.endswith("!")) for name, pattern in _RULES}
LATER = re.compile(_pattern(f"{{{_COMMON}}}")), True  # of a type of a later version only the common keys
COMMON_KEYS, ABOUT = {*re.findall(r"\w+", _COMMON)}, ("list", "profile", "category")
# What cannot stand in the log is read as something else here, and so is not the same when it is written again.
_READER = json.JSONDecoder(parse_float=lambda _: None, parse_int=lambda text: min(int(text), EXACT))
_WRITER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def document(data: bytes | None, place: str) -> dict[str, Any]:
    """The object in canonical JSON (RFC 8785 without floats): written again it must give the same bytes."""
    with suppress(ValueError, RecursionError):
        value = _READER.decode((data or b"").decode())
        if isinstance(value, dict) and _WRITER.encode(value).encode() == data:
            return value
    raise FailedError(f"{place}: missing, or not an object in canonical JSON")


class Replay:
    """The log, leaf after leaf: its tree, its times, its state, who may sign. ``visits``: checkpoints somebody kept."""

    def __init__(self, source: Source, given: Iterable[Key], now: float, *visits: Checkpoint) -> None:
        self.source, self.now, self.visits, self.sizes = source, now, visits, source.numbers("cp/")
        self.marks = {*self.sizes, *(visit.size for visit in visits)}
        self.point = self._checkpoint("checkpoint")
        if self.sizes[:1] > [self.point.size]:  # a log that is just publishing is asked once more
            threading.Event().wait(0.5)
            self.point = self._checkpoint("checkpoint")
        self.size, self.state, self.times, self.kind, self.checkpoints = 0, ZERO, (0, 0), "", 0
        self.rows: list[list[bytes]] = [[] for _ in range(8)]  # of the tiles not yet full, by level
        self.trusted, self.valid, self.fresh = set(given), set[Key](), set[Key]()  # fresh: under no older yet
        self.spans: dict[str, list[int | None]] = {}  # keys: from which leaf to which
        self.gaps, self.months, self.preface = list[tuple[int, int]](), Counter[str](), list[str]()

    def run(self, hear: Callable[[dict[str, Any]], None]) -> None:
        """Check all of it. ``hear`` is told each leaf at once, which is true only if this returns. FailedError."""
        point, mine = self.point, [{old.origin} for old in self.visits]
        if not all(point.origin in names for names in [*mine, {key.name for key in self.trusted}]):
            raise UndecidedError(f"{point.origin}: your key or checkpoint is of another log: see log.next")
        for old in (*self.visits, *[self._checkpoint(f"cp/{size}") for size in self.sizes[:1]]):
            words = f"checkpoint: the log went back from {old.origin}, size {old.size} ({old.place}) to {point.size}"
            must(old.origin == point.origin and old.size <= point.size, words, old.note, point.note)
        for number in range(-(-point.size // WIDTH)):
            if number % 16 == 0 and sys.stderr.isatty():
                print(f"{self.size} of {point.size} leaves", end="\r", file=sys.stderr)
            for data in self._bundle(number, min(WIDTH, point.size - number * WIDTH)):
                hear(self._leaf(data))
                self._grow(data)
                if self.fresh or self.size in self.marks:
                    self._compare()
        for level in [level for level, row in enumerate(self.rows) if row]:
            self._tile(level)
        must(self._compare(point) and not self.fresh, "checkpoint: no way from your key to its key")
        keys = [{"from": since, "to": to, "vkey": key} for key, (since, to) in self.spans.items()]
        told = {"keys": keys, "origin": point.origin, "v": 1}
        if document(self.source.read("keys.json"), "keys.json") != told:
            must(self.source.read("checkpoint") != point.note, "keys.json: other keys")
            raise UndecidedError("keys.json: of another size, the log has just gone on; check it again")

    def _leaf(self, data: bytes) -> dict[str, Any]:
        place = f"leaf {self.size} (bundle {self.size // WIDTH}, entry {self.size % WIDTH})"
        leaf = document(data, place)
        pattern, moves = rule = LEAVES.get(str(leaf.get("type")), LATER)
        if "seal" in leaf or rule is LATER:  # a sealed one may lack keys of its own
            pattern, data = LATER[0], _WRITER.encode({k: leaf[k] for k in COMMON_KEYS & leaf.keys()}).encode()
        must(pattern.fullmatch(data.decode()), f"{place}: other keys or values than a leaf of its type has")
        state, t, kind = leaf["state"], leaf["t"], leaf["type"]
        must(leaf["seq"] == self.size, f"{place}: says that it is leaf {leaf['seq']}")
        inside = (kind == "log.init") == (self.size == 0) and self.kind != "log.close"
        must(inside, f"{place}: not log.init first and only there, or behind log.close")
        must(leaf["prev"] == self.state, f"{place}: prev is {leaf['prev']}, the state before {self.state}")
        must(state == self.state or (moves and state != ZERO), f"{place}: {kind} cannot change the state so")
        if not self.times[1] <= t <= self.now + CLOCK_ERROR:
            span = f"{moment(self.times[1])} (the leaf before) to {moment(self.now)} (now, or --at)"
            raise FailedError(f"{place}: dated {moment(t)}, not within {span}")
        if kind in ("log.init", "log.next", "key.add", "key.retire"):
            self._key(leaf, place)
        if state != self.state:
            self._manifest(f"state/{state}.json", state)
        self.gaps += [(self.size, t - self.times[1])] if self.size and t - self.times[1] > SILENCE else []
        self.times, self.state, self.kind = (self.times[0] or t, t), state, kind
        self.months[f"{moment(t)[:7]} {kind if kind in LEAVES else 'of a later version'}"] += 1
        return leaf

    def _manifest(self, path: str, state: str) -> None:
        """The manifest of a state has this hash and the form of v:1, and is complete in itself."""
        data = self.source.read(path) or b""
        found = document(data, path)
        must(hashlib.sha256(data).hexdigest() == state, f"{path}: its name is not its hash")
        must(re.fullmatch(KINDS["MANIFEST"], data.decode()), f"{path}: not the keys and values of a manifest")
        for name, item in found["lists"].items():
            wrong = "commit" if item["conf"] == "public" else "raw"
            must(wrong not in {**item, **item.get("edits", {})}, f"{path}: list {name} must not have {wrong}")
        for profile in {**found["profiles"], **found.get("rules", {})}:
            lacking = set(found["profiles"].get(profile, [""])) - found["lists"].keys()
            must(not lacking, f"{path}: the profile {profile} or a list that it enforces is not there")

    def _served(self, kind: str, number: int, width: int) -> Iterator[tuple[str, bytes, int]]:
        """A tile or bundle: path, bytes, width; first the one of this width or the full one, then those of former sizes."""
        name, rest = f"{number % 1000:03d}", number // 1000
        while rest:
            name, rest = f"x{rest % 1000:03d}/{name}", rest // 1000
        full, part = f"tile/{kind}/{name}", f"tile/{kind}/{name}.p"
        path, wide = (full, WIDTH) if width == WIDTH else (f"{part}/{width}", width)
        if (data := self.source.read(path)) is None:  # the partial one may go when there is a full one
            data, wide = self.source.read(full), WIDTH
        must(data, f"{path}: missing")
        yield path, data or b"", wide
        for former in [former for former in self.source.numbers(part) if 0 < former < width]:
            yield f"{part}/{former}", self.source.read(f"{part}/{former}") or b"", former

    def _bundle(self, number: int, width: int) -> list[bytes]:
        """The leaves of a bundle; each has its length in two bytes in front."""
        leaves: list[bytes] = []
        for path, data, wide in self._served("entries", number, width):
            at, found = 0, list[bytes]()
            while at < len(data) and len(found) <= wide:
                start = at + 2
                at = start + int.from_bytes(data[at:start])
                found.append(data[start:at])
            leaves = leaves or found[:width]
            whole = (at, len(found), found[:width]) == (len(data), wide, leaves[:wide])
            must(whole, f"{path}: not {wide} leaves with their lengths, or not those of a wider bundle")
        return leaves

    def _grow(self, leaf: bytes) -> None:
        """RFC 6962: one more leaf in the tree; a tile that becomes full gives one hash to the level above."""
        self.rows[0].append(hashlib.sha256(b"\0" + leaf).digest())
        self.size, level = self.size + 1, 0
        while len(self.rows[level]) == WIDTH:
            self._tile(level)
            self.rows[level + 1].append(_fold(self.rows[level]))
            self.rows[level], level = [], level + 1

    def _tile(self, level: int) -> None:
        """What is served as the last tile of this level must be the hashes found."""
        row, number = b"".join(self.rows[level]), (self.size - 1) >> 8 * (level + 1)
        for path, tile, width in self._served(str(level), number, len(row) // 32):
            same = len(tile) == 32 * width and tile[: len(row)] == row[: len(tile)]
            must(same, f"{path}: does not have the hashes of the leaves below it")

    def root(self) -> bytes:
        """The root of the leaves so far."""
        node: list[bytes] = []
        for row in self.rows:
            node = [_fold(row + node)] if row or node else []
        return node[0] if node else hashlib.sha256().digest()

    def _checkpoint(self, path: str) -> Checkpoint:
        if (note := self.source.read(path)) is None:
            raise UndecidedError(f"{self.source.where}{path}: there is none")
        return Checkpoint.parse(note, path)

    def _compare(self, *others: Checkpoint) -> bool:
        """Each checkpoint of this size has this root and is signed; whether a trusted key has signed one of them."""
        root, path = self.root(), f"cp/{self.size}"
        points = [point for point in (*self.visits, *others) if point.size == self.size]
        points += [Checkpoint.parse(note, path)] if (note := self.source.read(path)) is not None else []
        for point in points:
            same = (point.origin, point.size, point.root) == (self.point.origin, self.size, root)
            words = f"{point.place}: the {self.size} leaves of {self.point.origin} have the root {root.hex()}"
            must(same, words, *dict.fromkeys([point.note, self.point.note]))
        self.checkpoints += 1
        return max(map(self._signed, points), default=False)  # all of them

    def _signed(self, point: Checkpoint) -> bool:
        """Whether a key that is trusted (given, or added under such a one) has signed; one valid at this size must have."""
        found, text = set(), point.note[: point.note.index(b"\n\n") + 1]
        known = {(key.name, key.ident): key for key in self.trusted | self.valid if key.name == point.origin}
        for name, ident, signature in point.lines:
            if key := known.get((name, ident)):
                try:
                    Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text)
                except (InvalidSignature, ValueError):
                    raise FailedError(f"{point.place}: bad signature of {name}, key {ident}") from None
                found.add(key)
        found &= self.valid
        must(found, f"{point.place}: no key that is valid at size {point.size} has signed it")
        self.fresh = self.fresh if found <= self.fresh else set()
        self.trusted |= self.valid if found & self.trusted else set()
        return bool(found & self.trusted)

    def _key(self, leaf: dict[str, Any], place: str) -> None:
        """The first leaf, or one that adds or retires a key. The log before this one ended as the first leaf says."""
        try:
            key = Key.parse(text := str(leaf.get("vkey")))
        except ValueError:
            raise FailedError(f"{place}: vkey is not a key") from None
        if leaf["type"] == "key.retire":
            self.valid.discard(key)
            self.spans.setdefault(text, [None, None])[1] = self.size
        elif leaf["type"] != "log.next":  # whose key signs the log to come
            self.valid |= {key} if key.public else set()
            self.fresh |= self.valid & {key} if self.size else set()
            self.spans[text] = [self.size, None]
        must(len(self.spans) <= KEYS, f"{place}: more than {KEYS} keys")
        if "last" in leaf:
            last = Checkpoint.parse(str(leaf["last"]).encode(), place)
            with suppress(UndecidedError):  # a copy need not have the log before
                label = re.sub(r"[^\w.-]|^[.]*$", "-", Path(last.origin).name, flags=re.ASCII)
                end, words = self._checkpoint(f"{label}/checkpoint"), f"not where {place} says that it ended"
                must(end[1:4] == last[1:4], f"{end.place}: {words}", last.note, end.note)


def _fold(nodes: list[bytes]) -> bytes:
    """The root over nodes of which only the last may stand for fewer leaves than the others."""
    while len(nodes) > 1:
        pairs = zip(nodes[::2], nodes[1::2], strict=False)
        nodes = [hashlib.sha256(b"\1" + a + b).digest() for a, b in pairs] + nodes[len(nodes) & ~1 :]
    return nodes[0]


def moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(min(seconds, 2**37), UTC):%Y-%m-%d %H:%M:%SZ}"


def words(leaf: dict[str, Any]) -> str:
    """What a leaf tells, on one line: when, what, of what; then its other facts, and who decided it."""
    own = sorted(leaf.keys() - {*COMMON_KEYS, "src", "last"}, key=lambda key: (key not in ABOUT, key))
    facts = "".join(f" {key!r} {leaf[key]!r}" for key in own) + f" by {leaf['actor']['role']}"
    text = f"{leaf['seq']:>7} {moment(leaf['t'])} {leaf['type']!r}{facts} {leaf['actor']['id']}"[:300]
    return re.sub(r"[{}']", "", re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1…", text))


def report(log: Replay, recent: Iterable[dict[str, Any]]) -> Iterator[str]:
    """What happened, what is certain, and what a log cannot show, in lines."""
    yield from log.preface
    yield f"{log.point.origin}: {log.size} leaves, {moment(log.times[0])} to {moment(log.times[1])}"
    yield from (f"{what}: {count}" for what, count in sorted(log.months.items()))
    yield from map(words, recent)
    yield from (f"WARNING: silent for {gap / 3600:.0f} h before leaf {at}" for at, gap in log.gaps[-20:])
    if log.now - log.times[1] > SILENCE and log.kind != "log.close":
        yield f"WARNING: nothing was said since {moment(log.times[1])}; {len(log.gaps)} gaps before"
    yield f"OK: leaves, tiles, states, checkpoints ({log.checkpoints}) fit together; root {log.point.root.hex()}"
    yield "No log shows whether every resolver obeyed. Times are the operator's word, bounded by checkpoints you keep."


def main(args: Sequence[str] | None = None, name: str = "verifier.py", kind: type[Replay] = Replay) -> int:
    """Check with this kind of replay, tell, and give the exit status."""
    parser = argparse.ArgumentParser(name, description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("log", metavar="URL|DIR")
    parser.add_argument("--key", metavar="FILE", help="verifier keys, one a line (log.vkey)")
    parser.add_argument("--policy", metavar="FILE", help="a tlog-policy with the keys")
    parser.add_argument("--since", metavar="FILE", help="a checkpoint you kept: the log must go on from it")
    parser.add_argument("--remember", metavar="FILE", help="as --since if it is there; gets the newest one")
    parser.add_argument("--at", metavar="TIME", help="for this machine's clock: 2026-11-22T12:00:00Z")
    parser.add_argument("--events", metavar="all|N", default="20", help="how many of the last are shown")
    parser.add_argument("--evidence", metavar="NAME", default="evidence", help="of files with evidence")
    parser.add_argument("--json", action="store_true", help="a summary for programs")
    parser.add_argument("--quiet", action="store_true", help="the verdict alone")
    options = parser.parse_args(args)
    try:
        print("\n".join(_told(options, kind)))
    except FailedError as error:
        print("FAILED", error.args[0], *(note.decode() for note in error.args[1:]), sep="\n")
        for number, note in enumerate(error.args[1:]):
            with suppress(OSError):
                Path(f"{options.evidence}-{number}.checkpoint").write_bytes(note)
        return 1
    except (UndecidedError, OSError) as error:
        print("UNDECIDED", error, file=sys.stderr)
        return 3
    except (ValueError, OverflowError) as error:
        parser.error(str(error))
    return 0


def _told(options: argparse.Namespace, kind: type[Replay]) -> list[str]:
    lines = Path(options.key).read_text().split("\n") if options.key else []
    if options.policy:
        policy = [line.split() for line in Path(options.policy).read_text().split("\n")]
        if ["quorum", "none"] not in policy:
            raise UndecidedError(f"{options.policy}: not `quorum none`, and witnesses are not checked here")
        lines += [" ".join(line[1:2]) or "none" for line in policy if line[:1] == ["log"]]
    keys = [Key.parse(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    if not keys or not all(key.public for key in keys):
        raise ValueError("give --key or --policy with a verifier key (Ed25519) of the log")
    kept = [options.since, options.remember if Path(options.remember or "").is_file() else None]
    visits = [Checkpoint.parse(Path(path).read_bytes(), path, UndecidedError) for path in kept if path]
    now = datetime.fromisoformat(options.at) if options.at else datetime.now(UTC)
    recent = deque[dict[str, Any]](maxlen=None if options.events == "all" else int(options.events))
    (log := kind(Source(options.log), keys, now.timestamp(), *visits)).run(recent.append)
    if options.remember:  # whole or as it was
        (new := Path(f"{options.remember}.new")).write_bytes(log.point.note)
        new.replace(options.remember)
    if options.json:
        facts = {"origin": log.point.origin, "root": log.point.root.hex(), "size": log.size}
        return [json.dumps(facts | {"times": log.times, "gaps": log.gaps, "months": log.months})]
    return list(report(log, recent))[-2 if options.quiet else 0 :]


if __name__ == "__main__":
    sys.exit(main())
