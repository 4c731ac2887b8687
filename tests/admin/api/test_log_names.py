"""The closed table of what is served of the public log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.api.log_names import is_folder, kind_of
from resolver.tlog.tiles import entries_path, tile_path

HEX = "0123456789abcdef" * 4
FOREVER = "public, max-age=31536000, immutable"

NAMES = [
    ("checkpoint", "text/plain; charset=utf-8", "public, max-age=5"),
    ("2026/checkpoint", "text/plain; charset=utf-8", "public, max-age=5"),
    ("2026b/tile/0/000", "application/octet-stream", FOREVER),
    ("tile/entries/x001/x234/067.p/255", "application/octet-stream", FOREVER),
    ("tile/63/000", "application/octet-stream", FOREVER),
    ("cp/0", "text/plain; charset=utf-8", FOREVER),
    (f"state/{HEX}.json", "application/json", FOREVER),
    ("proof/17.tlog-proof", "text/plain; charset=utf-8", FOREVER),
    ("policy.txt", "text/plain; charset=utf-8", "public, max-age=60"),
    ("keys.json", "application/json", "public, max-age=60"),
    ("verify.py", "text/plain; charset=utf-8", "public, max-age=60"),
    ("index.de.html", "text/html; charset=utf-8", "public, max-age=60"),
    ("reports/index.json", "application/json", "public, max-age=60"),
    ("reports/2026-01.de.html", "text/html; charset=utf-8", "public, max-age=60"),
    ("reports/2026.en.pdf", "application/pdf", "public, max-age=60"),
    ("stats/2026-01.json", "application/json", "public, max-age=60"),
]


@pytest.mark.parametrize(("name", "content_type", "cache"), NAMES)
def test_what_is_served(name: str, content_type: str, cache: str) -> None:
    kind = kind_of(name)
    assert kind is not None
    assert (kind.content_type, kind.cache) == (content_type, cache)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "tile/",
        "tile/entries",
        "tile/64/000",
        "tile/00/000",
        "tile/0/0",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/012",
        "tile/0/x1/000",
        "cp/01",
        "cp/-1",
        "cp/1\n",
        "cp/٣",  # digits, but none of ours
        f"state/{HEX.upper()}.json",
        f"state/{HEX}.json/",
        "state/..json",
        "../log.vkey",
        "2026/../checkpoint",
        "2026/2025/checkpoint",
        "/checkpoint",
        "./checkpoint",
        "checkpoint\0",
        ".index.html.tmp",
        "reports/.2026-01.json.tmp",
        "reports/../../vault.key",
        "index.html.gz",
        "log-keys/actor.key",
    ],
)
def test_what_is_not(name: str) -> None:
    assert kind_of(name) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", True),
        ("2026/", True),
        ("reports/", True),
        ("2026b/reports/", True),
        ("tile/", False),
        ("x", False),
    ],
)
def test_folders_with_a_page(name: str, expected: bool) -> None:
    assert is_folder(name) is expected


@given(st.integers(0, 63), st.integers(0, 10**15), st.integers(1, 256))
def test_every_tile_that_a_log_can_have_is_served(level: int, number: int, width: int) -> None:
    assert kind_of(tile_path(level, number, width)) is not None
    assert kind_of(entries_path(number, width)) is not None


@given(st.text(alphabet="./x0129abp-_\\%\0 ", max_size=30))
def test_no_name_has_a_part_that_leads_elsewhere(name: str) -> None:
    if kind_of(name) is not None:
        assert all(part and not part.startswith(".") for part in name.split("/"))
