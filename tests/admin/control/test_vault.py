"""The vault at the start of control: the key is read, the index key handed on, and what a thief would learn is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import structlog

from admin.config import load
from admin.control.vault import open_vault, tell_of_strays
from blocklists.vault import VaultKeyError
from resolver.tables.index_key import FILE, read_index_key

GOOD = "8f1e6d0a94b27c35e0d1f8a6437b5c2961ae0fd27493b8c50de6157af2389b4c"
VAULT = "admin: {vault: {key: key}}\n"


@pytest.fixture
def configured(world: Any) -> Path:
    """A good key beside the configuration."""
    path: Path = world.folder / "key"
    path.write_text(GOOD)
    path.chmod(0o600)
    return path


def opened(world: Any, environ: dict[str, str]) -> list[str]:
    """Opens the vault; what was logged."""
    world.place.create()
    with structlog.testing.capture_logs() as logs:
        key = open_vault(load(world.config_path), environ, 7.0)
    assert read_index_key(world.place.run) == key.index_key
    told = [str(entry) for entry in logs]
    assert not any(key.index_key.hex() in line or GOOD in line for line in told)
    return told


def test_the_boxs_own_key_is_no_protection_against_thieves(world: Any, watch: str) -> None:
    world.write(watch)
    (told,) = opened(world, {})
    assert "a stolen disk or backup tells" in told
    assert "vault.key" in told


def test_without_secret_lists_there_is_nothing_to_say(world: Any, bets: str) -> None:
    world.write(bets)
    assert opened(world, {}) == []


def test_a_configured_key_and_a_folder_on_tmpfs(
    world: Any, watch: str, configured: Path, tmp_path: Path
) -> None:
    world.write(watch, more=VAULT)
    (told,) = opened(world, {})
    assert "keep that on tmpfs" in told
    given = tmp_path / "given"
    given.mkdir()
    assert opened(world, {"RUNTIME_DIRECTORY": str(given)}) == []
    assert (world.place.run / FILE).readlink() == given / FILE
    assert not world.place.vault_key.exists()


def test_a_key_that_others_may_read_ends_the_start(world: Any, watch: str, configured: Path) -> None:
    configured.chmod(0o644)
    world.write(watch, more=VAULT)
    world.place.create()
    with pytest.raises(VaultKeyError, match="chmod 600"):
        open_vault(load(world.config_path), {}, 7.0)
    assert not (world.place.run / FILE).exists()


async def test_another_key_waits_for_a_restart(world: Any, bets: str, configured: Path) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    controller = world.controller()
    await controller.start()
    world.write(bets, more=VAULT)
    result = await controller.reload()
    assert not result.accepted
    assert "admin.vault.key" in result.problems[0]


def test_what_is_kept_of_a_list_that_is_gone_is_said(world: Any, bets: str, watch: str) -> None:
    world.write(bets, watch)
    world.place.create()
    folder = world.place.lists / "watch"
    folder.mkdir()
    (folder / "key").write_bytes(b"wrapped")
    with structlog.testing.capture_logs() as logs:
        tell_of_strays(load(world.config_path))
        assert logs == []
        world.write(bets)
        tell_of_strays(load(world.config_path))
    assert [entry["folder"] for entry in logs] == [str(folder)]


def test_texts_that_another_key_sealed_are_said_to_be_lost(world: Any, watch: str) -> None:
    world.write(watch)
    world.place.create()
    (world.place.lists / "watch").mkdir()
    (world.place.lists / "watch" / "key").write_bytes(b"wrapped by another")
    with structlog.testing.capture_logs() as logs:
        open_vault(load(world.config_path), {}, 7.0)
    assert any("weir vault rotate --from" in str(entry) for entry in logs)
