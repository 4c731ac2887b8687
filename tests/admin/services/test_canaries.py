"""Names that a list of the database may have as its canary."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin.config import Config, load
from admin.config.lists import ListConfig
from admin.services.canaries import canary_fault

LIST = {"url": "https://lists.example/one", "format": "domains", "kind": "illegal"}
FILE = """\
node: edge.isp.net
data_dir: var
lists: [{id: file, url: "https://lists.example/file", format: domains, kind: illegal, canary: canary.bank.com}]
resolver: {zones: [{name: home.isp.org, file: home.zone}]}
"""
ZONE = "$ORIGIN home.isp.org.\n@ 60 IN SOA ns.home.isp.org. a.home.isp.org. 1 60 60 60 60\n@ 60 IN NS ns.home.isp.org.\n"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "home.zone").write_text(ZONE)
    (tmp_path / "weir.yaml").write_text(FILE)
    return load(tmp_path / "weir.yaml")


def _list(name: str | None, list_id: str = "one") -> ListConfig:
    return ListConfig.model_validate({**LIST, "id": list_id, "canary": name})


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        (None, True),
        ("canary.test", True),
        ("canary.isp.example", True),
        ("canary.example.org", True),
        ("canary.edge.isp.net", True),
        ("a.home.isp.org", True),
        ("canary.isp.net", False),
        ("google.com", False),
        ("notatest", False),
        ("evil-test", False),
        ("x.invalid", False),
        ("canary.bank.com", False),  # the file's own
    ],
)
def test_names_of_others_are_refused(config: Config, name: str | None, allowed: bool) -> None:
    try:
        item = _list(name)
    except ValueError:
        assert not allowed
    else:
        assert (canary_fault(item, config, []) == "") is allowed


def test_two_lists_never_share_a_canary(config: Config) -> None:
    fault = canary_fault(_list("canary.test"), config, [_list("canary.test", "two")])
    assert "list two already" in fault
