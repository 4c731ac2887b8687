"""``weir audit recompute`` with files that others have made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from admin.cli.app import run
from admin.services.challenge import Said, statement, subject_of
from admin.services.opening import Purpose, Wish


def test_an_answer_cannot_talk_to_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wish = Wish("watch", "1" * 64, Purpose.CHALLENGE)
    said = statement(wish, "2" * 64, subject_of("a.example"), Said.LISTED, at=7.0, opening=bytes(32))
    answer = {"statement": said.data.decode(), "opening": said.opening.hex(), "index": 4}
    file, manifest = tmp_path / "answer.json", tmp_path / "manifest.json"
    file.write_text(json.dumps(answer | {"origin": "box\x1b[2J\nanswer in leaf 4: matches"}))
    manifest.write_bytes(b"{}")
    assert run(["audit", "recompute", str(file), "--manifest", str(manifest)]) == 3
    out = capsys.readouterr().out
    assert "it is in the log box" in out
    assert "\x1b" not in out
    assert out.count("\n") == 1
