"""Shapes of the page's charts as inline SVG, stretched to whatever room there is; words and numbers stand beside them as
text of the page, and a table has the same numbers. Nothing is loaded, no script runs. Pure.

Lengths are thousandths of the room. Colours are those of ``style.css``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

_WIDE = 1_000
_HIGH = 100
_GAP = 2
"""Between the parts of a bar, so that nobody has to tell them apart by colour alone."""
_LEAST = 6
"""Of anything that is there at all."""


def bar(counts: Mapping[str, int], groups: Sequence[str], most: int) -> Markup:
    """One bar made of its groups, one behind the other; the longest bar of the chart has ``most``."""
    scale = _WIDE / max(1, most)
    parts, left = [], 0.0
    for group in groups:
        if count := counts.get(group, 0):
            width = max(_LEAST, scale * count - _GAP)
            parts.append(_rect(left, width, group))
            left += width + _GAP
    return _svg("bar", parts)


def steps(counts: Mapping[int, int], begin: int, end: int) -> Markup:
    """How a number went from day ``begin`` to ``end``, drawn from 0 to its highest."""
    high = max(counts.values(), default=0) or 1
    scale = _WIDE / max(1, end - begin)
    path = ""
    for day, count in sorted(counts.items()):
        x, y = _n(scale * (max(day, begin) - begin)), _n(_HIGH - (_HIGH - 6) * count / high)
        path += f"H{x}V{y}" if path else f"M{x} {y}"
    line = Markup('<path class="line" vector-effect="non-scaling-stroke" d="{}"/>').format(f"{path}H{_WIDE}")
    return _svg("trend", [line] if path else [])


def strip(silences: Sequence[tuple[int, int]], begin: int, end: int) -> Markup:
    """The time of the log as a band with its silences cut out of it."""
    scale = _WIDE / max(1, end - begin)
    cut = [
        _rect(scale * (start - begin), max(_LEAST, scale * (stop - start)), "gap") for start, stop in silences
    ]
    return _svg("bar", [_rect(0, _WIDE, "lists"), *cut])


def _rect(left: float, width: float, name: str) -> Markup:
    return Markup('<rect class="{}" x="{}" y="0" width="{}" height="{}"/>').format(
        name, _n(left), _n(width), _HIGH
    )


def _svg(name: str, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true" focusable="false">{}</svg>'
    ).format(name, _WIDE, _HIGH, Markup("").join(parts))


def _n(value: float) -> str:
    """At most one decimal: finer than any screen, and the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")
