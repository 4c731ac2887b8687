"""Between the regions both texts are the same, whatever the texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from blocklists.snapshot.aligning import Span, regions

MANY = 1_000

some_lines = st.lists(st.sampled_from([b"a", b"b", b"bb", b"c", b"", b"long" * 20]), max_size=12)
texts = st.builds(lambda lines, end: b"\n".join(lines) + end, some_lines, st.sampled_from([b"", b"\n"]))


def rest(text: bytes, spans: list[Span]) -> bytes:
    kept, at = b"", 0
    for start, end in spans:
        assert at <= start <= end <= len(text)
        assert start == 0 or text[start - 1 : start] == b"\n"
        kept, at = kept + text[at:start], end
    return kept + text[at:]


@given(texts, texts)
def test_what_is_no_region_is_the_same(old: bytes, new: bytes) -> None:
    found = regions(old, new, MANY)
    assert found is not None
    assert rest(old, found[0]) == rest(new, found[1])


def test_few_changes_of_a_large_text_are_few_regions() -> None:
    lines = [b"name-%d.example" % number for number in range(50_000)]
    changed = [*lines[:100], b"new.example", *lines[100:40_000], *lines[40_002:]]
    changed[20_000] = b"other.example"
    found = regions(b"\n".join(lines), b"\n".join(changed), MANY)
    assert found is not None
    assert [old[1] - old[0] for old in found[0]] == [0, len(lines[0]) + 5, 2 * (len(lines[0]) + 5)]
    assert regions(b"\n".join(lines), b"\n".join(reversed(lines)), MANY) is None
    assert regions(b"\n".join(lines), b"\n".join(changed), 2) is None
