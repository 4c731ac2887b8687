"""Whose signature counts, leaf by leaf: rotation, retirement, notes as signed-note has them, policies, wrong keys."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from admin.audit import verifier

NAME = "filter.example/weir/2026"


@pytest.fixture
def rotated(make_log: Any, make_signer: Any) -> Any:
    """Key 2 follows key 1: added at leaf 2, both sign, key 1 retires at leaf 5."""
    first, second = make_signer(1), make_signer(2)
    log = make_log().begin().add("heartbeat").publish()
    log.add("key.add", vkey=second.key.text).add("heartbeat").publish()
    log.add("heartbeat").add("key.retire", vkey=first.key.text).publish()
    log.signed_by = lambda size: [first] if size <= 2 else [first, second] if size <= 5 else [second]
    return log.add("heartbeat").publish()


@pytest.mark.parametrize("number", [1, 2])
def test_a_rotation_is_followed_from_either_key(
    check: Any, rotated: Any, make_signer: Any, number: int
) -> None:
    found = check(rotated, keys=[make_signer(number)])
    assert found.status == 0, found.out


def test_the_new_key_must_stand_under_the_old_one(check: Any, rotated: Any, make_signer: Any) -> None:
    rotated.signed_by = lambda size: [make_signer(1)] if size <= 2 else [make_signer(2)]
    for keys in ([make_signer(1)], [make_signer(2)]):
        assert check(rotated, keys=keys).status == 1


def test_a_retired_key_signs_nothing_more(check: Any, rotated: Any, make_signer: Any) -> None:
    rotated.signed_by = lambda _: [make_signer(1)]
    found = check(rotated)
    assert found.status == 1
    assert "no key that is valid" in found.out


def test_a_key_signs_nothing_before_it_was_added(check: Any, rotated: Any, make_signer: Any) -> None:
    former = rotated.signed_by
    rotated.signed_by = lambda size: [make_signer(2)] if size == 2 else former(size)
    found = check(rotated)
    assert found.status == 1
    assert found.out.startswith("FAILED\ncp/2:")


def test_a_key_that_adds_itself_is_not_trusted(check: Any, make_log: Any, make_signer: Any) -> None:
    stranger = make_signer(3)
    log = make_log().begin().publish().add("key.add", vkey=stranger.key.text).add("heartbeat").publish()
    log.signed_by = lambda size: [make_signer(1)] if size == 1 else [stranger]
    assert check(log).status == 1


def test_a_copy_without_former_checkpoints_is_believed_only_with_the_newer_key(
    check: Any, rotated: Any, make_signer: Any
) -> None:
    kept = {path: data for path, data in rotated.files().items() if not path.startswith("cp/")}
    assert check(kept, keys=[make_signer(1)]).status == 1


def test_another_key_or_another_log(check: Any, small_log: Any, make_signer: Any, make_log: Any) -> None:
    assert check(small_log, keys=[make_signer(2)]).status == 1
    elsewhere = make_log(origin="other.example/weir/2026").begin().publish()
    for found in (check(small_log, keys=[make_signer(1, "other.example")]), check(elsewhere)):
        assert found.status == 3, "whoever has last year's key accuses nobody"
        assert "another log" in found.err


@pytest.mark.parametrize("text", ["x", "a+b", f"{NAME}+00000000+AA==", f"{NAME}+bffcf130+AYqI", ""])
def test_keys_that_are_none_are_wrong_usage(check: Any, small_log: Any, tmp_path: Path, text: str) -> None:
    key = tmp_path / "bad.vkey"
    key.write_text(text)
    with pytest.raises(SystemExit) as end:
        check(small_log, "--key", str(key))
    assert end.value.code == 2


def test_wrong_usage(check: Any, small_log: Any) -> None:
    for options in (["--at", "yesterday"], ["--events", "some"], ["--nothing"]):
        with pytest.raises(SystemExit) as end:
            check(small_log, *options)
        assert end.value.code == 2


def test_files_that_cannot_be_read_cannot_be_decided(check: Any, small_log: Any, tmp_path: Path) -> None:
    assert check(small_log, "--key", str(tmp_path / "absent")).status == 3
    assert check(small_log, "--since", str(tmp_path / "absent")).status == 3


@pytest.mark.parametrize("option", ["--since", "--remember"])
def test_what_you_kept_accuses_nobody(
    check: Any, small_log: Any, make_log: Any, tmp_path: Path, option: str
) -> None:
    kept = tmp_path / "kept"
    last_year = make_log(origin="filter.example/weir/2025").begin().publish()
    for note in (b"", b"no checkpoint", small_log.note(3)[:-9], last_year.note(1)):
        kept.write_bytes(note)
        found = check(small_log, option, str(kept))
        assert found.status == 3
        assert "FAILED" not in found.out
        assert kept.read_bytes() == note


def test_a_log_that_rotates_meanwhile_is_checked_again(
    small_log: Any, make_signer: Any, write_files: Any, tmp_path: Path
) -> None:
    class Moving(verifier.Source):
        """Goes on between the first file and the last."""

        def read(self, path: str) -> bytes | None:
            if path == "keys.json":
                write_files({name: files[name] for name in ("checkpoint", "keys.json")}, tmp_path / "log")
            return super().read(path)

    key = verifier.Key.parse(make_signer().key.text)
    source = Moving(str(write_files(small_log.files(), tmp_path / "log")))
    now = 1_795_435_200.0
    files = small_log.add("key.add", vkey=make_signer(2).key.text).publish().files()
    with pytest.raises(verifier.UndecidedError, match="gone on"):
        verifier.Replay(source, [key], now).run(lambda _: None)


def test_policies(check: Any, small_log: Any, make_signer: Any, tmp_path: Path) -> None:
    empty, policy = tmp_path / "none.vkey", tmp_path / "policy.txt"
    empty.write_text("# nobody\n")
    own = f"# ours\nlog {make_signer().key.text} https://filter.example/log/\n"
    for text, status in (
        (own + "\nquorum none\n", 0),
        (f"log {make_signer(2).key.text}\nquorum none\n", 1),
        (own + "witness w w+00000000+AA==\nquorum w\n", 3),
        (own, 3),
    ):
        policy.write_text(text)
        assert check(small_log, "--key", str(empty), "--policy", str(policy)).status == status, text


def lines(note: bytes) -> list[bytes]:
    return note.split(b"\n")


def other(number: int) -> bytes:
    """A signature line of somebody whom nobody knows."""
    return f"— witness{number} {base64.b64encode(bytes([number]) * 68).decode()}\n".encode()


BAD_NOTES: dict[str, Callable[[bytes], bytes]] = {
    "bad base64": lambda note: note.replace(b"= ", b"! ").replace(lines(note)[2], b"!" * 44),
    "base64 with bits behind its end": lambda note: note[:-4] + b"B==\n",
    "CRLF": lambda note: note.replace(b"\n", b"\r\n"),
    "no newline at the end": lambda note: note[:-1],
    "no signature": lambda note: note.partition(b"\n\n")[0] + b"\n\n",
    "no empty line": lambda note: note.replace(b"\n\n", b"\n"),
    "101 signatures": lambda note: note + b"".join(map(other, range(100))),
    "known key with a bad signature": lambda note: note[:-12] + b"AAAA" + note[-8:],
    "known key with a short signature": lambda note: note[:-9] + b"\n",
    "a good and a bad signature of a known key": lambda note: (
        note + lines(note)[4][:-12] + b"AAAA" + lines(note)[4][-8:] + b"\n"
    ),
    "size with a leading zero": lambda note: note.replace(b"\n7\n", b"\n07\n"),
    "size with a sign": lambda note: note.replace(b"\n7\n", b"\n+7\n"),
    "negative size": lambda note: note.replace(b"\n7\n", b"\n-7\n"),
    "extension line": lambda note: note.replace(b"\n\n", b"\nmore\n\n", 1),
    "no root": lambda note: b"\n".join([*lines(note)[:2], *lines(note)[3:]]),
    "short root": lambda note: note.replace(lines(note)[2], base64.b64encode(b"x" * 31)),
    "long root": lambda note: note.replace(lines(note)[2], base64.b64encode(b"x" * 33)),
    "empty origin": lambda note: note[note.index(b"\n") :],
    "a tab": lambda note: note.replace(b"\n", b"\t\n", 1),
    "not UTF-8": lambda note: b"\xff" + note,
    "empty": lambda _: b"",
    "hyphen for a dash": lambda note: note.replace("—".encode(), b"-"),
    "two blanks": lambda note: note.replace("— ".encode(), "—  ".encode()),
    "unknown key alone": lambda note: note.partition(b"\n\n")[0] + b"\n\n" + other(1),
}


@pytest.mark.parametrize("case", BAD_NOTES)
@pytest.mark.parametrize("path", ["checkpoint", "cp/7"])
def test_row_10_notes_that_are_rejected(check: Any, small_log: Any, case: str, path: str) -> None:
    files = small_log.files()
    edited = BAD_NOTES[case](files[path])
    assert edited != files[path]
    found = check(files | {path: edited})
    assert found.status == 1
    assert found.out.startswith(f"FAILED\n{path}:")


@pytest.mark.parametrize(
    "more", [other(1), b"".join(map(other, range(1, 17))), f"— {NAME} AAAAAAAA\n".encode()]
)
def test_row_10_unknown_keys_are_passed_over(check: Any, small_log: Any, more: bytes) -> None:
    files = small_log.files()
    assert check(files | {"checkpoint": files["checkpoint"] + more}).status == 0


def test_row_10_the_same_key_twice_counts_once(check: Any, small_log: Any) -> None:
    files = small_log.files()
    line = lines(files["checkpoint"])[4] + b"\n"
    assert check(files | {"checkpoint": files["checkpoint"] + line}).status == 0
