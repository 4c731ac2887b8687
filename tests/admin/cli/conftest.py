"""A small appliance on disk, and the command as a person runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from admin.cli.app import run

CONFIG = """\
data_dir: var
resolver: {upstreams: ["127.0.0.1:5399"]}
gateway: {answer: {ipv4: 192.0.2.80, ipv6: "2001:db8::80"}}
lists:
  - {id: bets, url: file:bets.txt, format: domains, kind: category, categories: [gambling]}
  - {id: vault, url: file:vault.txt, format: domains, kind: illegal, confidentiality: secret}
profiles: {strict: {block: [gambling]}, open: {}}
default_profile: strict
subscribers: [{id: home-17, profile: open, addresses: [127.0.0.17]}]
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the command runs."""
    (tmp_path / "weir.yaml").write_text(CONFIG)
    (tmp_path / "bets.txt").write_text("bets.example\n")
    (tmp_path / "vault.txt").write_text("secret.example\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WEIR_CONFIG", raising=False)
    return tmp_path


@pytest.fixture
def weir(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command; status, standard output, standard error."""

    def command(*arguments: str) -> tuple[int, str, str]:
        status = run(list(arguments))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return command
