"""A thief has the disk: everything in the data folder but the index key, and a dictionary with every listed name in it.

What is tried: the names as they are, the public lists' table under its own key, digests under keys that stand in a file,
and the digests of texts that were guessed whole. Every attack is shown to find what it may find.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from admin.services.build import sources
from admin.services.index_key import share_index_key
from blocklists.canonical import to_wire
from blocklists.snapshot import compiler, native
from blocklists.suffixes import public_suffixes

NAMES = 1_000_000
LISTED = 500
"""Names on the secret list; as many are on a public one."""
SYLLABLES = ("ba", "co", "di", "fu", "ga", "ho", "ki", "lo", "mu", "ne", "pa", "ri", "so", "ta", "vu", "we")
ENDINGS = ("example", "test", "com.example", "net.test")
TABLE_KEY = slice(32, 64)
SECRET_AT, HEAD, LINE, DIGESTS, DIGEST = slice(192, 200), 64, 64, 240, 16
LINES_AT = slice(24, 28)


@pytest.fixture(scope="module")
def dictionary() -> list[str]:
    numbers = random.Random(7)
    return [f"{''.join(numbers.choices(SYLLABLES, k=4))}{n}.{ENDINGS[n % 4]}" for n in range(NAMES)]


@dataclass(frozen=True)
class Loot:
    """What was stolen, by file, and the truth to compare guesses with."""

    files: Mapping[Path, bytes]
    secret: frozenset[str]
    public: frozenset[str]
    texts: Mapping[str, bytes]
    config: Any
    index_key: bytes

    @property
    def everything(self) -> bytes:
        """All files in a row; the pages of zeros that some have are left out."""
        return b"\0".join(self.files.values()).replace(bytes(64), b"")

    @property
    def snapshot(self) -> Path:
        return next(
            path for path in self.files if path.suffix == ".weir" and path.name.startswith("snapshot-")
        )

    def pieces(self, size: int) -> Iterator[bytes]:
        """Whatever could be a key: pieces of all files."""
        for content in self.files.values():
            yield from {content[at : at + size] for at in range(0, len(content) - size, 8)}


@pytest.fixture
async def loot(world: Any, bets: str, watch: str, index_key: bytes, dictionary: list[str]) -> Loot:
    chosen = random.Random(8).sample(dictionary, 2 * LISTED)
    secret, public = frozenset(chosen[:LISTED]), frozenset(chosen[LISTED:])
    world.write(bets, watch)
    texts = {"watch": "\n".join(sorted(secret)).encode(), "bets": "\n".join(sorted(public)).encode()}
    world.sources.texts = texts
    controller = world.controller()
    await controller.start()
    held = share_index_key(world.place.run, index_key, {})
    files = {
        path: path.read_bytes() for path in world.place.data_dir.rglob("*") if path.is_file() and path != held
    }
    return Loot(files, secret, public, texts, controller.config, index_key)


def digests_of(file: bytes) -> set[bytes]:
    """All digests in the table of secret lists of a compiled file."""
    start = int.from_bytes(file[SECRET_AT], "little")
    lines = int.from_bytes(file[start:][LINES_AT], "little")
    digests = file[start + HEAD + lines * LINE : start + HEAD + lines * (LINE + DIGESTS)]
    return {digests[at : at + DIGEST] for at in range(0, len(digests), DIGEST)} - {bytes(DIGEST)}


def digests_under(key: bytes, names: list[str], path: Path) -> set[bytes]:
    """What the table would hold of these names under a key."""
    builder, empty = native.Builder(key, len(names)), native.Builder(bytes(32))
    builder.scan("\n".join(names).encode(), native.SYNTAX_DOMAINS, 1, lambda *_: None)
    path.unlink(missing_ok=True)
    classes = bytes(2 * native.CLASS_RECORD_BYTES)
    empty.write(str(path), [0], classes, b"", 0, builder, [0, 1])
    return digests_of(path.read_bytes())


def test_no_name_stands_anywhere(loot: Loot) -> None:
    words = {word.decode() for word in re.findall(rb"[a-z0-9.-]{4,}", loot.everything)}
    assert loot.public <= words
    assert not loot.secret & words
    everything = loot.everything
    labels = {name.partition(".")[0].encode() for name in loot.secret}
    assert not [label for label in labels if label in everything]


def test_the_public_table_knows_no_secret_name(loot: Loot, dictionary: list[str]) -> None:
    look_up = native.Snapshot.open(str(loot.snapshot), without_secret=True).lookup
    assert {name for name in dictionary if look_up(to_wire(name))[1]} == loot.public


def test_no_key_that_stands_in_a_file_gives_the_digests(
    loot: Loot, dictionary: list[str], tmp_path: Path
) -> None:
    file = loot.files[loot.snapshot]
    stolen = digests_of(file)
    key = file[TABLE_KEY]
    assert len(stolen) == LISTED
    assert stolen <= digests_under(loot.index_key, dictionary, tmp_path / "guess")
    for guess in (key[:16], key[16:], bytes(16), hashlib.md5(key).digest()):
        assert not stolen & digests_under(guess, dictionary, tmp_path / "guess")


def test_nothing_stolen_opens_the_table(loot: Loot) -> None:
    path = str(loot.snapshot)
    assert native.Snapshot.open(path, False, index_key=loot.index_key).has_secret
    for guess in loot.pieces(native.INDEX_KEY_BYTES):
        with pytest.raises(native.IndexKeyError):
            native.Snapshot.open(path, False, index_key=guess)


@pytest.mark.parametrize("make", [hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha512, hashlib.blake2b])
def test_a_text_that_was_guessed_whole_cannot_be_proved(loot: Loot, make: Callable[[bytes], Any]) -> None:
    everything, text = loot.everything, loot.texts["watch"]
    assert hashlib.sha256(loot.texts["bets"]).hexdigest().encode() in everything
    for guess in (text, text + b"\n", *text.split(b"\n")):
        digest = make(guess)
        assert digest.digest() not in everything
        assert digest.hexdigest().encode() not in everything


def test_nor_with_any_stolen_key(loot: Loot) -> None:
    everything, text = loot.everything, loot.texts["watch"]
    for key in loot.pieces(32):
        digest = hmac.digest(key, text, "sha256")
        assert digest not in everything
        assert digest.hex().encode() not in everything


def test_nor_by_the_name_of_the_compiled_file(loot: Loot) -> None:
    key = loot.files[loot.snapshot][TABLE_KEY]
    by_text = [(source, hashlib.sha256(loot.texts[source.id]).digest()) for source in sources(loot.config)]
    guessed = compiler._digest(by_text, key, public_suffixes(), {})
    true = compiler._keyed(*zip(*by_text, strict=True), loot.index_key)
    assert loot.snapshot.stem == f"snapshot-{compiler._digest(true, key, public_suffixes(), {})}"
    assert guessed not in loot.snapshot.stem
