"""YAML as it is read: the traps of YAML that are closed, and files that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin.config.document import MAX_BYTES, MAX_DEPTH, MAX_KEYS, line_of, parse_document, read_document
from admin.config.problems import ConfigError

FILE = Path("weir.yaml")


def complaint(data: bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_document(data, FILE)
    assert all(str(problem).isprintable() for problem in caught.value.problems)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),  # Norway
        ("NO", "NO"),
        ("off", "off"),
        ("yes", "yes"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("tRue", "tRue"),
        ("'true'", "true"),
        ("~", None),
        ("", None),
        ("null", None),
        ("'null'", "null"),
        ("12", 12),
        ("-7", -7),
        ("'12'", "12"),
        ("012", "012"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),  # base 60 in YAML 1.1
        ("1.5", "1.5"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("2026-11-22", "2026-11-22"),
        ("9" * 5000, "9" * 5000),
        ("'a\\nb'", "a\\nb"),
        ('"a\\nb"', "a\nb"),
    ],
)
def test_plain_words_mean_what_they_seem_to(text: str, value: object) -> None:
    assert parse_document(f"key: {text}\n".encode(), FILE) == {"key": value}


@pytest.mark.parametrize("name", ["no", "true", "12", "~", "1.5", "2026-11-22", "<<"])
def test_keys_are_always_text(name: str) -> None:
    assert list(parse_document(f"{name}: x\n".encode(), FILE)) == [name]


def test_every_value_knows_its_line() -> None:
    document = parse_document(b"a:\n  - x\n  - b: 1\n    c: [y,\n      z]\n", FILE)
    assert [
        line_of(document, path) for path in [(), ("a",), ("a", 0), ("a", 1), ("a", 1, "c"), ("a", 1, "c", 1)]
    ] == [1, 1, 2, 3, 4, 5]


def test_a_missing_value_has_the_line_of_what_should_hold_it() -> None:
    document = parse_document(b"a:\n  - x\n  - b: 1\n", FILE)
    assert line_of(document, ("a", 1, "zzz")) == 3
    assert line_of(document, ("a", 99)) == 1
    assert line_of(document, ("zzz", 0)) == 1


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "weir.yaml: the file is empty"),
        (b"# only a comment\n", "weir.yaml: the file is empty"),
        (b"\xef\xbb\xbf", "weir.yaml: the file is empty"),
        (b"text", "weir.yaml:1: the file must be a mapping"),
        (b"a: 1\nb: \xff\n", "weir.yaml:2: not UTF-8"),
        ("a: ä".encode("latin-1"), "weir.yaml:1: not UTF-8"),
        ("a: 1".encode("utf-16"), "weir.yaml:1: not UTF-8"),
        (b"a: 1\nb: \x07\n", "weir.yaml:2: a control character"),
        (b"a:\n\tb: 1\n", "weir.yaml:2: a tab at the start of the line"),
        (b"a:\n  b: 1\n \tc: 1\n", "weir.yaml:3: a tab at the start of the line"),
        (b"a: 1\na: 2\n", "weir.yaml:2: the key `a` stands already in line 1"),
        (b"a: {b: 1, b: 2}\n", "weir.yaml:1: the key `b` stands already in line 1"),
        (b"a: &x 1\nb: *x\n", "weir.yaml:2: aliases"),
        (b"a: &x [*x]\n", "weir.yaml:1: aliases"),
        (b"a: !!int 7\n", "weir.yaml:1: tags are not read"),
        (b"a: !x {}\n", "weir.yaml:1: tags are not read"),
        (b"a: !!python/name:os.system []\n", "weir.yaml:1: tags are not read"),
        (b"!!str a: 1\n", "weir.yaml:1: tags are not read"),
        (b"[a]: 1\n", "weir.yaml:1: a key must be plain text"),
        (b"a: 1\n---\nb: 1\n", "weir.yaml:2: a second document"),
        (b"a: 'x\n", "weir.yaml:"),
        (b"a: [1, 2\n", "weir.yaml:"),
        (b"a: b: c\n", "weir.yaml:1: not YAML"),
        (b"%YAML 9.9\n---\na: 1\n", "weir.yaml:"),
    ],
)
def test_what_is_refused(data: bytes, expected: str) -> None:
    assert complaint(data).startswith(expected)


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert parse_document(b"\xef\xbb\xbfnode: a\r\n", FILE) == {"node": "a"}


def test_every_repeated_key_is_named() -> None:
    assert complaint(b"a: 1\nb: 1\na: 2\nb: 2\n").count("\n") == 1


@pytest.mark.parametrize("opening", [b"[", b"{a: ", b"- ", b"? "])
def test_deep_nesting_is_refused_early(opening: bytes) -> None:
    assert complaint(b"a:\n " + opening * 100_000)


def test_the_deepest_level_allowed_is_read() -> None:
    depth = MAX_DEPTH - 1
    assert parse_document(b"a: " + b"[" * depth + b"]" * depth, FILE)
    assert f"more than {MAX_DEPTH} levels" in complaint(b"a: " + b"[" * (depth + 2) + b"]" * (depth + 2))


def test_laughs_do_not_grow() -> None:
    lines = [b"a0: &a0 [lol, lol]"]
    lines += [b"a%d: &a%d [*a%d, *a%d]" % (n, n, n - 1, n - 1) for n in range(1, 40)]
    assert "aliases" in complaint(b"\n".join(lines))


def test_too_many_keys_are_refused() -> None:
    keys = b"".join(b"k%d: 1\n" % number for number in range(MAX_KEYS + 1))
    assert "more than 10,000 keys" in complaint(keys)


@pytest.mark.parametrize(
    "data", [b"x" * 10_000_000, b"a: " + b"y" * 10_000_000, b"a: '" + b"\n" * 10_000_000, b"- x\n" * 100_000]
)
def test_ten_megabytes_of_something_else_end_in_a_sentence(data: bytes) -> None:
    try:
        said = list(parse_document(data, FILE))
    except ConfigError as error:
        said = [str(error)]
    assert len(said) == 1
    assert len(said[0]) < 500


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large.yaml").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ConfigError, match="larger than 64 MiB"):
        read_document(tmp_path / "large.yaml")
