"""How the index key reaches the data plane: whole, for the group only, on tmpfs where there is some."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from admin.config import Config
from admin.services.index_key import share_index_key, vault_key
from admin.services.place import Place
from blocklists.properties import Secret
from blocklists.vault import VaultKeyError
from resolver.tables.index_key import FILE, read_index_key

KEY, OTHER = bytes(range(16)), bytes(range(16, 32))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def test_it_lies_in_the_run_folder(run: Path) -> None:
    assert share_index_key(run, KEY, {}) == run / FILE
    assert stat.S_IMODE((run / FILE).stat().st_mode) == 0o640
    share_index_key(run, OTHER, {})
    assert read_index_key(run) == OTHER
    assert [path.name for path in run.iterdir()] == [FILE]


def test_systemd_gives_a_folder_on_tmpfs(run: Path, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    share_index_key(run, OTHER, {})
    environ = {"RUNTIME_DIRECTORY": f"{given}:{tmp_path / 'second'}"}
    for _ in range(2):
        assert share_index_key(run, KEY, environ) == given / FILE
        assert (run / FILE).readlink() == given / FILE
        assert read_index_key(run) == KEY
    share_index_key(run, OTHER, {})  # no longer under systemd
    assert not (run / FILE).is_symlink()
    assert (given / FILE).read_bytes() == KEY


def test_what_a_killed_process_left_is_no_hindrance(run: Path, tmp_path: Path) -> None:
    (run / f".{FILE}.new").write_bytes(b"half")
    (run / f".{FILE}.tmp").symlink_to(tmp_path / "nowhere")
    share_index_key(run, KEY, {"RUNTIME_DIRECTORY": str(tmp_path)})
    assert read_index_key(run) == KEY


def test_the_configured_key_or_the_boxs_own(config: Config, tmp_path: Path) -> None:
    config = config.model_copy(update={"data_dir": tmp_path})
    own = vault_key(config)
    assert Place(tmp_path).vault_key.exists()
    assert vault_key(config).index_key == own.index_key
    path = tmp_path / "configured"
    path.write_bytes(bytes(32))
    path.chmod(0o600)
    vault = config.admin.vault.model_copy(update={"key": Secret(path=str(path))})
    changed = config.model_copy(update={"admin": config.admin.model_copy(update={"vault": vault})})
    with pytest.raises(VaultKeyError, match="configured"):
        vault_key(changed)


def test_a_full_disk_keeps_the_key_that_is_there(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share_index_key(run, KEY, {})

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.open", full)
        share_index_key(run, KEY, {})
        with pytest.raises(OSError, match="No space"):
            share_index_key(run, OTHER, {})
    assert read_index_key(run) == KEY
    assert [path.name for path in run.iterdir()] == [FILE]
