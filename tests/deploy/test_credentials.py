"""The demonstration's tokens: made once, good for what their roles are, kept for their owner alone."""

from __future__ import annotations

import json
import stat
from functools import partial
from pathlib import Path

import pytest

from admin.config import load
from admin.services.actors import GRANTS
from admin.services.tokens import authenticate
from admin.store.address import address_of
from admin.store.database import Database
from deploy.demo.credentials import FILE_NAME, HOLDERS, keep, main, make_tokens


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "weir.yaml"
    path.write_text('data_dir: var\nresolver: {upstreams: ["127.0.0.1:5399"]}\n')
    return path


def test_they_are_printed_once_and_kept(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(config)]) == 0
    printed = capsys.readouterr().out
    kept = config.parent / "var" / FILE_NAME
    found = json.loads(kept.read_text())
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert found["api_token"] == found["tokens"]["operator-admin"]
    assert set(found["tokens"]) == {f"{role}-{holder}" for role, holder in HOLDERS}
    assert all(token in printed for token in found["tokens"].values())
    assert main([str(config)]) == 0
    assert capsys.readouterr().out == ""
    assert json.loads(kept.read_text()) == found


async def test_each_is_good_for_its_role(config: Path) -> None:
    loaded = load(config)
    loaded.data_dir.mkdir()
    tokens = await make_tokens(address_of(loaded), 1_800_000_000.0)
    database = await Database.open(address_of(loaded))
    for role, holder in HOLDERS:
        known = await database.look(partial(authenticate, tokens[f"{role}-{holder}"], 1_800_000_001.0))
        assert known is not None
        assert (known.actor.holder, known.actor.permissions) == (holder, GRANTS[role])
    await database.close()


def test_without_its_database_the_file_is_worth_nothing(config: Path) -> None:
    assert main([str(config)]) == 0
    kept = config.parent / "var" / FILE_NAME
    before = kept.read_text()
    for file in (config.parent / "var").glob("weir.db*"):
        file.unlink()
    assert main([str(config)]) == 0
    assert kept.read_text() != before


def test_a_file_that_was_left_half_written_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.with_name(f".{path.name}.tmp").write_text("{")
    keep(path, {"operator-admin": "weir_x"})
    assert json.loads(path.read_text())["api_token"] == "weir_x"


@pytest.mark.parametrize(("text", "status"), [("nonsense: 1\n", 2), ("data_dir: weir.yaml/var\n", 1)])
def test_what_cannot_be(config: Path, capsys: pytest.CaptureFixture[str], text: str, status: int) -> None:
    config.write_text(text)
    assert main([str(config)]) == status
    assert capsys.readouterr().err != ""
