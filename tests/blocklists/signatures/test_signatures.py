"""Detached signatures: made by the field's own programs, and by hand where a program would not lie."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from blocklists.properties import SignatureKind
from blocklists.signatures import LONGEST_SIGNATURE, SignatureError, verify

LIST = b"bets.example\nadult.example\n"
MADE = 1_790_000_000
KINDS = tuple(SignatureKind)


@dataclass(frozen=True)
class Signer:
    """A key pair of minisign, and signatures as its manual describes them."""

    private: Ed25519PrivateKey
    key_id: bytes = b"\x01\x02\x03\x04\x05\x06\x07\x08"

    @property
    def public(self) -> bytes:
        raw = b"Ed" + self.key_id + self.private.public_key().public_bytes_raw()
        return b"untrusted comment: a key\n" + base64.b64encode(raw) + b"\n"

    def sign(
        self, data: bytes, *, comment: str = f"timestamp:{MADE}\tfile:list", prehash: bool = True
    ) -> bytes:
        value = self.private.sign(hashlib.blake2b(data).digest() if prehash else data)
        first = base64.b64encode((b"ED" if prehash else b"Ed") + self.key_id + value)
        last = base64.b64encode(self.private.sign(value + comment.encode()))
        return (
            b"untrusted comment: x\n"
            + first
            + b"\ntrusted comment: "
            + comment.encode()
            + b"\n"
            + last
            + b"\n"
        )


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.mark.parametrize("prehash", [False, True])
@pytest.mark.parametrize(("comment", "at"), [(f"timestamp:{MADE}\tfile:list", MADE), ("nothing", None)])
def test_minisign(signer: Signer, prehash: bool, comment: str, at: float | None) -> None:
    signature = signer.sign(LIST, comment=comment, prehash=prehash)
    signed = verify(SignatureKind.MINISIGN, LIST, signature, signer.public)
    assert (signed.key, signed.at) == ("0807060504030201", at)


Spoil = Callable[[bytes], bytes]
SPOILT: dict[str, tuple[Spoil, str]] = {
    "nothing": (lambda _: b"", "no minisign signature"),
    "a page": (lambda _: b"<html>not found</html>", "no minisign signature"),
    "cut short": (lambda text: text[:-30], "damaged"),
    "the comment changed": (lambda text: text.replace(b"file:list", b"file:lisu"), "does not belong"),
    "the time changed": (lambda text: text.replace(b"timestamp:1", b"timestamp:2"), "does not belong"),
    "too long": (lambda text: text + b"x" * LONGEST_SIGNATURE, "more than"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_minisign_signatures(signer: Signer, name: str) -> None:
    spoil, words = SPOILT[name]
    with pytest.raises(SignatureError, match=words):
        verify(SignatureKind.MINISIGN, LIST, spoil(signer.sign(LIST)), signer.public)


def test_another_list_another_key_another_kind_of_key(signer: Signer) -> None:
    signature = signer.sign(LIST)
    other = Signer(Ed25519PrivateKey.generate(), b"ABCDEFGH")
    impostor = Signer(Ed25519PrivateKey.generate(), signer.key_id)
    for data, key, words in (
        (LIST + b"x", signer.public, "does not belong"),
        (LIST, other.public, "0807060504030201"),
        (LIST, impostor.public, "does not belong"),
        (LIST, b"", "no minisign key"),
        (LIST, b"not base64 !\n", "no minisign key"),
    ):
        with pytest.raises(SignatureError, match=words):
            verify(SignatureKind.MINISIGN, data, signature, key)


@pytest.mark.parametrize("kind", KINDS)
@given(signature=st.binary(max_size=300), key=st.binary(max_size=300))
def test_bytes_of_any_kind_are_no_signature(kind: SignatureKind, signature: bytes, key: bytes) -> None:
    with pytest.raises(SignatureError):
        verify(kind, LIST, signature, key)


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_changed_signature_passes(place: int, bit: int) -> None:
    signer = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    signature = bytearray(signer.sign(LIST))
    start = signature.index(b"\n") + 1  # what stands before is signed by nobody
    place = start + place % (len(signature) - 1 - start)
    signature[place] ^= 1 << bit
    with pytest.raises(SignatureError):
        verify(SignatureKind.MINISIGN, LIST, bytes(signature), signer.public)


# ---- the programs ----


@pytest.mark.parametrize("form", [("-H",), ("-l",)])
def test_a_signature_by_minisign(tmp_path: Path, form: tuple[str, ...]) -> None:
    if (program := shutil.which("minisign")) is None:
        pytest.skip("needs Debian's package minisign")
    (tmp_path / "list").write_bytes(LIST)
    subprocess.run(
        [program, "-G", "-W", "-p", "key.pub", "-s", "key"], cwd=tmp_path, check=True, capture_output=True
    )
    subprocess.run(
        [program, "-S", *form, "-s", "key", "-m", "list", "-x", "sig"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    signature, key = (tmp_path / "sig").read_bytes(), (tmp_path / "key.pub").read_bytes()
    signed = verify(SignatureKind.MINISIGN, LIST, signature, key)
    assert signed.at is not None
    assert signed.key.encode() in key  # its comment names the key
    with pytest.raises(SignatureError):
        verify(SignatureKind.MINISIGN, LIST + b"\n", signature, key)


class Gpg:
    """GnuPG with a home of its own."""

    def __init__(self, program: str, home: Path) -> None:
        self._program, self._home = program, home

    def __call__(self, *arguments: str, data: bytes = b"") -> bytes:
        command = [
            self._program,
            "--homedir",
            str(self._home),
            "--batch",
            "--yes",
            "--passphrase",
            "",
            *arguments,
        ]
        return subprocess.run(command, input=data, check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def gpg(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gpg]:
    if (program := shutil.which("gpg")) is None:
        pytest.skip("needs Debian's package gpg")
    home = tmp_path_factory.mktemp("g")
    os.chmod(home, 0o700)
    tool = Gpg(program, home)
    for name in ("hotline@h.example", "other@h.example"):
        tool("--quick-generate-key", name, "ed25519", "sign", "never")
    yield tool
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)


def test_a_signature_by_gpg(gpg: Gpg) -> None:
    key, other = gpg("--armor", "--export", "hotline@h.example"), gpg("--export", "other@h.example")
    armoured = gpg("--armor", "--local-user", "hotline@h.example", "--detach-sign", data=LIST)
    binary = gpg("--local-user", "hotline@h.example", "--detach-sign", data=LIST)
    for signature in (armoured, binary):
        signed = verify(SignatureKind.OPENPGP, LIST, signature, key)
        assert signed.at is not None
        assert len(signed.key) == 40
        verify(SignatureKind.OPENPGP, LIST, signature, other + gpg("--export", "hotline@h.example"))
        for data, certificate in ((LIST + b"\n", key), (LIST, other)):
            with pytest.raises(SignatureError, match="no good signature"):
                verify(SignatureKind.OPENPGP, data, signature, certificate)


def test_a_weak_digest_does_not_count(gpg: Gpg) -> None:
    weak = gpg("--local-user", "hotline@h.example", "--digest-algo", "SHA1", "--detach-sign", data=LIST)
    with pytest.raises(SignatureError, match="no good signature"):
        verify(SignatureKind.OPENPGP, LIST, weak, gpg("--export", "hotline@h.example"))


def test_an_expired_and_a_revoked_key(gpg: Gpg) -> None:
    start = "20240101T000000"
    gpg("--faked-system-time", start, "--quick-generate-key", "brief@h.example", "ed25519", "sign", "1y")
    late = gpg(
        "--faked-system-time",
        "20240601T000000",
        "--local-user",
        "brief@h.example",
        "--detach-sign",
        data=LIST,
    )
    key = gpg("--export", "brief@h.example")
    # Made while the key was valid: good, though old.
    assert verify(SignatureKind.OPENPGP, LIST, late, key).at is not None
    fingerprint = next(
        line.split(":")[9]
        for line in gpg("--with-colons", "--list-keys", "brief@h.example").decode().splitlines()
        if line.startswith("fpr")
    )
    revocation = (
        (gpg_home(gpg) / "openpgp-revocs.d" / f"{fingerprint}.rev").read_text().replace(":-----", "-----")
    )
    gpg("--import", data=revocation.encode())
    with pytest.raises(SignatureError, match="revoked"):
        verify(SignatureKind.OPENPGP, LIST, late, gpg("--export", "brief@h.example"))


def gpg_home(tool: Gpg) -> Path:
    return tool._home
