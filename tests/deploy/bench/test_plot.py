"""The picture is well-formed SVG, its bars are in proportion, and it names what it shows."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from deploy.bench.plot import svg
from deploy.bench.results import Results

SVG = "{http://www.w3.org/2000/svg}"


def test_bars_are_in_proportion_and_sorted(results: Results) -> None:
    tree = ElementTree.fromstring(svg(results, ("S1",)))
    widths = [float(bar.attrib["width"]) for bar in tree.iter(f"{SVG}rect")]
    assert widths == sorted(widths)
    assert widths[1] / widths[0] == pytest.approx(4.8 / 4.0, rel=0.01)
    assert widths[2] / widths[0] == pytest.approx(9.0 / 4.0, rel=0.01)


def test_it_says_what_it_shows(results: Results) -> None:
    words = [element.text for element in ElementTree.fromstring(svg(results)).iter(f"{SVG}text")]
    assert "CPU per DNS query, µs (less is better)" in words
    assert {"weir", "echo", "slow<peer>", "4.8", "Blocked"} <= set(words)


def test_nothing_measured_is_still_a_picture() -> None:
    tree = ElementTree.fromstring(svg(Results([], 1, 1, 1.0)))
    assert not list(tree.iter(f"{SVG}rect"))
