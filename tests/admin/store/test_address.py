"""From the configuration to the address of the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin.config import Config
from admin.config.database import DatabaseAddress
from admin.config.sections import AdminConfig
from admin.store.address import address_of
from admin.store.errors import UnavailableError


def config(folder: Path, database: str | None) -> Config:
    admin = AdminConfig(database=None if database is None else DatabaseAddress.parse(database))
    return Config(path=folder / "weir.yaml", data_dir=folder / "var", admin=admin)


def test_by_default_it_is_a_file_in_the_data_folder(tmp_path: Path) -> None:
    assert address_of(config(tmp_path, None)) == f"sqlite:{tmp_path}/var/weir.db"


def test_a_relative_file_starts_at_the_configuration(tmp_path: Path) -> None:
    assert address_of(config(tmp_path, "sqlite:db/weir.db")) == f"sqlite:{tmp_path}/db/weir.db"
    assert address_of(config(tmp_path, "sqlite:/srv/weir.db")) == "sqlite:/srv/weir.db"


def test_a_password_comes_out_of_a_file_or_a_credential(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql://weir:geheim@db.example/weir"
    (tmp_path / "database").write_text(url + "\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert address_of(config(tmp_path, "file:database")) == url
    assert (
        address_of(config(tmp_path, "postgres://weir@db.example/weir")) == "postgresql://weir@db.example/weir"
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("", "is empty"),
        ("mysql://root:geheim@db/weir", "not the address of a database"),
        ("file:elsewhere", "leads on to file:elsewhere"),
    ],
)
def test_what_leads_to_no_address_is_said_without_its_content(
    tmp_path: Path, content: str | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "database").write_text(content)
    with pytest.raises(UnavailableError, match=words) as caught:
        address_of(config(tmp_path, "file:database"))
    assert "geheim" not in str(caught.value)
