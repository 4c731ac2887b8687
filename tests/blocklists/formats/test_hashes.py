"""Hashed lists: both shapes, prefixes and what confirms them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.formats import make_parser, read, rows
from blocklists.formats.hashes import FULL_MARKER, MAX_DEPTH, MOST_CONFIRMED
from blocklists.model import Disposition, HashedEntry, ListSource, Scope
from blocklists.properties import Fetching, HashAlgorithm, Hashes, HashShape

Make = Callable[..., ListSource]
Outcomes = Callable[[ListSource, str], list[str]]

HOST = hashlib.md5(b"a.example", usedforsecurity=False).hexdigest()
PATH = hashlib.md5(b"x/y", usedforsecurity=False).hexdigest()
WHOLE = hashlib.sha256(b"a.example/x").hexdigest()


def shaped(
    shape: HashShape, algorithm: HashAlgorithm = HashAlgorithm.SHA256, full: str = ""
) -> dict[str, Fetching]:
    """The fetching of a hashed list."""
    return {"fetching": Fetching(hashes=Hashes(shape, algorithm, full))}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{HOST} {PATH} 2", [f"url-filter {HOST} {PATH}/2"]),
        (f"{HOST.upper()};{PATH};02", [f"url-filter {HOST} {PATH}/2"]),
        (f"{HOST}, {PATH}, 0 # why", [f"dns {HOST}"]),
        (f"{HOST}:{PATH}:{MAX_DEPTH}", [f"url-filter {HOST} {PATH}/{MAX_DEPTH}"]),
        (f"{HOST}:{PATH}:{MAX_DEPTH + 1}", ["-malformed"]),
        (f"{HOST} {PATH}", ["-malformed"]),
        (f"{HOST} {PATH} -1", ["-malformed"]),
        (f"{HOST} {PATH} ²", ["-malformed"]),
        (f"{HOST} {PATH[:-2]} 1", ["-malformed"]),
        (f"{HOST[:-1]}g {PATH} 1", ["-malformed"]),
        (f"{HOST} {PATH} 1 1", ["-malformed"]),
        ("# text", ["-comment"]),
        (" ", ["-blank"]),
    ],
)
def test_host_and_path(line: str, expected: list[str], source: Make, outcomes: Outcomes) -> None:
    made = source("hashes", **shaped(HashShape.HOST_PATH, HashAlgorithm.MD5))
    assert outcomes(made, f"{line}\n") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (WHOLE, [f"url-filter {WHOLE}"]),
        (WHOLE[:8], [f"not-enforceable {WHOLE[:8]}"]),
        (WHOLE[:62], [f"not-enforceable {WHOLE[:62]}"]),
        (WHOLE[:6], ["-malformed"]),
        (WHOLE[:9], ["-malformed"]),
        (WHOLE + "00", ["-malformed"]),
        ("a.example/x", ["-malformed"]),
        (f"{WHOLE} {WHOLE}", ["-malformed"]),
    ],
)
def test_expressions(line: str, expected: list[str], source: Make, outcomes: Outcomes) -> None:
    assert outcomes(source("hashes", **shaped(HashShape.EXPRESSION)), f"{line}\n") == expected


def test_a_list_of_whole_sites_is_enforced_by_dns(source: Make, outcomes: Outcomes) -> None:
    made = source("hashes", scope=Scope.DOMAIN, **shaped(HashShape.EXPRESSION))
    assert outcomes(made, f"{WHOLE}\n{WHOLE[:8]}\n") == [f"dns {WHOLE}", f"not-enforceable {WHOLE[:8]}"]


def test_a_prefix_counts_once_a_full_digest_begins_so(source: Make) -> None:
    made = source("hashes", **shaped(HashShape.EXPRESSION, full="file:/full"))
    other = WHOLE[:8] + "f" * 56
    text = (
        f"{WHOLE[:8]}\nabcdef01\n# end".encode()
        + FULL_MARKER
        + f"{other}\n{WHOLE}\nnonsense\n{WHOLE[:8]}\n".encode()
    )
    entries, counts = read(made, text)
    assert set(entries) == {
        HashedEntry(bytes.fromhex(WHOLE)),
        HashedEntry(bytes.fromhex(other)),
        HashedEntry(bytes.fromhex("abcdef01"), disposition=Disposition.NOT_ENFORCEABLE),
    }
    assert (counts.lines, counts.accepted) == (3, 2)
    assert counts.dispositions == {Disposition.URL_FILTER: 2, Disposition.NOT_ENFORCEABLE: 1}


def test_full_digests_by_themselves_say_nothing(source: Make) -> None:
    made = source("hashes", **shaped(HashShape.EXPRESSION, full="file:/full"))
    assert read(made, FULL_MARKER + WHOLE.encode())[0] == ()


def test_a_list_without_full_digests_cannot_bring_its_own_confirmation(source: Make) -> None:
    entries, _ = read(source("hashes"), f"{WHOLE[:8]}".encode() + FULL_MARKER + WHOLE.encode())
    assert {entry.disposition for entry in entries if isinstance(entry, HashedEntry)} == {
        Disposition.NOT_ENFORCEABLE,
        Disposition.URL_FILTER,
    }


def test_one_prefix_cannot_make_entries_without_end(source: Make) -> None:
    made = source("hashes", **shaped(HashShape.EXPRESSION, full="file:/full"))
    full = "\n".join(f"{WHOLE[:8]}{number:056x}" for number in range(MOST_CONFIRMED + 5))
    assert len(read(made, WHOLE[:8].encode() + FULL_MARKER + full.encode())[0]) == MOST_CONFIRMED


def test_what_a_list_must_say(source: Make) -> None:
    with pytest.raises(ValueError, match="needs `hashes`"):
        make_parser(source("hashes", fetching=Fetching()))


@given(data=st.binary(max_size=200) | st.text(alphabet="0aF ,#\n", max_size=200).map(str.encode))
def test_any_bytes_give_rows(data: bytes, source: Make) -> None:
    for shape in HashShape:
        found = list(rows(make_parser(source("hashes", **shaped(shape))), data))
        assert all(len(outcomes) == 1 for _, outcomes in found)
