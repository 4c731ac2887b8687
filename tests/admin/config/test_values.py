"""Durations, sizes, shares: what is read, what is refused, and that printing is the inverse of reading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from admin.config.values import Duration, Ratio, Sample, Size, TextValue


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("500ms", 0.5),
        ("1h", 3600),
        ("1d", 86_400),
        ("1.5m", 90),
        ("2 h", 7200),
        ("0s", 0),
        ("3650d", 315_360_000),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert Duration.parse(text).seconds == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "s",
        "-1s",
        "10 sec",
        "1h30m",
        "1w",
        "0.0001ms",
        "3651d",
        "9" * 400 + "s",
        "1e3s",
        "١s",
        "1S",
        "∞s",
    ],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="write a"):
        Duration.parse(text)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("64MiB", 64 * 2**20),
        ("1GB", 10**9),
        ("1kB", 1000),
        ("1KB", 1000),
        ("1.5KiB", 1536),
        ("0B", 0),
        ("16384GiB", 2**44),
    ],
)
def test_sizes(text: str, octets: int) -> None:
    assert Size.parse(text).bytes == octets


@pytest.mark.parametrize("text", ["", "64", "MiB", "64mib", "64M", "-1MiB", "16385GiB", "0.5B", "1 TB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="write a"):
        Size.parse(text)


@pytest.mark.parametrize(
    ("text", "share"), [("50%", 0.5), ("300 %", 3.0), ("0.25%", 0.0025), ("2.5%", 0.025), ("0%", 0.0)]
)
def test_shares(text: str, share: float) -> None:
    assert Ratio.parse(text).share == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "50", "0.5", "-1%", "%", "1.234%", "1000001%", "99999999%", "５0%"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(ValueError, match="write a"):
        Ratio.parse(text)


@given(st.integers(0, 3650 * 86_400_000))
def test_every_duration_prints_back(milliseconds: int) -> None:
    assert Duration.parse(str(Duration(milliseconds))) == Duration(milliseconds)


@given(st.integers(0, 2**44))
def test_every_size_prints_back(octets: int) -> None:
    size = Size(octets)
    if octets < 10**12:  # the digits that a size may have
        assert Size.parse(str(size)) == size


@given(st.integers(0, 100_000_000))
def test_every_share_prints_back(hundredths: int) -> None:
    assert Ratio.parse(str(Ratio(hundredths))) == Ratio(hundredths)


@pytest.mark.parametrize(("text", "one_in"), [("off", 0), ("1/100", 100), ("1/1000000", 1_000_000)])
def test_sampling_rates(text: str, one_in: int) -> None:
    assert Sample.parse(text).one_in == one_in
    assert str(Sample(one_in)) == text


@pytest.mark.parametrize(
    "text", ["", "on", "1/99", "1/1", "1/0", "1/1000001", "2/1000", "1 / 1000", "1000", "0.1%"]
)
def test_what_is_no_sampling_rate(text: str) -> None:
    with pytest.raises(ValueError, match="write off, or"):
        Sample.parse(text)


@given(kind=st.sampled_from([Duration, Size, Ratio, Sample]), text=st.text(max_size=30))
def test_any_text_gives_a_value_or_a_value_error(kind: type[TextValue], text: str) -> None:
    try:
        printed = str(kind.parse(text))
    except ValueError as error:
        printed = str(error)
    else:
        assert str(kind.parse(printed)) == printed
    assert printed.isprintable()


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Duration, 10, "`10` has no unit; write 10s for seconds"),
        (Duration, True, "`true` is not a duration"),
        (Duration, 1.5, "`1.5` is not a duration"),
        (Size, 64, "`64` has no unit; write 64MiB"),
        (Ratio, 50, "`50` is not a share; write a percentage"),
        (Size, ["64MiB"], "is not a size"),
        (Sample, 1000, "`1000` has no unit; write 1/1000, or off"),
        (Sample, False, "`false` is not a sampling rate"),
    ],
)
def test_a_value_of_another_type_is_told_what_to_write(
    kind: type[TextValue], value: object, message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(kind).validate_python(value)


def test_values_are_printed_as_text() -> None:
    assert TypeAdapter(list[Duration]).dump_json([Duration(1500), Duration(0)]) == b'["1500ms","0s"]'
