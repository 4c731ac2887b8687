"""Where a list's signature may be said to lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from admin.config import Config

LISTS = """\
lists:
  - id: signed
    url: file:list.txt
    format: domains
    kind: security
    signature: {{kind: minisign, public_key: key.pub, url: "{url}"}}
"""


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", ""),
        ("file:list.sig", "file:{folder}/list.sig"),
        ("file:/etc/list.sig", "file:/etc/list.sig"),
        ("https://hotline.example/list.sig?v=1", "https://hotline.example/list.sig?v=1"),
    ],
)
def test_paths_start_at_the_configuration(
    url: str, expected: str, read: Callable[[str], Config], smallest: str, tmp_path: Path
) -> None:
    config = read(
        smallest.partition("lists:")[0]
        + LISTS.format(url=url)
        + "profiles: {open: {block: []}}\ndefault_profile: open\n"
    )
    (item,) = config.lists
    assert item.signature is not None
    assert item.signature.url == expected.format(folder=tmp_path)


@pytest.mark.parametrize("url", ["http://hotline.example/list.sig", "ftp://hotline.example/a", "list.sig"])
def test_other_addresses_are_refused(url: str, complaints: Callable[[str], list[str]], smallest: str) -> None:
    text = smallest.partition("lists:")[0] + LISTS.format(url=url)
    assert any("signature.url" in problem for problem in complaints(text))
