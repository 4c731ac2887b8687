"""Logs that are made to harm whoever checks them: their terminal, their memory, their files, their trust in the verdict."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from admin.audit import verifier


def test_a_note_cannot_talk_to_the_terminal(check: Any, small_log: Any) -> None:
    """A signature line of somebody unknown is passed over, but not one with control characters (signed-note)."""
    files = small_log.files()
    for name in ("\x1b]0;owned\x07", "a\x00", "a\x7f", "a\x9b31m"):
        line = f"\u2014 {name} {'A' * 8}\n".encode()
        found = check(files | {"checkpoint": files["checkpoint"] + line})
        assert found.status == 1
        assert name not in found.out + found.err
        assert "not a signed checkpoint" in found.out
    line = b"\xe2\x80\x94 witness.example AAAAAAAA\n"
    assert check(files | {"checkpoint": files["checkpoint"] + line}).status == 0


def test_a_leaf_cannot_talk_to_the_terminal(check: Any, small_log: Any) -> None:
    small_log.add("list.later", **{"k\u202e": "\u202eOK", "more": "\x1b[2J\nOK: all is well"}).publish()
    found = check(small_log, "--events", "1")
    assert found.status == 0
    assert not {"\x1b", "\u202e"} & set(found.out)
    assert found.out.count("\nOK") == 1


def test_types_of_later_versions_fill_no_memory(check: Any, make_log: Any) -> None:
    log = make_log().begin()
    for number in range(300):
        log.add(f"later.{number}")
    found = check(log.publish(), "--events", "0")
    assert found.status == 0
    assert "2025-11 of a later version: 300\n" in found.out
    assert "later.7" not in found.out
    long = make_log().begin().add("x" * 41).publish()
    assert check(long).out.startswith("FAILED\nleaf 1 ")


def test_keys_fill_no_memory(
    check: Any, make_log: Any, make_signer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier, "KEYS", 3)
    log = make_log().begin()
    for number in range(2, 4):
        log.add("key.add", vkey=make_signer(number).key.text)
    assert check(log.publish()).status == 0
    log.add("key.add", vkey=make_signer(4).key.text).publish()
    found = check(log)
    assert found.status == 1
    assert "leaf 3 (bundle 0, entry 3): more than 3 keys" in found.out


@pytest.mark.parametrize("origin", ["a/..", "a/", "a/\u00fc", f"a/{'x' * 300}"])
def test_no_file_outside_the_log_is_read(
    check: Any, make_log: Any, make_signer: Any, write_files: Any, tmp_path: Path, origin: str
) -> None:
    """Where the log before is said to lie."""
    before = make_log(origin=origin, signers=[make_signer(1, origin)]).begin().publish()
    log = make_log().begin(last=before.note(1).decode()).publish()
    folder = write_files(log.files(), tmp_path / "outer" / "log")
    (folder.parent / "checkpoint").write_bytes(log.note(1))
    assert check(folder).status == 0


def test_a_log_before_with_a_strange_name_is_asked_for_nowhere(make_log: Any, make_signer: Any) -> None:
    """Names with other characters would make a web address that is none."""
    origin = "a/\u00fc?x"
    before = make_log(origin=origin, signers=[make_signer(1, origin)]).begin().publish()
    log = make_log().begin(last=before.note(1).decode()).publish()
    files: dict[str, bytes] = log.files()
    asked: list[str] = []

    class Served(verifier.Source):
        def read(self, path: str) -> bytes | None:
            asked.append(path)
            return files.get(path)

    key = verifier.Key.parse(make_signer().key.text)
    verifier.Replay(Served("nowhere"), [key], 1_795_400_000).run(lambda _: None)
    assert "--x/checkpoint" in asked


@pytest.mark.parametrize("text", ["no key", "", "a+b", "a+b+c", "a+00000000+AQ==", "ab" * 32])
def test_a_file_that_has_no_key_is_wrong_usage(
    check: Any, small_log: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """Its text is not printed: it may be the private key."""
    (tmp_path / "wrong").write_text(f"{text}\n")
    with pytest.raises(SystemExit) as end:
        check(small_log, "--key", str(tmp_path / "wrong"))
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert "key" in said
    assert not text or text not in said.partition("error:")[2]


def test_a_key_of_another_length_is_no_key(make_signer: Any) -> None:
    """It would seem to have signed badly, which accuses somebody."""
    name, raw = make_signer().key.name, b"\1" + bytes(31)
    ident = hashlib.sha256(f"{name}\n".encode() + raw).hexdigest()[:8]
    text = f"{name}+{ident}+{base64.b64encode(raw).decode()}"
    with pytest.raises(ValueError, match="no verifier key"):
        verifier.Key.parse(text)


@pytest.mark.parametrize("policy", ["log\nquorum none\n", "log nothing\nquorum none\n"])
def test_a_policy_that_names_no_key_is_wrong_usage(
    check: Any, small_log: Any, tmp_path: Path, policy: str
) -> None:
    (tmp_path / "policy.txt").write_text(policy)
    with pytest.raises(SystemExit) as end:
        check(small_log, "--policy", str(tmp_path / "policy.txt"))
    assert end.value.code == 2


@pytest.mark.parametrize("number", ["-1", "many", "9" * 30])
def test_a_number_of_events_that_is_none_is_wrong_usage(check: Any, small_log: Any, number: str) -> None:
    with pytest.raises(SystemExit) as end:
        check(small_log, f"--events={number}")
    assert end.value.code == 2
