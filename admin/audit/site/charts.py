"""Charts of the page as inline SVG: no script, no font, nothing loaded. A table with the same numbers stands beside each, so
they are hidden from who listens to the page. Pure.

Lengths are in units of the view box, which scales with the page. Colours are those of ``style.css``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

WIDTH = 720
_LABEL, _VALUE = 90, 60
"""Room for a row's name and for its number."""
_ROW, _BAR = 28, 18
_PLOT, _AXIS = 90, 22
"""Heights of a line chart and of the words below it."""
_STRIP = 26


def months(rows: Sequence[tuple[str, Mapping[str, int]]], groups: Sequence[str]) -> Markup:
    """A bar for each month, made of its groups one behind the other with a gap between them."""
    most = max((sum(counts.get(group, 0) for group in groups) for _, counts in rows), default=0) or 1
    scale = (WIDTH - _LABEL - _VALUE) / most
    parts: list[Markup] = []
    for place, (name, counts) in enumerate(rows):
        top = _ROW * place + (_ROW - _BAR) // 2
        parts.append(_text(0, top + 14, name))
        left = float(_LABEL)
        for group in groups:
            width = scale * counts.get(group, 0)
            if width:
                parts.append(_rect(left, top, max(1.0, width - 1), _BAR, group))
            left += width
        parts.append(_text(left + 6, top + 14, str(sum(counts.get(group, 0) for group in groups))))
    return _svg(_ROW * len(rows), parts)


def steps(counts: Mapping[int, int], begin: int, end: int, first: str, last: str, most: str) -> Markup:
    """How a number went from day ``begin`` to ``end``, from 0 to its highest; the words stand at its three corners."""
    high = max(counts.values(), default=0) or 1
    scale = WIDTH / max(1, end - begin)
    path, level = [], 0.0
    for place, (day, count) in enumerate(sorted(counts.items())):
        x, level = scale * (max(day, begin) - begin), _PLOT - (_PLOT - 4) * count / high
        path.append(f"M{_n(x)} {_n(level)}" if place == 0 else f"H{_n(x)}V{_n(level)}")
    path.append(f"H{WIDTH}")
    parts = [
        Markup('<path class="axis" d="M0 {0}H{1}M0 4H{1}"/>').format(_PLOT, WIDTH),
        Markup('<path class="line" d="{}"/>').format("".join(path)) if counts else Markup(""),
        _text(0, 18, most),
        _text(0, _PLOT + 16, first),
        _text(WIDTH, _PLOT + 16, last, "end"),
    ]
    return _svg(_PLOT + _AXIS, parts)


def strip(silences: Sequence[tuple[int, int]], begin: int, end: int, first: str, last: str) -> Markup:
    """The time of the log as a band with its silences cut out of it."""
    scale = WIDTH / max(1, end - begin)
    parts = [_rect(0, 2, WIDTH, _STRIP - 4, "lists")]
    for start, stop in silences:
        parts.append(_rect(scale * (start - begin), 0, max(3.0, scale * (stop - start)), _STRIP, "gap"))
    parts += [_text(0, _STRIP + 16, first), _text(WIDTH, _STRIP + 16, last, "end")]
    return _svg(_STRIP + _AXIS, parts)


def _rect(left: float, top: float, width: float, height: float, name: str) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
        name, _n(left), _n(top), _n(width), _n(height)
    )


def _text(x: float, y: float, words: str, anchor: str = "start") -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(
        _n(x), _n(y), anchor, escape(words)
    )


def _svg(height: int, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" aria-hidden="true" focusable="false">{}</svg>'
    ).format(WIDTH, max(1, height), Markup("").join(parts))


def _n(value: float) -> str:
    """At most one decimal: finer than any screen, and the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")
