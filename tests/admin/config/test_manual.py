"""The manual holds every key, and its examples work."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml
from pydantic.fields import FieldInfo

from admin.config import Config
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
    for path in ("resolver.cache.size", "lists[].max_shrink", "profiles.ID.safe_search", "resolver.zones[].file"):
        assert path in KEYS


@pytest.mark.parametrize("path", KEYS)
def test_every_key_has_a_meaning_a_type_and_an_example(path: str) -> None:
    info = KEYS[path]
    assert info.description
    assert info.description.rstrip().endswith(".")
    assert words(info)
    assert info.examples


# What else the section of a key needs so that an example stands in a whole file.
_COMPANIONS = {
    "lists[]": {"id": "a", "url": "file:a", "format": "domains", "kind": "category", "categories": ["gambling"]},
    "subscribers[]": {"id": "a", "profile": "strict", "addresses": ["192.0.2.1"]},
    "resolver.zones[]": {"name": "home.example", "file": "home.zone"},
    "categories.ID": {"title": "x"},
}


@pytest.mark.parametrize("path", KEYS)
def test_every_example_can_be_written_as_it_stands(path: str, read: Callable[[str], Config], tmp_path: object) -> None:
    config = read(yaml.safe_dump(_file_with(path, KEYS[path])))
    assert path.partition(".")[0].removesuffix("[]") in config.model_fields_set


def _file_with(path: str, info: FieldInfo) -> dict[str, object]:
    """A file in which the example of one key stands at its place."""
    parent, _, name = path.rpartition(".")
    document = parse_document(f"{name}: {info.examples[0]}\n".encode(), path=__import__("pathlib").Path("x"))
    value: object = {**_COMPANIONS.get(parent, {}), name: document[name]}
    for step in reversed(parent.split(".") if parent else []):
        value = {"own": value} if step == "ID" else value
        value = {step.removesuffix("[]"): [value] if step.endswith("[]") else value} if step != "ID" else value
    assert isinstance(value, dict)
    profiles = {"strict": {}, "open": {}, "own": {}}
    file: dict[str, object] = {"profiles": profiles, "default_profile": "strict", **value}
    if isinstance(file["profiles"], dict):
        file["profiles"] = {**profiles, **file["profiles"]}
    if path == "admin.listen":
        return file
    file.setdefault("resolver", {})
    return file


def test_every_list_of_the_catalogue_can_be_enabled_with_one_line(read: Callable[[str], Config]) -> None:
    lines = "".join(f"  - {{catalogue: {name}}}\n" for name in load_catalogue())
    config = read(f"resolver: {{upstreams: [127.0.0.1:5399]}}\nlists:\n{lines}")
    assert [item.id for item in config.lists] == list(load_catalogue())


def test_every_category_of_the_catalogue_has_a_title() -> None:
    assert {name for entry in load_catalogue().values() for name in entry.categories} <= set(BUILT_IN)
