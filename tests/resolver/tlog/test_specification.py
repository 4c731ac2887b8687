"""README.md is the specification for others: its table of types says what ``leaf_types`` does."""

from __future__ import annotations

import re
from pathlib import Path

import resolver.tlog
from resolver.tlog.leaf_types import SHAPES, LeafType

README = Path(str(resolver.tlog.__file__)).with_name("README.md").read_text(encoding="utf-8")
ABOUT_LISTS = "src"
"""The key that may stand in every leaf about a list; the table leaves it out."""


def rows() -> list[list[str]]:
    """The cells of the table of types, row by row."""
    table = README.partition("| type | moves |")[2].partition("\n\n")[0]
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in table.split("\n")[2:]
        if line
    ]


def test_the_table_has_every_type_once() -> None:
    found = [name for row in rows() for name in re.findall(r"`([a-z.-]+)`", row[0])]
    assert sorted(found) == sorted(kind.value for kind in LeafType)


def test_the_table_has_every_key_and_says_which_may_be_missing() -> None:
    for names, moves, keys, _ in rows():
        shapes = [SHAPES[LeafType(name)] for name in re.findall(r"`([a-z.-]+)`", names)]
        assert {shape.moves for shape in shapes} == {moves == "yes"}, names
        told = set(re.findall(r"`(\w+)`(\??)", keys)) - {("on", "")}
        required = {(key, "") for shape in shapes for key in shape.required}
        optional = {(key, "?") for shape in shapes for key in shape.optional if key != ABOUT_LISTS}
        assert told == required | optional, names
