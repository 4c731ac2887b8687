#!/usr/bin/env python3
"""Checks a Weir transparency log from outside: ``python verifier.py URL|DIR --key FILE``. It trusts that key alone.

One file on the standard library and ``cryptography``, which shares no code with the appliance on purpose. Formats: C2SP
tlog-tiles, signed-note, tlog-checkpoint; RFC 6962; leaves and manifests of Weir, v:1. It goes once through all leaves:
each by itself and against the one before; the manifest of each state; that they give all tiles, the signed root, and each
older checkpoint at its size (``cp/``, ``--since``, ``--remember``), so that nothing was changed, removed, moved or put in
between; that each checkpoint is signed by a key valid at its size, and each new key stands under an older one.
Exit: 0 all of it holds, 1 something does not, 2 wrong usage, 3 cannot be decided (unreachable, unreadable, unknown).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import json
import os
import re
import socket
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH = 256  # hashes in a full tile, leaves in a full bundle
LIMIT = WIDTH * (2 + 65_535)  # bytes of the longest file, a bundle
MAX_SIGNATURES = 100  # as in Go; signed-note asks for at least 16
SILENCE, CLOCK_ERROR = 24 * 3600, 300  # seconds: most between two leaves; that two clocks may be apart
SECONDS, ATTEMPTS = 30.0, 3  # for a request to a web server
EXACT = 2**53  # integers from here on are not the same number for every reader of JSON
ZERO = "0" * 64  # in place of a state: there was none yet


class FailedError(Exception):
    """The log breaks its promise: where and how; then signed checkpoints that contradict each other, if there are any."""


class UndecidedError(Exception):
    """Nothing can be said: something could not be read, or a policy asks for what this program cannot check."""


class Source:
    """Where the log's files come from: a folder, or a web server, of which no redirect is followed."""

    def __init__(self, where: str, seconds: float = SECONDS) -> None:
        self._link: http.client.HTTPConnection | None = None
        self.where, self._seconds, parts = where.rstrip("/") + "/", seconds, urlsplit(where)
        if "://" in where:
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
                raise UndecidedError(f"{where}: not an address of the form https://host[:port]/path/")
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            self._link = kind(parts.hostname, parts.port, timeout=seconds)

    def __del__(self) -> None:
        if self._link is not None:
            self._link.close()

    def read(self, path: str) -> bytes | None:
        """The bytes of a file of the log; None if there is none."""
        data = self._file(path) if self._link is None else self._fetch(self._link, path)
        if data is not None and len(data) > LIMIT:
            raise FailedError(f"{path}: longer than the {LIMIT} bytes that it can have")
        return data

    def numbers(self, path: str) -> list[int]:
        """The files of a folder that are named by a number, the largest first; a web server does not tell them."""
        with suppress(OSError), os.scandir(self.where + path) as files:
            return sorted((int(file.name) for file in files if _NUMBER.fullmatch(file.name)), reverse=True)
        return []

    def _file(self, path: str) -> bytes | None:
        try:
            if not Path(self.where, path).is_file():  # a stranger's folder may hold pipes, which would block
                return None
            with Path(self.where, path).open("rb") as file:
                return file.read(LIMIT + 1)
        except OSError as error:
            raise UndecidedError(f"{self.where}{path}: {error.strerror or error}") from error

    def _fetch(self, link: http.client.HTTPConnection, path: str) -> bytes | None:
        problem = ""
        for _ in range(ATTEMPTS):
            try:
                link.connect() if link.sock is None else None
                # The socket's own timeout starts anew with each byte; this one ends a server that drips.
                end = threading.Timer(self._seconds, link.sock.shutdown, [socket.SHUT_RDWR])
                end.start()
                try:
                    link.request("GET", urlsplit(self.where + path).path)
                    answer = link.getresponse()
                    body = answer.read(LIMIT + 1)
                    if not end.is_alive():
                        raise TimeoutError("too slow")
                finally:
                    end.cancel()
                missing = answer.length if len(body) <= LIMIT else 0
                if answer.status in (200, 404) and not missing and not answer.getheader("Content-Encoding"):
                    return body if answer.status == 200 else None
                problem = (
                    f"status {answer.status} {answer.getheader('Location')}, {missing or 0} bytes missing"
                )
            except (OSError, http.client.HTTPException) as error:
                problem = str(error) or type(error).__name__
            link.close()
        raise UndecidedError(f"{self.where}{path}: {problem} (asked {ATTEMPTS} times)")


@dataclass(frozen=True)
class Key:
    """A key that can sign; ``public`` is empty if it is not Ed25519."""

    name: str
    ident: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Key:
        """``name+id+base64(kind, public key)``, a line of signed-note; ValueError if it is none."""
        name, ident, data = text.split("+", 2)
        raw = _base64(data)
        found = hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8]
        if ident != found or not re.fullmatch(_NAME, name):
            raise ValueError("not a verifier key")
        return cls(name, ident, raw[1:] if raw[0] == 1 else b"")


@dataclass(frozen=True)
class Checkpoint:
    """The statement that ``size`` leaves of ``origin`` have this ``root``."""

    place: str
    origin: str
    size: int
    root: bytes
    lines: list[tuple[str, str, bytes]]  # name, key id, signature
    note: bytes

    @classmethod
    def parse(cls, note: bytes, place: str) -> Checkpoint:
        """A signed note whose text is a checkpoint without extension lines; nobody's signature is checked yet."""
        with suppress(ValueError):
            found = _CHECKPOINT.fullmatch(note.decode())
            lines = [line.split(" ")[1:] for line in found[4].split("\n")[:-1]] if found else []
            if found and len(root := _base64(found[3])) == 32 and len(lines) <= MAX_SIGNATURES:
                signed = [(name, _base64(data)[:4].hex(), _base64(data)[4:]) for name, data in lines]
                return cls(place, found[1], int(found[2]), root, signed, note)
        raise FailedError(f"{place}: not a signed checkpoint (origin, size, root, empty line, signatures)")


_NUMBER, _NAME, _LINE = re.compile("0|[1-9][0-9]{0,15}"), r"[^\s+]+", "[^\0-\x1f]+"
_CHECKPOINT = re.compile(f"({_LINE})\n({_NUMBER.pattern})\n({_LINE})\n\n((?:\u2014 {_NAME} {_LINE}\n)+)")


def _base64(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text or len(raw) < 5:
        raise ValueError("not canonical base64, or too short for a key, a root or a signature")
    return raw


# What may stand under the keys of leaves and manifests. First numbers and texts, as regular expressions of canonical JSON.
_TEXTS = r"""
list category profile node ID = [A-Za-z0-9][A-Za-z0-9._-]{0,62}; part rank WORD = [a-z][a-z0-9-]{0,31}
type sw auth title vkey origin next = (?:[^"\\\x7f-\x9f]|\\["\\])+; who = a:[0-9a-f]{8,16}
sig last = (?:[^"\\\x7f-\x9f]|\\["\\n])+\\n; day = [0-9]{4}-[0-9]{2}-[0-9]{2}; eps = [0-9]{1,9}(?:\.[0-9]{1,6})?
state prev priv ref snap served urls raw commit root vrf protected HASH = [0-9a-f]{64}
role = system|operator|reviewer|auditor|regulator|court-liaison; basis = voluntary|statute|court|user
conf = public|restricted|secret; kind = illegal|security|category|protected; enf = all|names|nothing
level = current|warned|critical|past; for = release|erase; stage = begun|done; how = open|ask|challenge
why = year|compromise|other; result = working|failing|off|unknown; path = good|wrong|silent|off|unknown"""
# Then objects {key key:kind key?}, a question mark for those that can be missing, arrays [kind], and tables kind:kind.
_OBJECTS = """
actor second = {id:who role}; seal = {until}; src = {auth? basis?}; chg = {add? del? n?}; ovr = {add? back? del? n?}
gates = [WORD]; LISTS = [ID]; profiles = ID:LISTS; rules = ID:HASH; paths = WORD:path; counts = ID:COUNT
edits = {commit? n? raw?}; LIST = {auth? basis? commit? conf edits? enf? kind? n? raw? root? title? upd:t? vrf?}
lists = ID:LIST; MANIFEST = {lists profiles protected? rules? sw v}"""
_COMMON = "actor prev priv? ref? seal? second? sig? state seq t type v"
# Types of leaves, with ! those that may change the state, and the keys that they have beside the common ones.
_TYPES = """
list.add! list.change! = list src? conf?; list.sync! list.release! list.rollback! = list src? chg?
list.drop! list.resume! list.fail = list src?; list.stale! = list src? enf? level?; list.hold = list src? gates?
list.approve = list src? for; list.suspend! = list src? until?; list.edit! = list src? ovr?
list.erase! = list src? stage; list.read = list src? how of:HASH?; canary = list src? day? paths? result?
category.set! category.del! = category; profile.set! profile.del! = profile; admin.add admin.del = who rank?
config.load! config.refuse vault.rotate heartbeat debug.off = ; software.start! = sw; debug.on = until?
publish! = snap urls?; enforce = node served snap; stats = c counts day eps k; audit.read audit.erase = of? n?
worker.start worker.end worker.refuse = node? part; key.add key.retire = vkey
log.init! = origin vkey last?; log.close = why next?"""


def _items(text: str) -> list[list[str]]:
    return [item.split(" = ") for item in re.split("; |\n", text.strip())]


def _pattern(form: str) -> str:
    """The regular expression of canonical JSON (keys sorted, no blanks) for one of the forms above."""
    more = r"(?:,|(?=[\]}]))"
    if form[0] == "[":
        return rf"\[(?:{KINDS[form[1:-1]]}{more})*\]"
    if form[0] != "{":
        return rf"\{{(?:{KINDS[form.split(':')[0]]}:{KINDS[form.split(':')[1]]}{more})*\}}"
    keys = (re.fullmatch(r"(\w+):?(\w*)(\??)", key) for key in sorted(form[1:-1].split()))
    return r"\{" + "".join(f'(?:"{k[1]}":{KINDS[k[2] or k[1]]}{more}){k[3]}' for k in keys if k) + r"\}"


KINDS = {"v": "1", "NUMBER": "(?:0|[1-9][0-9]{0,15})", "COUNT": "(?:null|0|[1-9][0-9]{0,15})"}
KINDS |= dict.fromkeys(("seq", "t", "until", "n", "add", "del", "back", "c", "k", "of"), KINDS["NUMBER"])
KINDS |= {name: f'"(?:{form})"' for names, form in _items(_TEXTS) for name in names.split()}
for _names, _form in _items(_OBJECTS):
    KINDS |= dict.fromkeys(_names.split(), _pattern(_form))
LEAVES = {
    name.rstrip("!"): (re.compile(_pattern(f"{{{_COMMON} {keys}}}")), name.endswith("!"))
    for names, keys in _items(_TYPES)
    for name in names.split()
}
_COMMON_KEYS = re.findall(r"\w+", _COMMON)
LATER = re.compile(_pattern(f"{{{_COMMON}}}")), True  # of a type of a later version only the common keys


# What cannot stand in the log becomes null here, and so is not the same when it is written again.
_READER = json.JSONDecoder(
    parse_float=lambda _: None, parse_int=lambda text: n if abs(n := int(text)) < EXACT else None
)
_WRITER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def document(data: bytes | None, place: str) -> dict[str, Any]:
    """The object in canonical JSON (RFC 8785 without floats): written again it must give the same bytes."""
    with suppress(ValueError, RecursionError):
        value = _READER.decode((data or b"").decode())
        if isinstance(value, dict) and _WRITER.encode(value).encode() == data:
            return value
    raise FailedError(f"{place}: missing, or not an object in canonical JSON")


def served(source: Source, kind: str, number: int, width: int) -> Iterator[tuple[str, bytes, int]]:
    """What there is of a tile or bundle: path, bytes, width; first the one to use, then those of former sizes."""
    name, rest = f"{kind}{number % 1000:03d}", number // 1000
    while rest:
        name, rest = f"{kind}x{rest % 1000:03d}/{name.removeprefix(kind)}", rest // 1000
    tries = [(f"{name}.p/{width}", width), (name, WIDTH)][width == WIDTH :]  # full ones alone stay for ever
    found = [(path, data, wide) for path, wide in tries if (data := source.read(path)) is not None]
    if not found:
        raise FailedError(f"{tries[0][0]}: missing")
    yield found[0]
    for former in [former for former in source.numbers(f"{name}.p/") if 0 < former < width]:
        yield f"{name}.p/{former}", source.read(f"{name}.p/{former}") or b"", former


def bundles(source: Source, size: int) -> Iterator[list[bytes]]:
    """All leaves in order, a bundle at a time; each has its length in two bytes in front."""
    for number in range((size + WIDTH - 1) // WIDTH):
        width, leaves = min(WIDTH, size - number * WIDTH), list[bytes]()
        for path, data, wide in served(source, "tile/entries/", number, width):
            at, found = 0, list[bytes]()
            while at < len(data) and len(found) <= wide:
                start = at + 2
                at = start + int.from_bytes(data[at:start])
                found.append(data[start:at])
            leaves = leaves or found[:width]
            if (at, len(found), found[:width]) != (len(data), wide, leaves[:wide]):
                raise FailedError(f"{path}: not {wide} leaves with lengths, or not those of a wider bundle")
        yield leaves


class Replay:
    """The log, leaf after leaf: its tree, its times, its state, and who may sign. ``visits``: checkpoints somebody kept."""

    def __init__(self, source: Source, given: Iterable[Key], now: float, *visits: Checkpoint) -> None:
        self.source, self.now, self.visits = source, now, visits
        self.sizes = source.numbers("cp/")  # before the checkpoint, which is younger and so at least as large
        point = self._checkpoint("checkpoint")
        if point is None:
            raise UndecidedError(f"{source.where}checkpoint: there is none, so this is no log")
        self.point, self.size, self.state, self.times, self.kind = point, 0, ZERO, (0, 0), ""
        self.rows: list[list[bytes]] = [[]]  # for each level of tiles the hashes of the tile not yet full
        self.trusted = set(given)  # the keys given; those that the log adds become so when one of these signs
        self.valid: set[Key] = set()  # may sign at this size, as the log tells it
        self.fresh: set[Key] = set()  # added by the log, under no checkpoint of an older key yet
        self.spans: dict[str, list[int | None]] = {}  # keys: from which leaf to which
        self.checkpoints = 0  # how many have come out
        self.gaps: list[tuple[int, int]] = []  # index, and the seconds of silence before it
        self.months: Counter[str] = Counter()  # leaves by month and type

    def run(self, hear: Callable[[dict[str, Any]], None]) -> None:
        """Check all of it. ``hear`` is told each leaf at once; that is true only if this returns. FailedError."""
        larger = self._checkpoint(f"cp/{self.sizes[0]}") if self.sizes[:1] > [self.point.size] else None
        for old in (*self.visits, *([larger] if larger else [])):
            if old.origin != self.point.origin or old.size > self.point.size:
                words = f"from {old.origin}, size {old.size} ({old.place}), to {self.point.origin}, {self.point.size}"
                raise FailedError(f"checkpoint: the log went back {words}", old.note, self.point.note)
        for leaves in bundles(self.source, self.point.size):
            for data in leaves:
                hear(self._leaf(data))
                self._grow(data)
                while self.sizes and self.sizes[-1] < self.size:
                    self.sizes.pop()
                marks = {*self.sizes[-1:], *(visit.size for visit in self.visits)} - {self.point.size}
                if self.size in marks or (self.fresh and self.size < self.point.size):
                    self._compare()
        for level in [level for level, row in enumerate(self.rows) if row]:
            self._tile(level)
        if not self._compare(self.point) or self.fresh:
            raise FailedError("checkpoint: no key signed it that the given one leads to, each under an older")
        keys = [{"from": since, "to": to, "vkey": key} for key, (since, to) in self.spans.items()]
        if document(self.source.read("keys.json"), "keys.json") != {
            "keys": keys,
            "origin": self.point.origin,
            "v": 1,
        }:
            raise FailedError("keys.json: not the keys that the leaves tell of")

    def _leaf(self, data: bytes) -> dict[str, Any]:
        """The next leaf, once it has kept every rule."""
        place = f"leaf {self.size} (bundle {self.size // WIDTH}, entry {self.size % WIDTH})"
        leaf = document(data, place)
        if problem := self._problem(leaf, data):
            raise FailedError(f"{place}: {problem}")
        if leaf["type"] in ("log.init", "key.add", "key.retire"):
            self._key(leaf, place)
        if leaf["state"] != self.state:
            self._manifest(leaf["state"])
        if self.size and leaf["t"] - self.times[1] > SILENCE:
            self.gaps.append((self.size, leaf["t"] - self.times[1]))
        self.times = self.times[0] or leaf["t"], leaf["t"]
        self.state, self.kind = leaf["state"], leaf["type"]
        self.months[f"{moment(leaf['t'])[:7]} {self.kind}"] += 1
        return leaf

    def _problem(self, leaf: dict[str, Any], data: bytes) -> str:
        pattern, moves = rule = LATER if "seal" in leaf else LEAVES.get(str(leaf.get("type")), LATER)
        if rule is LATER:
            data = _WRITER.encode({key: leaf[key] for key in leaf if key in _COMMON_KEYS}).encode()
        if not pattern.fullmatch(data.decode()):
            return f"other keys or values than a leaf of type {leaf.get('type')!r} has"
        if leaf["seq"] != self.size:
            return f"says that it is leaf {leaf['seq']}"
        if self.kind == "log.close" or (leaf["type"] == "log.init") != (self.size == 0):
            return "log.init is the first leaf and no other, and nothing follows log.close"
        if leaf["prev"] != self.state:
            return f"prev is {leaf['prev']}, but the state before was {self.state}"
        if leaf["state"] != self.state and (not moves or leaf["state"] == ZERO):
            return "changes the state, which a leaf of this type cannot, or ends it"
        if not self.times[1] <= leaf["t"] <= self.now + CLOCK_ERROR:
            bounds = f"the leaf before it {moment(self.times[1])}, and now is {moment(self.now)}"
            return f"dated {moment(leaf['t'])}, but {bounds} (this machine's clock, or --at)"
        return ""

    def _manifest(self, state: str) -> None:
        """The manifest of a state has this hash and the form of v:1, and is complete in itself."""
        path = f"state/{state}.json"
        data = self.source.read(path) or b""
        found = document(data, path)
        if hashlib.sha256(data).hexdigest() != state or not re.fullmatch(KINDS["MANIFEST"], data.decode()):
            raise FailedError(f"{path}: its name is not its hash, or not the keys and values of a manifest")
        for name, item in found["lists"].items():
            if ("commit" if item["conf"] == "public" else "raw") in {**item, **item.get("edits", {})}:
                raise FailedError(f"{path}: the hash of the list {name} does not suit its confidentiality")
        for profile in {**found["profiles"], **found.get("rules", {})}:
            if set(found["profiles"].get(profile, [""])) - found["lists"].keys():
                raise FailedError(f"{path}: the profile {profile} or a list that it enforces is not there")

    def _grow(self, leaf: bytes) -> None:
        """RFC 6962: one more leaf in the tree; a tile that becomes full gives one hash to the level above."""
        node, level = hashlib.sha256(b"\0" + leaf).digest(), 0
        self.size += 1
        self.rows[0].append(node)
        while len(self.rows[level]) == WIDTH:
            self._tile(level)
            node, self.rows[level], level = _fold(self.rows[level]), [], level + 1
            self.rows += [[]] if level == len(self.rows) else []
            self.rows[level].append(node)

    def _tile(self, level: int) -> None:
        """What is served as the last tile of this level must be the hashes found."""
        row, number = b"".join(self.rows[level]), (self.size - 1) >> 8 * (level + 1)
        for path, tile, width in served(self.source, f"tile/{level}/", number, len(row) // 32):
            if len(tile) != 32 * width or tile[: len(row)] != row[: len(tile)]:
                raise FailedError(f"{path}: does not have the hashes of the leaves below it")

    def root(self) -> bytes:
        """The root of the leaves so far."""
        node: list[bytes] = []
        for row in self.rows:
            node = [_fold(row + node)] if row or node else []
        return node[0] if node else hashlib.sha256().digest()

    def _checkpoint(self, path: str) -> Checkpoint | None:
        note = self.source.read(path)
        return None if note is None else Checkpoint.parse(note, path)

    def _compare(self, *others: Checkpoint) -> bool:
        """Each checkpoint of this size has this root and is signed; whether a trusted key has signed one of them."""
        published, root = self._checkpoint(f"cp/{self.size}"), self.root()
        points = [point for point in (*self.visits, *others) if point.size == self.size]
        points += [published] if published else []
        for point in points:
            if (point.origin, point.size, point.root) != (self.point.origin, self.size, root):
                words = f"{point.place}: the {self.size} leaves of {self.point.origin} have the root {root.hex()}, not this"
                raise FailedError(words, *dict.fromkeys([point.note, self.point.note]))
            self.checkpoints += 1
        return max(map(self._signed, points), default=False)  # all of them

    def _signed(self, point: Checkpoint) -> bool:
        """Whether a trusted key has signed, which makes the others trusted; one that is valid at this size must have."""
        found, text = set(), point.note[: point.note.index(b"\n\n") + 1]
        known = {key.ident: key for key in self.trusted | self.valid if key.name == point.origin}
        for name, ident, signature in point.lines:
            if name == point.origin and (key := known.get(ident)):
                try:
                    Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text)
                except (InvalidSignature, ValueError):
                    raise FailedError(f"{point.place}: bad signature of {name} (key {ident})") from None
                found.add(key)
        found &= self.valid
        if not found:
            raise FailedError(f"{point.place}: no key that is valid at size {point.size} has signed it")
        self.fresh = self.fresh if found <= self.fresh else set()
        self.trusted |= self.valid if found & self.trusted else set()
        return bool(found & self.trusted)

    def _key(self, leaf: dict[str, Any], place: str) -> None:
        """The first leaf, or one that adds or retires a key. The log before this one must end as the first leaf says."""
        try:
            key = Key.parse(text := str(leaf.get("vkey")))
        except ValueError:
            raise FailedError(f"{place}: vkey is not a key") from None
        if leaf["type"] == "key.retire":
            self.valid.discard(key)
            self.spans.setdefault(text, [None, None])[1] = self.size
        else:
            self.valid |= {key} if key.public else set()
            self.fresh |= {key} & self.valid if self.size else set()
            self.spans[text] = [self.size, None]
        if "last" in leaf:
            last = Checkpoint.parse(leaf["last"].encode(), f"{place}: last")
            found = self._checkpoint(last.origin.rpartition("/")[2] + "/checkpoint")
            if found and (found.origin, found.size, found.root) != (last.origin, last.size, last.root):
                raise FailedError(
                    f"{found.place}: not the end that the next log names", last.note, found.note
                )


def _fold(nodes: list[bytes]) -> bytes:
    """The root over nodes of which only the last may stand for fewer leaves than the others."""
    while len(nodes) > 1:
        pairs = zip(nodes[::2], nodes[1::2], strict=False)
        nodes = [hashlib.sha256(b"\1" + a + b).digest() for a, b in pairs] + nodes[len(nodes) & ~1 :]
    return nodes[0]


def moment(seconds: float) -> str:
    """As people write it."""
    return f"{datetime.fromtimestamp(min(seconds, 2**37), UTC):%Y-%m-%d %H:%M:%SZ}"


def words(leaf: dict[str, Any]) -> str:
    """What a leaf tells, on one line: when, what, of what; then its other facts, and who decided it."""
    told = [f"{leaf['seq']:>7}", moment(leaf["t"]), leaf["type"]]
    for key in dict.fromkeys(["list", "profile", "category", *leaf]):
        if key in leaf and key not in (*_COMMON_KEYS, "src", "last"):
            value = json.dumps(leaf[key], ensure_ascii=False).translate(dict.fromkeys(map(ord, '"{}[]')))
            told.append(value if key in ("list", "profile", "category") else f"{key} {value}"[:70])
    told += [f"by {leaf['actor']['role']} {leaf['actor']['id']}"] if leaf["actor"]["role"] != "system" else []
    return "".join(char if char.isprintable() else "?" for char in " ".join(told))


def report(log: Replay, recent: Iterable[dict[str, Any]]) -> Iterator[str]:
    """What happened, what is certain, and what a log cannot show, in lines."""
    yield f"{log.point.origin}: {log.size} leaves, {moment(log.times[0])} to {moment(log.times[1])}"
    yield from (f"{what}: {count}" for what, count in sorted(log.months.items()))
    yield from map(words, recent)
    yield from (f"WARNING: silent for {gap / 3600:.0f} h before leaf {at}" for at, gap in log.gaps[-20:])
    if log.now - log.times[1] > SILENCE and log.kind != "log.close":
        yield f"WARNING: nothing was said since {moment(log.times[1])}; {len(log.gaps)} gaps before"
    yield f"OK: leaves, tiles, states and {log.checkpoints} checkpoints fit together; root {log.point.root.hex()}"
    yield "No log shows whether every resolver obeyed. Times are the operator's word, bounded by the checkpoints you keep."


def main(arguments: Sequence[str] | None = None, program: str = "verifier.py") -> int:
    """Check, tell, and give the exit status."""
    parser = argparse.ArgumentParser(program, description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("log", metavar="URL|DIR")
    parser.add_argument("--key", metavar="FILE", help="verifier keys, one a line (log.vkey)")
    parser.add_argument("--policy", metavar="FILE", help="a tlog-policy with the keys")
    parser.add_argument(
        "--since", metavar="FILE", help="a checkpoint that you kept: the log must go on from it"
    )
    parser.add_argument(
        "--remember", metavar="FILE", help="as --since if it is there; it gets the newest one"
    )
    parser.add_argument("--at", metavar="TIME", help="for this machine's clock, as 2026-11-22T12:00:00+00:00")
    parser.add_argument("--events", metavar="all|N", default="20", help="how many of the last ones are shown")
    parser.add_argument("--evidence", metavar="DIR", default="evidence", help="for contradicting checkpoints")
    parser.add_argument("--json", action="store_true", help="a summary for programs")
    parser.add_argument("--quiet", action="store_true", help="the verdict alone")
    options = parser.parse_args(arguments)
    try:
        print("\n".join(_told(options)))
    except FailedError as error:
        print("FAILED", error.args[0], *(note.decode() for note in error.args[1:]), sep="\n")
        for number, note in enumerate(error.args[1:]):
            with suppress(OSError):
                Path(options.evidence).mkdir(exist_ok=True)
                Path(options.evidence, f"{number}.checkpoint").write_bytes(note)
        return 1
    except (UndecidedError, OSError) as error:
        print("UNDECIDED", error, file=sys.stderr)
        return 3
    except ValueError as error:
        parser.error(str(error))
    return 0


def _told(options: argparse.Namespace) -> list[str]:
    lines = Path(options.key).read_text().split("\n") if options.key else []
    if options.policy:
        policy = [line.split() for line in Path(options.policy).read_text().split("\n")]
        if ["quorum", "none"] not in policy:
            raise UndecidedError(f"{options.policy}: not `quorum none`, and witnesses are not checked here")
        lines += [line[1] for line in policy if line[:1] == ["log"]]
    keys = [Key.parse(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    known = options.remember if options.remember and Path(options.remember).exists() else None
    kept = [path for path in (options.since, known) if path]
    visits = [Checkpoint.parse(Path(path).read_bytes(), path) for path in kept]
    if not keys or not all(key.public for key in keys):
        raise ValueError("give --key or --policy with a verifier key (Ed25519) of the log")
    now = datetime.fromisoformat(options.at) if options.at else datetime.now(UTC)
    recent = deque[dict[str, Any]](maxlen=None if options.events == "all" else int(options.events))
    log = Replay(Source(options.log), keys, now.timestamp(), *visits)
    log.run(recent.append)
    if options.remember:
        Path(options.remember).write_bytes(log.point.note)
    if options.json:
        facts = {"origin": log.point.origin, "root": log.point.root.hex(), "size": log.size, "gaps": log.gaps}
        return [
            json.dumps(facts | {"checkpoints": log.checkpoints, "months": log.months, "times": log.times})
        ]
    return list(report(log, recent))[-2 if options.quiet else 0 :]


if __name__ == "__main__":
    sys.exit(main())
