"""``weir audit blocked`` over whole logs: verified first, then asked; what was tampered with is never believed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from admin.audit import verifier
from admin.cli.app import run
from resolver.tlog import manifests
from resolver.tlog.commitments import commit
from resolver.tlog.manifests import ListState, Manifest

BEGIN = 1_700_000_000
BETS, LATER, WATCH = b"domain bets.example\n", b"domain other.example\n", b"host illegal.example\n"
OPENING = b"o" * 32
Ask = Callable[..., tuple[int, str, str]]


def state(bets: bytes, enf: str = "all") -> bytes:
    lists = {
        "bets": ListState("public", raw=hashlib.sha256(bets).hexdigest(), kind="category", enf=enf),
        "watch": ListState("secret", commit=commit(OPENING, WATCH).hex(), kind="illegal"),
    }
    return manifests.encode(Manifest(lists, {"strict": ("bets", "watch"), "open": ("watch",)}, "1+x"))


@pytest.fixture
def log(make_log: Callable[..., Any]) -> Any:
    """Its leaves are one minute apart: begun, listed, served, another version, suspended."""
    made = make_log(now=BEGIN)
    made.add("log.init", state(b""), origin=made.origin, vkey=made.signers[0].key.text).publish()
    made.add("list.sync", state(BETS), list="bets").add("publish", snap="5" * 64)
    made.add("enforce", node="r1", snap="5" * 64, served=made.state).publish()
    made.add("list.sync", state(LATER), list="bets")
    return made.add("list.suspend", state(LATER, "nothing"), list="bets").publish()


@pytest.fixture
def ask(log: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    """``ask(name, minute, *options)``, with every text at hand."""
    for path, data in log.files().items():
        (tmp_path / "log" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "log" / path).write_bytes(data)
    (tmp_path / "log.vkey").write_text(f"# the log's\n{log.signers[0].key.text}\n")
    for name, data in {"bets": BETS, "later": LATER, "watch": WATCH}.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "opening").write_text(OPENING.hex() + "\n")

    def command(name: str, minute: float, *options: str) -> tuple[int, str, str]:
        at = datetime.fromtimestamp(BEGIN + 60 * minute, UTC).isoformat()
        where = ("--log", str(tmp_path / "log"), "--key", str(tmp_path / "log.vkey"))
        texts = ("--text", f"bets={tmp_path}/bets", "--text", f"watch={tmp_path}/watch")
        opening = ("--opening", f"watch={tmp_path}/opening")
        status = run(["audit", "blocked", name, "--at", at, *where, *texts, *opening, *options])
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def test_a_name_was_blocked_while_its_list_said_so(ask: Ask) -> None:
    status, out, _ = ask("www.bets.example", 3.5, "--profile", "strict")
    assert status == 1
    assert "answer   listed" in out
    assert "the list asks for block at www.bets.example" in out
    assert "leaf 2," in out
    assert ask("www.bets.example", 3.5, "--profile", "open")[0] == 0
    assert ask("www.bets.example", 3.5)[0] == 0
    assert ask("illegal.example", 3.5)[0] == 1
    assert ask("https://illegal.example/page", 3.5)[0] == 1
    assert ask("illegal.example", 3.5, "--opening", f"watch={'00' * 32}")[0] == 3


def test_other_times_have_other_answers(ask: Ask, tmp_path: Path) -> None:
    assert ask("bets.example", 1.5, "--profile", "strict")[0] == 3  # the text is that of another version
    assert ask("bets.example", 5.5, "--profile", "strict")[0] == 3
    later = ("--profile", "strict", "--text", f"bets={tmp_path}/later")
    assert ask("bets.example", 5.5, *later)[0] == 0
    assert ask("other.example", 5.5, *later)[0] == 1
    assert ask("other.example", 6.5, *later)[0] == 0  # suspended
    assert ask("bets.example", 0.5)[0] == 3  # before the log
    assert ask("bets.example", 60 * 48)[0] == 3  # long after it


def test_programs_get_all_there_is(ask: Ask) -> None:
    status, out, _ = ask("http://bets.example/x?y", 4.5, "--profile", "strict", "--json")
    found = json.loads(out)
    assert status == 1
    assert (found["name"], found["url"], found["outcome"]) == ("bets.example", "bets.example/x?y", "listed")
    assert (found["leaf"], found["next"]) == ([3, BEGIN + 240], [4, BEGIN + 300])
    assert found["served"] == {"r1": BEGIN + 240}
    assert [one["list"] for one in found["lists"]] == ["bets", "watch"]
    assert found["state"] == hashlib.sha256(state(BETS)).hexdigest()


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--profile", "other"), 2, "no profile 'other'"),
        (("--text", "bets"), 2, "write the id of a list"),
        (("--text", "bets=nowhere"), 2, "nowhere"),
        (("--opening", "watch=nothing"), 2, "nothing"),
        (("--protected", "nowhere"), 2, "nowhere"),
        (("--log", "nowhere"), 3, "cannot tell"),
        (("--key", "nowhere"), 2, "nowhere"),
    ],
)
def test_what_is_wrong_is_said(ask: Ask, options: tuple[str, ...], status: int, words: str) -> None:
    found, _, err = ask("bets.example", 3.5, *options)
    assert found == status
    assert words in err


def test_a_name_that_is_none_and_a_time_that_is_none(ask: Ask) -> None:
    assert ask("..", 3.5)[0] == 2
    assert ask("bets.example", 3.5, "--at", "yesterday")[0] == 2


def test_a_log_that_was_changed_is_not_believed(ask: Ask, log: Any, tmp_path: Path, make_signer: Any) -> None:
    manifest = tmp_path / "log" / "state" / f"{hashlib.sha256(state(BETS)).hexdigest()}.json"
    kept = manifest.read_bytes()
    manifest.write_bytes(state(b""))
    assert ask("bets.example", 3.5)[0] == 1
    manifest.write_bytes(kept)
    (tmp_path / "log.vkey").write_text(make_signer(2).key.text)
    status, out, err = ask("bets.example", 3.5)
    assert status == 1
    assert "not what it says" in err
    assert out == ""


def test_a_key_that_is_none_is_refused(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "log.vkey").write_text("no key")
    assert ask("bets.example", 3.5)[0] == 2


def test_a_server_that_changes_its_word_is_not_believed(
    ask: Ask, log: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest that was verified is the one that is asked, though it is read once more."""
    path = f"state/{hashlib.sha256(state(BETS)).hexdigest()}.json"
    read, asked = verifier.Source.read, list[str]()

    def changing(source: verifier.Source, name: str) -> bytes | None:
        asked.append(name)
        return state(b"") if asked.count(path) > 1 and name == path else read(source, name)

    monkeypatch.setattr(verifier.Source, "read", changing)
    status, out, err = ask("www.bets.example", 3.5, "--profile", "strict")
    assert (status, out) == (1, "")
    assert f"{path}: missing, or its content has another hash" in err
