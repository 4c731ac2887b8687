"""Names as sorted lines and sorted lines merged, against Python's own sorting and sets."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.snapshot import native

LABEL = st.text("ab-9", min_size=1, max_size=10)
NAMES = st.lists(st.builds(lambda labels: ".".join([*labels, "a"]), st.lists(LABEL, min_size=1, max_size=3)))
LINES = st.frozensets(st.binary(max_size=3).map(lambda text: text.replace(b"\n", b"") + b"\n"))


def ignore(number: int, start: int, end: int) -> None:
    """An odd line that nobody wants."""


def packed(lines: Iterable[bytes]) -> bytes:
    return b"".join(sorted(lines))


@given(NAMES)
def test_names_come_sorted_and_once(names: list[str]) -> None:
    data = "\n".join(names).encode()
    found = native.sorted_names(data, native.SYNTAX_DOMAINS, b"domain ", ignore)
    assert found == packed({f"domain {name}\n".encode() for name in names})


def test_names_that_begin_alike_are_sorted_by_what_follows() -> None:
    names = [f"samesame{n:05}.{'b' * (n % 7)}a" for n in range(3000)]
    names += [f"samesame{n:05}.a" for n in range(0, 3000, 3)] + ["samesame.a", "samesam.a", "s.a"]
    data = "\n".join(reversed(names)).encode()
    found = native.sorted_names(data, native.SYNTAX_DOMAINS, b"", ignore)
    assert found == packed({f"{name}\n".encode() for name in names})


def test_odd_lines_are_told_in_order_and_the_rest_is_folded() -> None:
    data = b"# c\nB.Example\r\nodd\n\na.example\nodd again\nc.example"
    odd: list[tuple[int, bytes]] = []
    found = native.sorted_names(
        data, native.SYNTAX_DOMAINS, b"> ", lambda number, start, end: odd.append((number, data[start:end]))
    )
    assert found == b"> a.example\n> b.example\n> c.example\n"
    assert odd == [(3, b"odd"), (6, b"odd again")]


@pytest.mark.parametrize("data", [b"", b"\n", b"\n\n", b"#", b"\0", b"a" * 300, b"." * 64])
def test_what_has_no_name_gives_nothing(data: bytes) -> None:
    assert native.sorted_names(data, native.SYNTAX_HOSTS, b"x ", ignore) == b""


def test_what_goes_wrong_with_an_odd_line_ends_it() -> None:
    def fail(number: int, start: int, end: int) -> None:
        raise KeyError(number)

    with pytest.raises(KeyError):
        native.sorted_names(b"odd\na.example", native.SYNTAX_DOMAINS, b"", fail)
    with pytest.raises(ValueError, match="syntax"):
        native.sorted_names(b"", 99, b"", ignore)


@given(LINES, LINES, LINES)
def test_lines_are_merged_as_sets_are(
    text: frozenset[bytes], gone: frozenset[bytes], come: frozenset[bytes]
) -> None:
    found = native.merged_lines(packed(text), packed(gone), packed(come))
    assert found == packed((text - gone) | come)


@given(st.binary(max_size=20), st.binary(max_size=20), st.binary(max_size=20))
def test_what_is_not_sorted_is_merged_within_bounds(text: bytes, gone: bytes, come: bytes) -> None:
    assert len(native.merged_lines(text, gone, come)) <= len(text) + len(come)


@given(LINES, LINES)
def test_changes_are_counted_as_sets_differ(before: frozenset[bytes], after: frozenset[bytes]) -> None:
    found = native.lines_changed(packed(before), packed(after))
    assert found == (len(after - before), len(before - after))
