#!/usr/bin/env python3
"""Checks a Weir transparency log from outside: ``python verifier.py URL|DIR --key FILE``. It trusts that key alone.

One file on the standard library and ``cryptography``, which shares no code with the appliance on purpose. Formats: C2SP
tlog-tiles, signed-note, tlog-checkpoint; RFC 6962; leaves and manifests of Weir, v:1. It goes once through all leaves.
Checked are each leaf by itself and against the one before; the manifest of each state; that the leaves give all tiles,
the signed root, and each older checkpoint at its size (``cp/``, ``--since``, ``--remember``), so that nothing was changed,
removed, moved or put in between; that each checkpoint is signed by a key valid at its size, each new key under an older.
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
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH = 256  # hashes in a full tile, leaves in a full bundle
BUNDLE_LIMIT, NOTE_LIMIT, DOCUMENT_LIMIT = WIDTH * (2 + 65_535), 1_000_000, 8 * 1024 * 1024  # bytes
MAX_SIGNATURES = 100  # as in Go; signed-note asks for at least 16
SILENCE = 24 * 3600  # seconds: a log that works says something at least once a day
CLOCK_ERROR = 300  # seconds that two clocks may be apart
SECONDS, ATTEMPTS = 30.0, 3  # for a request to a web server
EXACT = 2**53  # integers from here on are not the same number for every reader of JSON
ZERO = "0" * 64  # in place of a state: there was none yet
JSON = dict[str, Any]


class FailedError(Exception):
    """The log breaks its promise: where and how; then signed checkpoints that contradict each other, if there are any."""


class UndecidedError(Exception):
    """Nothing can be said: something could not be read, or a policy asks for what this program cannot check."""


class Source:
    """Where the log's files come from: a folder, or a web server, of which no redirect is followed."""

    def __init__(self, where: str, seconds: float = SECONDS) -> None:
        self.where, self._seconds = where.rstrip("/") + "/", seconds
        self._link: http.client.HTTPConnection | None = None
        if "://" in where:
            parts = urlsplit(self.where)
            kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}.get(
                parts.scheme
            )
            if kind is None or not parts.hostname or parts.query or parts.fragment:
                raise UndecidedError(f"{where}: not an address of the form https://host[:port]/path/")
            self._link, self._base = kind(parts.hostname, parts.port, timeout=seconds), parts.path

    def read(self, path: str, limit: int) -> bytes | None:
        """The bytes of a file of the log; None if there is none."""
        data = self._file(path, limit) if self._link is None else self._fetch(self._link, path, limit)
        if data is not None and len(data) > limit:
            raise FailedError(f"{path}: longer than the {limit} bytes that it can have")
        return data

    def numbers(self, path: str) -> list[int]:
        """The files of a folder that are named by a number, the largest first; a web server does not tell them."""
        with suppress(OSError), os.scandir(self.where + path) as files:
            return sorted((int(file.name) for file in files if _SIZE.fullmatch(file.name)), reverse=True)
        return []

    def _file(self, path: str, limit: int) -> bytes | None:
        try:
            if not Path(self.where, path).is_file():  # a stranger's folder may hold pipes, which would block
                return None
            with Path(self.where, path).open("rb") as file:
                return file.read(limit + 1)
        except OSError as error:
            raise UndecidedError(f"{self.where}{path}: {error.strerror or error}") from error

    def _fetch(self, link: http.client.HTTPConnection, path: str, limit: int) -> bytes | None:
        problem = ""
        for _ in range(ATTEMPTS):
            # The socket's own timeout starts anew with each byte; this one ends a server that drips.
            end = threading.Timer(self._seconds, lambda: link.sock and link.sock.shutdown(socket.SHUT_RDWR))
            end.start()
            try:
                link.request("GET", self._base + path, headers={"Connection": "keep-alive"})
                answer = link.getresponse()
                body = answer.read(limit + 1)
                short = answer.length if len(body) <= limit else 0
                if answer.status in (200, 404) and not short and not answer.getheader("Content-Encoding"):
                    return body if answer.status == 200 else None
                problem = (
                    f"status {answer.status}, {short or 0} bytes missing, {answer.getheader('Location')}"
                )
            except (OSError, http.client.HTTPException) as error:
                problem = str(error) or type(error).__name__
            finally:
                end.cancel()
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
        if ident != hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] or not _NAME.fullmatch(name):
            raise ValueError("not a verifier key")
        return cls(name, ident, raw[1:] if raw[0] == 1 and len(raw) == 33 else b"")


@dataclass(frozen=True)
class Checkpoint:
    """The statement that ``size`` leaves of ``origin`` have this ``root``."""

    place: str
    origin: str
    size: int
    root: bytes
    lines: list[tuple[str, str, bytes]]  # name, key id, signature
    note: bytes
    seen: float = 0  # when it was the latest, if that is known

    @classmethod
    def parse(cls, note: bytes, place: str, seen: float = 0) -> Checkpoint:
        """A signed note whose text is a checkpoint without extension lines; nobody's signature is checked yet."""
        with suppress(ValueError):
            found = _CHECKPOINT.fullmatch(note.decode())
            lines = [line.split(" ")[1:] for line in found[4].split("\n")[:-1]] if found else []
            if found and len(root := _base64(found[3])) == 32 and len(lines) <= MAX_SIGNATURES:
                signed = [(name, _base64(data)[:4].hex(), _base64(data)[4:]) for name, data in lines]
                return cls(place, found[1], int(found[2]), root, signed, note, seen)
        raise FailedError(
            f"{place}: not a checkpoint (origin, size, root, an empty line, lines of signatures)"
        )


_SIZE, _NAME = re.compile("0|[1-9][0-9]{0,15}"), re.compile(r"[^\s+]+")
_LINE = "[^\0-\x1f]+"  # no control characters, as signed-note has it
_CHECKPOINT = re.compile(
    f"({_LINE})\n({_SIZE.pattern})\n({_LINE})\n\n((?:\u2014 {_NAME.pattern} {_LINE}\n)+)"
)


def _base64(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text or len(raw) < 5:
        raise ValueError("not canonical base64, or too short for a key, a root or a signature")
    return raw


class Keys:
    """Who may sign, leaf by leaf. The given keys are trusted; those that the log adds become so when one signs them."""

    def __init__(self, given: Iterable[Key]) -> None:
        self.trusted = set(given)
        self._valid: set[Key] = set()  # may sign at this size, as the log tells it
        self.fresh: set[Key] = set()  # added by the log, under no checkpoint of an older key yet
        self.spans: dict[str, list[int | None]] = {}  # from which leaf to which

    def accept(self, point: Checkpoint) -> bool:
        """A checkpoint whose size and root have come out: whether a trusted key signed it, which makes the others so.

        Somebody who may sign at this size must have; a bad signature of a known key spoils the whole note.
        """
        found, signed = set(), point.note[: point.note.index(b"\n\n") + 1]
        known = {(key.name, key.ident): key for key in self.trusted | self._valid}
        for name, ident, signature in point.lines:
            if key := known.get((name, ident)):
                try:
                    Ed25519PublicKey.from_public_bytes(key.public).verify(signature, signed)
                except (InvalidSignature, ValueError):
                    raise FailedError(
                        f"{point.place}: the signature of {name} (key {ident}) is bad"
                    ) from None
                found.add(key)
        if not found & self._valid:
            raise FailedError(f"{point.place}: no key that is valid at size {point.size} has signed it")
        if found & self._valid - self.fresh:
            self.fresh.clear()
        if found & self.trusted:
            self.trusted |= self._valid
        return bool(found & self.trusted)

    def turn(self, leaf: JSON, place: str) -> None:
        """A leaf that is about a key: the first one, ``key.add`` or ``key.retire``."""
        try:
            key = Key.parse(leaf["vkey"])
        except ValueError:
            raise FailedError(f"{place}: vkey is not a key") from None
        if leaf["type"] == "key.retire":
            self._valid.discard(key)
            self.spans.setdefault(leaf["vkey"], [None, None])[1] = leaf["seq"]
        else:
            self._valid.add(key)
            self.fresh |= {key} if leaf["seq"] else set()
            self.spans[leaf["vkey"]] = [leaf["seq"], None]


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


def _many(item: str) -> str:
    return rf"(?:{item}(?:,|(?=[\]}}])))*"


def _pattern(form: str) -> str:
    """The regular expression of canonical JSON (keys sorted, no blanks) for one of the forms above."""
    if form[0] == "[":
        return rf"\[{_many(KINDS[form[1:-1]])}\]"
    if form[0] != "{":
        return rf"\{{{_many(':'.join(KINDS[kind] for kind in form.split(':')))}\}}"
    keys = (re.fullmatch(r"(\w+):?(\w*)(\??)", key) for key in sorted(form[1:-1].split()))
    return (
        r"\{"
        + "".join(_many(f'"{key[1]}":{KINDS[key[2] or key[1]]}')[:-1] + key[3] for key in keys if key)
        + r"\}"
    )


KINDS = {"v": "1", "NUMBER": "(?:0|[1-9][0-9]{0,15})", "COUNT": "(?:null|0|[1-9][0-9]{0,15})"}
KINDS |= dict.fromkeys(["seq", "t", "until", "n", "add", "del", "back", "c", "k", "of"], KINDS["NUMBER"])
KINDS |= {name: f'"(?:{form})"' for names, form in _items(_TEXTS) for name in names.split()}
for _names, _form in _items(_OBJECTS):
    KINDS |= dict.fromkeys(_names.split(), _pattern(_form))
LEAVES = {
    name.rstrip("!"): (re.compile(_pattern(f"{{{_COMMON} {keys}}}")), name.endswith("!"))
    for names, keys in _items(_TYPES)
    for name in names.split()
}
LATER = (
    re.compile(_pattern(f"{{{_COMMON}}}")),
    True,
)  # a type of a later version: the common keys alone are judged
# What cannot stand in the log becomes null here, and so is not the same when it is written again.
_READER = json.JSONDecoder(
    parse_float=lambda _: None,
    parse_int=lambda text: number if -EXACT < (number := int(text)) < EXACT else None,
)
_WRITER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def document(data: bytes, place: str) -> JSON:
    """The object in canonical JSON (RFC 8785 without floats): written again it must give the same bytes."""
    with suppress(ValueError, RecursionError):
        value = _READER.decode(data.decode())
        if isinstance(value, dict) and _WRITER.encode(value).encode() == data:
            return value
    raise FailedError(f"{place}: not an object in canonical JSON")


class Tree:
    """The Merkle tree of RFC 6962, grown leaf by leaf; each tile that becomes full must be what the log serves."""

    def __init__(self, source: Source) -> None:
        self._source, self.size = source, 0
        self._rows: list[list[bytes]] = [[]]  # for each level of tiles the hashes of the tile not yet full

    def add(self, leaf: bytes) -> None:
        """One more leaf."""
        node, level = hashlib.sha256(b"\0" + leaf).digest(), 0
        self.size += 1
        self._rows[0].append(node)
        while len(self._rows[level]) == WIDTH:
            node = self.compare(level)
            self._rows[level], level = [], level + 1
            if level == len(self._rows):
                self._rows.append([])
            self._rows[level].append(node)

    def compare(self, level: int) -> bytes:
        """What is served as the last tile of this level must be the hashes found; the root over them."""
        row, number = self._rows[level], (self.size - 1) >> 8 * (level + 1)
        for path, tile, width in served(self._source, f"tile/{level}/", number, len(row), WIDTH * 32):
            if len(tile) != 32 * width or tile[: 32 * len(row)] != b"".join(row)[: len(tile)]:
                raise FailedError(f"{path}: does not have the hashes of the leaves below it")
        return _fold(row)

    def root(self, *, comparing: bool = False) -> bytes:
        """The root of the leaves so far; at the end, with all tiles at the right edge compared."""
        node: list[bytes] = []
        for level, row in enumerate(self._rows):
            if row and comparing:
                self.compare(level)
            node = [_fold(row + node)] if row or node else []
        return node[0] if node else hashlib.sha256().digest()


def _fold(nodes: list[bytes]) -> bytes:
    """The root over nodes of which only the last may stand for fewer leaves than the others."""
    while len(nodes) > 1:
        pairs = [
            hashlib.sha256(b"\1" + a + b).digest() for a, b in zip(nodes[::2], nodes[1::2], strict=False)
        ]
        nodes = pairs + nodes[2 * len(pairs) :]
    return nodes[0]


def served(
    source: Source, kind: str, number: int, width: int, limit: int
) -> Iterator[tuple[str, bytes, int]]:
    """What there is of a tile or bundle: path, bytes, width; first the one to use, then those of former sizes."""
    name, rest = f"{number % 1000:03d}", number // 1000
    while rest:
        name, rest = f"x{rest % 1000:03d}/{name}", rest // 1000
    tries = [(f"{kind}{name}.p/{width}", width), (kind + name, WIDTH)][
        width == WIDTH :
    ]  # only full ones stay for ever
    best = next(
        ((path, data, at) for path, at in tries if (data := source.read(path, limit)) is not None), None
    )
    if best is None:
        raise FailedError(f"{tries[0][0]}: missing")
    yield best
    for former in source.numbers(f"{kind}{name}.p/"):
        if 0 < former < width:
            yield f"{kind}{name}.p/{former}", source.read(f"{kind}{name}.p/{former}", limit) or b"", former


def bundles(source: Source, size: int) -> Iterator[list[bytes]]:
    """All leaves in order, a bundle at a time; each has its length in two bytes in front."""
    for number in range((size + WIDTH - 1) // WIDTH):
        width, leaves = min(WIDTH, size - number * WIDTH), list[bytes]()
        for path, data, wide in served(source, "tile/entries/", number, width, BUNDLE_LIMIT):
            at, found = 0, list[bytes]()
            while at < len(data):
                length = int.from_bytes(data[at : at + 2])
                at += 2 + length
                found.append(data[at - length : at])
            if (
                at != len(data)
                or len(found) != wide
                or found[:width] != (leaves or found)[: min(wide, width)]
            ):
                raise FailedError(
                    f"{path}: not {wide} leaves with their lengths, or others than in a wider bundle"
                )
            leaves = leaves or found[:width]
        yield leaves


@dataclass
class Account:
    """What the log has told, leaf after leaf."""

    source: Source
    point: Checkpoint
    keys: Keys
    now: float
    visits: Sequence[Checkpoint]  # what was seen of this log before
    size: int = 0
    first: int = 0  # t of the first leaf
    last: int = 0  # t of the last leaf
    state: str = ZERO
    before: str = ""  # the final checkpoint of the log that this one follows
    closed: bool = False
    checkpoints: int = 0  # how many have come out
    gaps: list[tuple[int, int]] = field(default_factory=list)  # index, and the seconds of silence before it
    months: Counter[tuple[str, str]] = field(default_factory=Counter)  # leaves by month and type

    def take(self, data: bytes) -> JSON:
        """The next leaf, once it has kept every rule."""
        place = f"leaf {self.size} (bundle {self.size // WIDTH}, entry {self.size % WIDTH})"
        leaf = document(data, place)
        if problem := self._problem(leaf, data):
            raise FailedError(f"{place}: {problem}")
        if "vkey" in leaf and leaf["type"] in LEAVES:
            self.keys.turn(leaf, place)
            self.before = leaf.get("last", self.before)
        if leaf["state"] != self.state:
            check_manifest(self.source, leaf["state"])
        if self.size and leaf["t"] - self.last > SILENCE:
            self.gaps.append((self.size, leaf["t"] - self.last))
        self.first, self.last = self.first or leaf["t"], leaf["t"]
        self.size, self.state, self.closed = self.size + 1, leaf["state"], leaf["type"] == "log.close"
        self.months[moment(leaf["t"])[:7], leaf["type"]] += 1
        return leaf

    def compare(self, root: bytes) -> bool:
        """Each checkpoint of this size has this root and valid signatures; whether one of these is trusted."""
        published = _checkpoint(self.source, f"cp/{self.size}")
        trusted = False
        for point in [published, *(point for point in (*self.visits, self.point) if point.size == self.size)]:
            if point and (point.origin, point.size, point.root) != (self.point.origin, self.size, root):
                words = f"{point.place}: another root or size than the {self.size} leaves give ({root.hex()})"
                raise FailedError(words, *dict.fromkeys([point.note, self.point.note]))
            trusted |= point is not None and self.keys.accept(point)
            self.checkpoints += point is not None
        return trusted

    def _problem(self, leaf: JSON, data: bytes) -> str:
        pattern, moves = LATER if "seal" in leaf else LEAVES.get(str(leaf.get("type")), LATER)
        if pattern is LATER[0]:
            data = _WRITER.encode(
                {key: leaf[key] for key in re.findall(r"\w+", _COMMON) if key in leaf}
            ).encode()
        if not pattern.fullmatch(data.decode()):
            return f"other keys or values than a leaf of type {leaf.get('type')!r} has"
        if leaf["seq"] != self.size or self.closed or (leaf["type"] == "log.init") != (self.size == 0):
            return f"seq is {leaf['seq']}; log.init is the first leaf and no other, and nothing follows log.close"
        if leaf["prev"] != self.state:
            return f"prev is {leaf['prev']}, but the state before was {self.state}"
        if leaf["state"] != self.state and (not moves or leaf["state"] == ZERO):
            return "changes the state, which a leaf of this type cannot, or ends it"
        earliest = max(
            [self.last, *(visit.seen - CLOCK_ERROR for visit in self.visits if visit.size <= self.size)]
        )
        if leaf["t"] < earliest:
            return f"dated {moment(leaf['t'])}, but the leaves before it were there until {moment(earliest)}"
        if leaf["t"] > self.now + CLOCK_ERROR:
            return f"dated {moment(leaf['t'])}, but it is {moment(self.now)} (this machine's clock, or --at)"
        return ""


def check_manifest(source: Source, state: str) -> None:
    """The manifest of a state has this hash and the form of v:1, and is complete in itself."""
    path = f"state/{state}.json"
    data = source.read(path, DOCUMENT_LIMIT) or b""
    if hashlib.sha256(data).hexdigest() != state:
        raise FailedError(f"{path}: missing, or without the hash that is its name")
    found = document(data, path)
    if not re.fullmatch(KINDS["MANIFEST"], data.decode()):
        raise FailedError(f"{path}: other keys or values than a manifest has")
    for name, item in found["lists"].items():
        if ("commit" if item["conf"] == "public" else "raw") in {**item, **item.get("edits", {})}:
            raise FailedError(f"{path}: the hash of the list {name} does not suit its confidentiality")
    for profile in {**found["profiles"], **found.get("rules", {})}:
        if set(found["profiles"].get(profile, [""])) - found["lists"].keys():
            raise FailedError(f"{path}: the profile {profile} is not there, or enforces a list that is not")


def verify(
    source: Source,
    given: Iterable[Key],
    now: float,
    visits: Sequence[Checkpoint],
    hear: Callable[[JSON], None],
) -> Account:
    """Check a whole log at the time ``now`` (POSIX seconds). FailedError, UndecidedError.

    ``visits``: what somebody kept of it. ``hear`` is told each leaf at once; that is true only if this function returns.
    """
    latest = _checkpoint(source, "checkpoint")
    if latest is None:
        raise UndecidedError(f"{source.where}checkpoint: there is none, so this is no log")
    account, tree, sizes = (
        Account(source, latest, Keys(given), now, visits),
        Tree(source),
        source.numbers("cp/"),
    )
    larger = [_checkpoint(source, f"cp/{size}") for size in sizes[:1] if size > latest.size]
    for visit in (*visits, *larger):
        if visit and (visit.origin != latest.origin or visit.size > latest.size):
            raise FailedError(
                f"checkpoint: went back from size {visit.size} to {latest.size}", visit.note, latest.note
            )
    for leaves in bundles(source, latest.size):
        for data in leaves:
            hear(account.take(data))
            tree.add(data)
            if (
                account.keys.fresh
                or tree.size in sizes[-1:]
                or any(visit.size == tree.size for visit in visits)
            ):
                account.compare(tree.root())
            while sizes and sizes[-1] <= tree.size:
                sizes.pop()
    if not account.compare(tree.root(comparing=True)) or account.keys.fresh:
        raise FailedError(
            "checkpoint: it does not lead from the given key to all others, each under an older one"
        )
    keys = document(source.read("keys.json", DOCUMENT_LIMIT) or b"", "keys.json")
    if keys.get("keys") != [{"from": a, "to": b, "vkey": key} for key, (a, b) in account.keys.spans.items()]:
        raise FailedError("keys.json: other keys than the leaves tell of")
    return account


def _checkpoint(source: Source, path: str) -> Checkpoint | None:
    note = source.read(path, NOTE_LIMIT)
    return None if note is None else Checkpoint.parse(note, path)


def moment(seconds: float) -> str:
    """As people write it."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%SZ}"


def words(leaf: JSON) -> str:
    """What a leaf tells, on one line."""
    own = {key: value for key, value in leaf.items() if key not in re.findall(r"\w+", _COMMON + " src last")}
    facts = [value if key in ("list", "profile") else f"{key}={value}"[:70] for key, value in own.items()]
    who = [] if leaf["actor"]["role"] == "system" else [f"by {leaf['actor']['role']} {leaf['actor']['id']}"]
    text = " ".join([f"{leaf['seq']:>7}", moment(leaf["t"]), leaf["type"], *facts, *who])
    return "".join(char if char.isprintable() else "?" for char in text)


def report(account: Account, recent: Iterable[JSON]) -> Iterator[str]:
    """What happened, what is certain, and what a log cannot show, in lines."""
    point = account.point
    yield f"{point.origin}: {point.size} leaves, {moment(account.first)} to {moment(account.last)}"
    for month, kinds in groupby(sorted(account.months), lambda item: item[0]):
        yield f"{month}: " + ", ".join(f"{account.months[item]} {item[1]}" for item in kinds)
    yield from map(words, recent)
    yield from (
        f"WARNING: nothing was said for {gap / 3600:.0f} h before leaf {at}" for at, gap in account.gaps[-20:]
    )
    if account.now - account.last > SILENCE:
        yield f"WARNING: nothing was said since {moment(account.last)}; {len(account.gaps)} gaps before"
    yield f"Certain: leaves, tiles, states and {account.checkpoints} checkpoints fit together; root {point.root.hex()}"
    yield "No log shows whether every resolver obeyed. Times are the operator's word, bounded by the checkpoints you keep."


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("verifier", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("log", metavar="URL|DIR")
    parser.add_argument("--key", metavar="FILE", type=Path, help="verifier keys, one a line (log.vkey)")
    parser.add_argument("--policy", metavar="FILE", type=Path, help="a tlog-policy with the keys")
    parser.add_argument(
        "--since", metavar="FILE", type=Path, help="a checkpoint that you kept: the log must go on from it"
    )
    parser.add_argument(
        "--remember", metavar="FILE", type=Path, help="as --since if it is there; the newest is kept in it"
    )
    parser.add_argument(
        "--at", metavar="TIME", type=datetime.fromisoformat, help="instead of this machine's clock"
    )
    parser.add_argument(
        "--events", metavar="all|N", default="20", help="how many of the last events are shown"
    )
    parser.add_argument(
        "--evidence", metavar="DIR", type=Path, default="evidence", help="for contradicting checkpoints"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quiet", action="store_true")
    options = parser.parse_args(arguments)
    if not (options.key or options.policy) or not re.fullmatch("all|[0-9]+", options.events):
        parser.error("give --key or --policy, and --events all or a number")
    return options


def _given(options: argparse.Namespace) -> list[Key]:
    """The trusted keys. Of a policy the ``log`` lines; with a quorum of witnesses nothing can be decided here."""
    lines = options.key.read_text().split("\n") if options.key else []
    if options.policy:
        policy = [line.split() for line in options.policy.read_text().split("\n")]
        if ["quorum", "none"] not in policy:
            raise UndecidedError(
                f"{options.policy}: asks for witnesses, or has no quorum; this program checks none"
            )
        lines += [line[1] for line in policy if line[:1] == ["log"]]
    return [Key.parse(line.strip()) for line in lines if line.strip() and not line.startswith("#")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, tell, and give the exit status."""
    options = _options(arguments)
    recent: deque[JSON] = deque(maxlen=None if options.events == "all" else int(options.events))
    now = (options.at or datetime.now(UTC)).timestamp()
    try:
        kept = [
            path
            for path in (options.since, options.remember)
            if path and (path == options.since or path.exists())
        ]
        visits = [Checkpoint.parse(path.read_bytes(), str(path)) for path in kept]
        account = verify(Source(options.log), _given(options), now, visits, recent.append)
        if options.remember:
            options.remember.write_bytes(account.point.note)
        told = list(report(account, recent))
    except FailedError as error:
        print(f"FAILED {error.args[0]}")
        for number, note in enumerate(error.args[1:]):
            print(note.decode())
            options.evidence.mkdir(exist_ok=True)
            (options.evidence / f"{number}.checkpoint").write_bytes(note)
        return 1
    except (UndecidedError, OSError) as error:
        print(f"UNDECIDED {error}", file=sys.stderr)
        return 3
    print("\n".join(told[-2:-1] if options.quiet else told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
