"""Signed notes (c2sp.org/signed-note): text, signatures, verifier keys. How a key signs is decided elsewhere.

Unknown keys are passed over; one bad signature of a known key rejects the whole note, however often that key has signed
it. Up to 100 signatures are read (the specification asks for 16 at least, Go's ``note`` has the same 100).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from resolver.tlog import ed25519
from resolver.tlog.canonical import FormatError
from resolver.tlog.encoding import from_base64, from_hex, is_line, to_base64

ED25519 = 0x01
"""The kind of key that signs checkpoints of a log; other kinds sign something else than the text (tlog-cosignature)."""
KEY_ID_BYTES = 4
MAX_SIGNATURES = 100
MAX_NOTE = 1_000_000
"""Bytes, as in Go's ``note``."""

_DASH = "— "
Verify = Callable[[bytes, bytes, bytes], bool]
"""``(public key, message, signature)`` → whether it is good."""


class NoteError(FormatError):
    """A note that is malformed, or that no known key vouches for."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a key with its name: a vkey, ``name+<hex id>+<base64 of kind and key>``."""

    name: str
    key_id: bytes
    kind: int
    public: bytes

    @classmethod
    def of_ed25519(cls, name: str, public: bytes) -> VerifierKey:
        """The key of a log. NoteError: the name cannot be one, or the key has not 32 bytes."""
        _check_name(name)
        if len(public) != ed25519.KEY_BYTES:
            raise NoteError(f"an Ed25519 key has {ed25519.KEY_BYTES} bytes, not {len(public)}")
        return cls(name, _key_id(name, ED25519, public), ED25519, public)

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """A vkey of any kind, without a line end. NoteError: it is none, or its id is not that of its key."""
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise NoteError("a verifier key has the form name+id+key")
        name, (key_id, data) = parts[0], _key_parts(parts[1], parts[2])
        _check_name(name)
        kind, public = data[0], data[1:]
        if kind == ED25519 and len(public) != ed25519.KEY_BYTES:
            raise NoteError(f"the Ed25519 key {name!r} has {len(public)} bytes, not {ed25519.KEY_BYTES}")
        if key_id != _key_id(name, kind, public):
            raise NoteError(f"the id of the verifier key {name!r} is not that of its name and key")
        return cls(name, key_id, kind, public)

    @property
    def text(self) -> str:
        """The vkey."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes((self.kind,)) + self.public)}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line; ``blob`` is what follows the key id, for Ed25519 the 64 bytes of the signature."""

    name: str
    key_id: bytes
    blob: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text, which ends with a newline, and its signatures."""

    text: str
    signatures: tuple[Signature, ...]


def parse_note(data: bytes) -> Note:
    """A note with nothing verified. NoteError: it is malformed."""
    if len(data) > MAX_NOTE:
        raise NoteError(f"the note has more than {MAX_NOTE} bytes")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise NoteError(f"byte {error.start} of the note is not UTF-8") from error
    if not is_line(whole.replace("\n", "")):
        raise NoteError("the note has a control character that is no newline")
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise NoteError("the note has no signatures behind an empty line, or does not end with a newline")
    signatures = lines[:-1].split("\n")
    if len(signatures) > MAX_SIGNATURES:
        raise NoteError(f"the note has more than {MAX_SIGNATURES} signatures")
    return Note(text + "\n", tuple(_signature(line) for line in signatures))


def opened(data: bytes, keys: Iterable[VerifierKey], verify: Verify = ed25519.verify) -> Note:
    """The note with those signatures that known keys have made: at least one.

    NoteError: malformed, no signature of a known key, or a bad one. ValueError: a key is not Ed25519, or two collide.
    """
    known = _by_id(keys)
    note, good = parse_note(data), []
    message = note.text.encode()
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        if not verify(key.public, message, signature.blob):
            raise NoteError(f"the signature of {key.name!r} on the note is bad")
        good.append(signature)
    if not good:
        raise NoteError("no known key has signed the note")
    return Note(note.text, tuple(good))


def signature_line(signature: Signature) -> str:
    """One line of a note, with its newline."""
    return f"{_DASH}{signature.name} {to_base64(signature.key_id + signature.blob)}\n"


def signed(text: str, signatures: Sequence[Signature]) -> bytes:
    """A note. NoteError: it would not be read again as it is."""
    data = f"{text}\n{''.join(map(signature_line, signatures))}".encode("utf-8", "replace")
    if parse_note(data) != Note(text, tuple(signatures)):
        raise NoteError("this text and these signatures make no note")
    return data


def _by_id(keys: Iterable[VerifierKey]) -> dict[tuple[str, bytes], VerifierKey]:
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if key.kind != ED25519:
            raise ValueError(f"the key {key.name!r} does not sign notes by itself")
        if known.setdefault((key.name, key.key_id), key) != key:
            raise ValueError(f"two keys have the name {key.name!r} and the id {key.key_id.hex()}")
    return known


def _signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise NoteError("a line behind the empty line is no signature")
    _check_name(name)
    try:
        data = from_base64(encoded)
    except FormatError as error:
        raise NoteError(f"a signature of {name!r} is {error}") from error
    if len(data) <= KEY_ID_BYTES:
        raise NoteError(f"a signature of {name!r} is empty")
    return Signature(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


def _key_parts(key_id: str, key: str) -> tuple[bytes, bytes]:
    try:
        parts = from_hex(key_id, KEY_ID_BYTES), from_base64(key)
    except FormatError as error:
        raise NoteError(f"the id or the key of a verifier key: {error}") from error
    if len(parts[1]) < 2:
        raise NoteError("a verifier key is empty")
    return parts


def _key_id(name: str, kind: int, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes((kind,)) + public).digest()[:KEY_ID_BYTES]


def _check_name(name: str) -> None:
    if not name or "+" in name or not is_line(name) or any(map(str.isspace, name)):
        raise NoteError("the name of a key is empty, or has a blank, a plus sign or a control character")
