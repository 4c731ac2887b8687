"""``weir tokens``: made on the box, whether control runs or not; the secret is printed once."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from admin.cli.app import run

CONFIG = "data_dir: var\nprofiles: {strict: {}}\ndefault_profile: strict\n"


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "var").mkdir()
    (tmp_path / "weir.yaml").write_text(CONFIG)
    return str(tmp_path / "weir.yaml")


def create(config: str, *more: str) -> int:
    return run(["tokens", "create", "--role", "list-manager", "--holder", "Anna", *more, "-c", config])


def test_a_token_is_printed_once_and_listed_without_its_secret(config: str, capsys: Any) -> None:
    assert create(config, "--expires", "90d", "--scopes", "lists:read, check") == 0
    made = capsys.readouterr()
    token = made.out.strip()
    assert re.fullmatch(r"weir_[0-9a-f]{64}", token)
    assert token not in made.err
    assert run(["tokens", "list", "-c", config]) == 0
    listed = capsys.readouterr().out
    assert token not in listed
    assert "list-manager  check,lists:read  Anna" in listed
    assert "valid" in listed


def test_a_token_is_revoked(config: str, capsys: Any) -> None:
    create(config)
    token_id = capsys.readouterr().err.split()[2]
    assert run(["tokens", "revoke", token_id, "--reason", "lost", "-c", config]) == 0
    capsys.readouterr()
    run(["tokens", "list", "-c", config])
    assert "all of the role" in (out := capsys.readouterr().out)
    assert out.rstrip().endswith("revoked")
    assert run(["tokens", "revoke", "nothing", "-c", config]) == 1
    assert "there is no token 'nothing'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--role", "auditr", "--holder", "Bob"], "did you mean `auditor`"),
        (["--role", "auditor", "--holder", "Bob", "--scopes", "lists:rite"], "`lists:rite` is no scope"),
        (["--role", "auditor", "--holder", "Bob", "--scopes", "lists:write"], "beyond the role auditor"),
        (["--role", "auditor", "--holder", " "], "holder: name the person"),
        (["--role", "auditor", "--holder", "Bob", "--expires", "90"], "not a duration"),
        (["--role", "auditor", "--holder", "Bob", "--expires", "0s"], "lies in the past"),
    ],
)
def test_what_makes_no_sense_is_usage(config: str, capsys: Any, arguments: list[str], words: str) -> None:
    assert run(["tokens", "create", *arguments, "-c", config]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""


def test_without_tokens_the_list_says_so(config: str, capsys: Any) -> None:
    assert run(["tokens", "list", "-c", config]) == 0
    assert capsys.readouterr().out == "there are no tokens\n"


def test_before_the_first_start_there_is_no_folder(config: str, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "var").rmdir()
    assert create(config) == 1
    assert "start the appliance once" in capsys.readouterr().err


def test_another_user_would_lock_control_out(
    config: str, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert create(config) == 1
    assert f"sudo -u '#{owner}' weir tokens" in capsys.readouterr().err
    assert list((tmp_path / "var").iterdir()) == []


def test_a_database_that_cannot_be_used_is_not_no(config: str, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "var" / "weir.db").write_bytes(b"nonsense " * 100)
    assert create(config) == 3
    assert "restore a backup" in capsys.readouterr().err


def test_tokens_are_made_in_postgresql_too(config: str, cluster: Any, capsys: Any) -> None:
    path = Path(config)
    path.write_text(CONFIG + f"admin: {{database: {json.dumps(cluster.new_database())}}}\n")
    assert create(config) == 0
    capsys.readouterr()
    assert run(["tokens", "list", "-c", config]) == 0
    assert "Anna" in capsys.readouterr().out
