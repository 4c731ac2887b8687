"""Signed lists from files and servers: nothing without a good signature, and never an older one."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from blocklists.model import ListSource, ListVersion
from blocklists.properties import Fetching, Signature, SignatureKind
from blocklists.sources import FetchError, Known, NotModified, Phase, Progress, fetch
from blocklists.sources.https import fetch_https
from blocklists.sources.signed import CLOCK_SLIP, beside, open_seal

TEXT = b"bets.example\n"
NOW = 1_795_000_000.0
MADE = 1_790_000_000


@dataclass(frozen=True)
class Signer:
    """A minisign key pair."""

    private: Ed25519PrivateKey
    key_id: bytes = b"\x01\x02\x03\x04\x05\x06\x07\x08"

    @property
    def public(self) -> bytes:
        return base64.b64encode(b"Ed" + self.key_id + self.private.public_key().public_bytes_raw()) + b"\n"

    def sign(self, data: bytes, at: int | None = MADE) -> bytes:
        comment = b"timestamp:%d" % at if at is not None else b"no time"
        value = self.private.sign(hashlib.blake2b(data).digest())
        lines = (
            b"untrusted comment: x",
            base64.b64encode(b"ED" + self.key_id + value),
            b"trusted comment: " + comment,
            base64.b64encode(self.private.sign(value + comment)),
        )
        return b"\n".join(lines) + b"\n"


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.fixture
def signed(tmp_path: Path, signer: Signer, source: Callable[..., ListSource]) -> Callable[..., ListSource]:
    """Makes a source whose versions must be signed; by default the file ``list.txt``."""
    key = tmp_path / "key.pub"
    key.write_bytes(signer.public)

    def make(url: str = "", signature: str = "") -> ListSource:
        seal = Signature(SignatureKind.MINISIGN, str(key), signature)
        return source(url=url or f"file:{tmp_path}/list.txt", fetching=Fetching(signature=seal))

    return make


def _put(folder: Path, data: bytes, signature: bytes, name: str = "list.txt") -> None:
    (folder / name).write_bytes(data)
    (folder / f"{name}.minisig").write_bytes(signature)


async def _version(source: ListSource, known: Known | None = None, now: float = NOW) -> ListVersion:
    version = await fetch(source, known=known, now=now)
    assert isinstance(version, ListVersion)
    return version


def _known(version: ListVersion) -> Known:
    return Known(version.etag, version.last_modified, proof=version.proof)


async def _fault(source: ListSource, known: Known | None = None, now: float = NOW) -> str:
    with pytest.raises(FetchError) as caught:
        await fetch(source, known=known, now=now)
    assert "bets.example" not in str(caught.value)
    return str(caught.value)


async def test_a_good_signature_is_remembered(tmp_path: Path, signer: Signer, signed: Any) -> None:
    _put(tmp_path, TEXT, signer.sign(TEXT))
    version = await _version(signed())
    assert version.data == TEXT
    assert version.proof is not None
    assert version.proof.at == MADE


async def test_no_bad_and_another_signature(tmp_path: Path, signer: Signer, signed: Any) -> None:
    _put(tmp_path, TEXT, signer.sign(TEXT + b"x"))
    assert "does not belong to these bytes" in await _fault(signed())
    _put(tmp_path, TEXT, Signer(Ed25519PrivateKey.generate(), signer.key_id).sign(TEXT))
    assert "does not belong to these bytes" in await _fault(signed())
    _put(tmp_path, TEXT, b"x" * 100_000)
    assert "signature cannot be had: " in await _fault(signed())
    (tmp_path / "list.txt.minisig").unlink()
    assert "signature cannot be had: " in await _fault(signed())
    (tmp_path / "key.pub").unlink()
    assert "key.pub: no such file" in await _fault(signed())


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (MADE - 1, "an old version came in place of the new one"),
        (None, "does not say when it was signed"),
        (int(NOW + CLOCK_SLIP + 1), "check this machine's clock"),
        (10**12 - 1, "check this machine's clock"),
    ],
)
async def test_old_and_future_signatures(
    at: int | None, words: str, tmp_path: Path, signer: Signer, signed: Any
) -> None:
    _put(tmp_path, TEXT, signer.sign(TEXT))
    known = _known(await _version(signed()))
    older = b"older.example\n"
    _put(tmp_path, older, signer.sign(older, at))
    assert words in await _fault(signed(), known)


async def test_same_and_newer_signatures(tmp_path: Path, signer: Signer, signed: Any) -> None:
    _put(tmp_path, TEXT, signer.sign(TEXT, None))
    known = _known(await _version(signed()))
    for at in (MADE, MADE, MADE + 1):
        _put(tmp_path, TEXT, signer.sign(TEXT, at))
        version = await _version(signed(), known)
        known = _known(version)
        assert version.proof is not None
        assert version.proof.at == at


async def test_a_version_that_another_key_has_verified_comes_anew(
    tmp_path: Path, signer: Signer, signed: Any, source: Any
) -> None:
    _put(tmp_path, TEXT, signer.sign(TEXT))
    later = NOW * 2  # all files are settled
    unsigned = _known(await _version(source(url=f"file:{tmp_path}/list.txt"), now=later))
    assert unsigned.etag
    version = await _version(signed(), unsigned, now=later)
    assert await fetch(signed(), known=_known(version), now=later) == NotModified()
    (tmp_path / "key.pub").write_bytes(Signer(Ed25519PrivateKey.generate()).public)
    assert "does not belong" in await _fault(signed(), _known(version), now=later)


async def test_what_is_signed_is_the_file_as_published(tmp_path: Path, signer: Signer, signed: Any) -> None:
    packed = gzip.compress(TEXT)
    _put(tmp_path, packed, signer.sign(packed), "list.gz")
    assert (await _version(signed(f"file:{tmp_path}/list.gz"))).data == TEXT
    _put(tmp_path, packed, signer.sign(TEXT), "list.gz")
    assert "does not belong" in await _fault(signed(f"file:{tmp_path}/list.gz"))


async def test_a_folder_of_several_cannot_be_signed(tmp_path: Path, signed: Any) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    for name in "ab":
        (folder / name).write_bytes(TEXT)
    assert "a signed list is one file, and there are 2" in await _fault(signed(f"file:{folder}"))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://a.example/list.txt", "https://a.example/list.txt.minisig"),
        ("https://a.example/list.txt?key=1#x", "https://a.example/list.txt.minisig?key=1"),
        ("file:/etc/list.txt", "file:/etc/list.txt.minisig"),
        ("file:/etc/a?b.txt", "file:/etc/a?b.txt.minisig"),
    ],
)
def test_beside(address: str, expected: str) -> None:
    assert beside(address, SignatureKind.MINISIGN) == expected


def test_no_seal_where_none_is_asked_for(source: Any) -> None:
    assert open_seal(source()) is None


# ---- over the web ----


@pytest.fixture
async def site(serve: Any, signer: Signer) -> Any:
    """A server with a list, its signature, and the same behind other addresses."""

    def give(body: bytes, status: int = 200, **headers: str) -> Any:
        async def handle(request: web.Request) -> web.Response:
            if headers.get("ETag") and request.headers.get("If-None-Match") == headers["ETag"]:
                return web.Response(status=304)
            return web.Response(body=body, status=status, headers=headers)

        return handle

    packed = gzip.compress(TEXT)
    return await serve(
        {
            "/list": give(TEXT, ETag='"v1"'),
            "/list.minisig": give(signer.sign(TEXT)),
            "/coded": give(packed, **{"Content-Encoding": "gzip"}),
            "/coded.minisig": give(signer.sign(TEXT)),
            "/list.gz": give(packed),
            "/list.gz.minisig": give(signer.sign(packed)),
            "/unsigned": give(TEXT),
            "/page": give(TEXT),
            "/page.minisig": give(b"<html>soft 404</html>"),
        }
    )


async def _web(source: ListSource, known: Known | None = None, **options: Any) -> Any:
    return await fetch_https(source, known=known, now=NOW, allow_loopback_http=True, **options)


@pytest.mark.parametrize("path", ["/list", "/coded", "/list.gz"])
async def test_over_the_web(path: str, site: Any, signed: Any) -> None:
    steps: list[Progress] = []
    version = await _web(signed(str(site.make_url(path))), report=steps.append)
    assert (version.data, version.proof.at) == (TEXT, MADE)
    assert steps[-1].phase is Phase.VERIFYING


async def test_an_unchanged_list_needs_no_signature(site: Any, signed: Any, source: Any) -> None:
    version = await _web(signed(str(site.make_url("/list"))))
    assert await _web(signed(str(site.make_url("/list"))), _known(version)) == NotModified()
    unsigned = Known(version.etag)
    assert isinstance(await _web(signed(str(site.make_url("/list"))), unsigned), ListVersion)


@pytest.mark.parametrize(
    ("path", "words"),
    [("/unsigned", "signature cannot be had: .*answered 404"), ("/page", "no minisign signature")],
)
async def test_missing_over_the_web(path: str, words: str, site: Any, signed: Any) -> None:
    with pytest.raises(FetchError, match=words):
        await _web(signed(str(site.make_url(path))))


async def test_the_signature_may_lie_elsewhere(
    tmp_path: Path, site: Any, signed: Any, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = str(site.make_url("/list.minisig"))
    assert (await _web(signed(str(site.make_url("/unsigned")), elsewhere))).proof.at == MADE
    (tmp_path / "s").write_bytes(signer.sign(TEXT))
    assert (await _web(signed(str(site.make_url("/unsigned")), f"file:{tmp_path}/s"))).proof.at == MADE
    (tmp_path / "list.txt").write_bytes(TEXT)
    assert "over https only" in await _fault(signed(signature=elsewhere))
