"""Public suffixes: what may not be blocked with all its customers."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocklists.canonical import to_ascii
from blocklists.suffixes import is_public_suffix, public_suffixes, registered_part


@pytest.mark.parametrize(
    "name", ["co.uk", "com", "blogspot.com", "xn--55qx5d.cn", "anything.ck", "kobe.jp", "unheard-of"]
)
def test_suffixes(name: str) -> None:
    assert is_public_suffix(name)


@pytest.mark.parametrize(
    "name", ["example.com", "bbc.co.uk", "me.blogspot.com", "www.ck", "city.kobe.jp", "a.anything.ck"]
)
def test_no_suffixes(name: str) -> None:
    assert not is_public_suffix(name)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("a.b.example.com", "example.com"),
        ("example.com", "example.com"),
        ("com", "com"),
        ("www.ck", "www.ck"),
        ("a.www.ck", "www.ck"),
        ("a.b.other.ck", "b.other.ck"),
        ("jane.blogspot.com", "blogspot.com"),  # the private section does not count
        ("a.xn--p1ai", "a.xn--p1ai"),
        ("printer.lan", None),
        ("lan", None),
        ("", None),
    ],
)
def test_what_somebody_registered(name: str, part: str | None) -> None:
    assert registered_part(name) == part


def test_the_set_holds_plain_rules_and_parents_of_wildcards() -> None:
    suffixes = public_suffixes()
    assert {"com", "co.uk", "blogspot.com", "xn--p1ai", "ck", "kobe.jp"} <= suffixes
    assert not {"www.ck", "city.kobe.jp", "example.com"} & suffixes
    assert all(
        name.isascii() and name == name.lower() and not name.startswith(("!", "*")) for name in suffixes
    )
    assert len(suffixes) > 9_000


def test_nearly_all_rules_of_another_edition_are_known(shared_data: Path) -> None:
    lines = (shared_data / "psl/public_suffix_list.dat").read_text("utf-8").splitlines()
    rules = [to_ascii(line) for line in lines if line and not line.startswith(("//", "*", "!"))]
    known = sum(is_public_suffix(rule) for rule in rules)
    assert len(rules) > 9_000
    assert known / len(rules) > 0.97
