"""The manual holds every key, and its examples work."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from admin.config import Config, load
from admin.config.categories import BUILT_IN
from admin.config.document import parse_document
from admin.config.manual import keys, reference, words
from blocklists.catalogue import load_catalogue

KEYS = dict(keys())
PLACEHOLDERS = {"lists[]": "lists", "subscribers[]": "subscribers"}


def test_every_key_is_a_heading_of_the_manual() -> None:
    headings = {line.lstrip("# ") for line in reference().splitlines() if line.startswith("##")}
    assert set(KEYS) <= headings


def test_the_keys_are_those_of_the_design() -> None:
    top = {path for path in KEYS if "." not in path}
    assert top == {
        *("node", "data_dir", "resolver", "gateway", "lists", "categories", "profiles", "subscribers"),
        *("identity", "admin", "default_profile", "audit", "telemetry"),
    }
    for path in (
        "resolver.cache.size",
        "lists[].max_shrink",
        "profiles.ID.safe_search",
        "resolver.zones[].file",
    ):
        assert path in KEYS


@pytest.mark.parametrize("path", KEYS)
def test_every_key_has_a_meaning_a_type_and_an_example(path: str) -> None:
    info = KEYS[path]
    assert info.description
    assert info.description.rstrip().endswith(".")
    assert words(info)
    assert info.examples


# What else a section needs so that the example of one of its keys stands in a whole file.
COMPANIONS: dict[str, dict[str, object]] = {
    "lists[]": {
        "id": "a",
        "url": "file:a",
        "format": "domains",
        "kind": "illegal",
        "categories": ["gambling"],
    },
    "lists[].transfer": {"zone": "rpz.hotline.example", "primaries": ["192.0.2.53"]},
    "lists[].transfer.tsig": {"name": "weir.hotline.example", "secret": "credential:hotline-tsig"},
    "lists[].signature": {"kind": "minisign", "public_key": "/etc/weir/hotline.pub"},
    "lists[].hashes": {"shape": "expression"},
    "subscribers[]": {"id": "a", "profile": "strict", "addresses": ["192.0.2.1"]},
    "resolver.zones[]": {"name": "home.example", "file": "zones/home.example.zone"},
    "categories.ID": {"title": "x"},
}

# The same for single keys and all below them; None takes away what the section has otherwise.
PARTICULAR: dict[str, dict[str, dict[str, object]]] = {
    "lists[].transfer": {"lists[]": {"url": None, "format": "rpz"}},
    "lists[].access.certificate": {"lists[].access": {"certificate_key": "credential:hotline-client-key"}},
    "lists[].access.certificate_key": {"lists[].access": {"certificate": "/etc/weir/hotline-client.pem"}},
    "lists[].fields": {"lists[]": {"format": "csv", "scope": "url"}, "lists[].fields": {"entry": "url"}},
    "lists[].fields.items": {"lists[]": {"format": "json"}, "lists[].fields": {"entry": "/url"}},
    "lists[].fields.scope": {"lists[].fields": {"scopes": {"page": "url"}}},
    "lists[].fields.scopes": {"lists[].fields": {"scope": "level"}},
    "lists[].hashes": {"lists[]": {"format": "hashes"}},
    "lists[].rpz": {"lists[]": {"format": "rpz"}},
    "lists[].rpz.override": {"lists[].rpz": {"cname": ""}},
    "lists[].rpz.cname": {"lists[].rpz": {"override": "cname"}},
}


@pytest.mark.parametrize("path", KEYS)
def test_every_example_can_be_written_as_it_stands(path: str, tmp_path: Path) -> None:
    (tmp_path / "zones").mkdir()
    (tmp_path / "zones/home.example.zone").touch()
    (tmp_path / "top.csv").write_text("1,popular.example\n")
    (tmp_path / "resolv.conf").write_text("nameserver 192.0.2.99\n")
    (tmp_path / "weir.yaml").write_text(json.dumps(file_with(path, KEYS[path])))  # JSON is YAML
    config = load(tmp_path / "weir.yaml", resolv_conf=tmp_path / "resolv.conf")
    assert re.split(r"\W", path)[0] in config.model_fields_set


def file_with(path: str, info: FieldInfo) -> dict[str, object]:
    """A whole file in which the example of one key stands at its place."""
    assert info.examples
    *parents, name = path.split(".")
    value: object = parse_document(f"{name}: {info.examples[0]}\n".encode(), Path("example.yaml"))[name]
    for depth in range(len(parents), -1, -1):
        parent = ".".join(parents[:depth])
        value = {**_companions(parent, path), "own" if name == "ID" else name.removesuffix("[]"): value}
        name = parents[depth - 1] if depth else ""
        value = [value] if name.endswith("[]") else value
    assert isinstance(value, dict)
    named = value.get("profiles", {})
    return {"default_profile": "strict", **value, "profiles": {"strict": {}, "open": {}, **named}}


def _companions(section: str, path: str) -> dict[str, object]:
    found = dict(COMPANIONS.get(section, {}))
    for key, needed in PARTICULAR.items():
        if path == key or path.startswith(f"{key}."):
            found |= needed.get(section, {})
    return {name: value for name, value in found.items() if value is not None}


def test_every_list_of_the_catalogue_can_be_enabled_with_one_line(read: Callable[[str], Config]) -> None:
    lines = "".join(f"  - {{catalogue: {name}}}\n" for name in load_catalogue())
    config = read(f"resolver: {{upstreams: [127.0.0.1:5399]}}\nlists:\n{lines}")
    assert [item.id for item in config.lists] == list(load_catalogue())


def test_every_category_of_the_catalogue_has_a_title() -> None:
    assert {name for entry in load_catalogue().values() for name in entry.categories} <= set(BUILT_IN)
