"""Built-in zones: what a master file may say, and where its mistakes are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.config.zones import DEFAULT_TTL, MAX_ZONE_BYTES, ZoneError, parse_zone, read_zone
from resolver.tables.model import LocalRecord

GOOD = """\
$TTL 1h
@        IN SOA ns hostmaster ( 1 2h
                  15m 4w 5m )
         NS ns
ns       A 192.0.2.53
www 60   A 192.0.2.1
         AAAA 2001:db8::1
*.any    CNAME www
$ORIGIN below.home.example.
deep     TXT "two words"
"""


def test_a_master_file_gives_its_records() -> None:
    records = parse_zone("home.example", GOOD)
    assert LocalRecord("www.home.example", "A", 60, "192.0.2.1") in records
    assert LocalRecord("www.home.example", "AAAA", 3600, "2001:db8::1") in records
    assert LocalRecord("*.any.home.example", "CNAME", 3600, "www.home.example.") in records
    assert LocalRecord("deep.below.home.example", "TXT", 3600, '"two words"') in records
    assert len(records) == 7


def test_records_without_a_ttl_have_a_short_one() -> None:
    assert parse_zone("lan", "tv A 192.0.2.7\n") == (LocalRecord("tv.lan", "A", DEFAULT_TTL, "192.0.2.7"),)


def test_an_empty_zone_is_a_zone() -> None:
    assert parse_zone("home.example", "; nothing yet\n") == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("www A 192.0.2\n", 1),
        ("www A 192.0.2\n\n\n", 1),
        ("a A 192.0.2.1\nwww A\nb A 192.0.2.1\n", 2),
        ("a A 192.0.2.1\nb WHAT 1\n", 2),
        ("a A 192.0.2.1\n\nb A 192.0.2.1 extra\nc A 192.0.2.1\n", 3),
        ("$INCLUDE /etc/passwd\n", 1),
        ("a A 192.0.2.1\n$GENERATE 1-9999999 a$ A 192.0.2.1\n", 2),
        ("a A 192.0.2.1\na CNAME b\n", 2),
        (f"{'x' * 64} A 192.0.2.1\n", 1),
        ("a CH TXT x\n", 1),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ZoneError) as caught:
        parse_zone("home.example", text)
    assert caught.value.line == line
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("owner", ["www.elsewhere.example.", "example.", "nothome.example."])
def test_a_name_outside_the_zone_is_a_mistake(owner: str) -> None:
    with pytest.raises(ZoneError, match="does not lie in the zone"):
        parse_zone("home.example", f"{owner} A 192.0.2.1\n")


@given(st.text(alphabet=st.sampled_from('abz@$*.;()"\\ \t\n\r09ATXSOIN:é\0'), max_size=60))
def test_any_text_gives_records_or_a_zone_error(text: str) -> None:
    try:
        records = parse_zone("home.example", text)
    except ZoneError:
        return
    assert all(record.owner.lower().endswith("home.example") for record in records)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe", "not UTF-8"),
        (b";" * (MAX_ZONE_BYTES + 1), "larger than 4 MiB"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_so(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "zone").write_bytes(content)
    with pytest.raises(ZoneError, match=message) as caught:
        read_zone("home.example", tmp_path / "zone")
    assert caught.value.line == 0


def test_a_folder_is_no_zone_file(tmp_path: Path) -> None:
    with pytest.raises(ZoneError, match="cannot be read"):
        read_zone("home.example", tmp_path)
