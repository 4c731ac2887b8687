"""Charts as inline SVG: no script, no font, no colour that carries a meaning alone. A table with the same numbers stands
beside each, so a chart is hidden from who listens to a page. Pure.

Lengths are in units of the view box, which scales with the page. Colours are the page's (``style.css``), and stand here
once more for printing to PDF, where that does not reach.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup, escape

WIDTH = 720
_LABEL = 200
"""Room for the names of rows."""
_VALUE = 120
"""Room for the values behind bars."""
_ROW, _BAR = 30, 16
_AXIS = 24
_LONGEST_LABEL = 31
"""Characters of a row's name that fit; the table has all of it."""
_TICKS = 4
_CLASSES = {"all": "full", "names": "part", "nothing": "none"}
_PRINTED = {
    "full": Markup('fill="#17697c"'),
    "part": Markup('fill="#b9761f"'),
    "none": Markup('fill="#fff" stroke="#6c7d81" stroke-dasharray="4 3"'),
}

Span = Mapping[str, int | str]
"""``from``, ``until`` (POSIX seconds) and ``enforced`` of a list's life (``lists``)."""


def timeline(
    rows: Sequence[tuple[str, Sequence[Span]]], begin: int, end: int, day: Callable[[float], str]
) -> Markup:
    """When each list was in force, from ``begin`` to ``end``; ``day`` words a time."""
    height = _ROW * len(rows) + _AXIS
    scale = (WIDTH - _LABEL) / max(1, end - begin)
    parts = [_axis(number, begin, end, height - _AXIS, day) for number in range(_TICKS + 1)]
    for number, (name, spans) in enumerate(rows):
        top = _ROW * number + (_ROW - _BAR) // 2
        parts.append(_text(0, top + 13, _short(name)))
        for span in spans:
            left = _LABEL + scale * (int(span["from"]) - begin)
            width = max(1.0, scale * (int(span["until"]) - int(span["from"])))
            parts.append(_rect(left, top, width, _CLASSES[str(span["enforced"])]))
    return _svg(height, parts)


def bars(rows: Sequence[tuple[str, int, int]], number: Callable[[float], str]) -> Markup:
    """Values with what they may be wrong by, both as they are printed by ``number``."""
    most = max((value + error for _, value, error in rows), default=0) or 1
    scale = (WIDTH - _LABEL - _VALUE) / most
    parts = []
    for place, (name, value, error) in enumerate(rows):
        top = _ROW * place + (_ROW - _BAR) // 2
        parts.append(_text(0, top + 13, _short(name)))
        parts.append(_rect(_LABEL, top, scale * value, "full"))
        low, high = _LABEL + scale * max(0, value - error), _LABEL + scale * (value + error)
        parts.append(_whisker(low, high, top + _BAR / 2))
        parts.append(_text(high + 8, top + 13, f"{number(value)} ± {number(error)}"))
    return _svg(_ROW * len(rows), parts)


def _axis(number: int, begin: int, end: int, height: int, day: Callable[[float], str]) -> Markup:
    x = _LABEL + (WIDTH - _LABEL) * number / _TICKS
    anchor = {0: "start", _TICKS: "end"}.get(number, "middle")
    line = Markup('<line class="axis" stroke="#b9c5c7" x1="{0}" y1="0" x2="{0}" y2="{1}"/>').format(
        _n(x), height
    )
    if number % 2:
        return line  # words at every line would run into one another
    words = day(begin + (end - begin) * number / _TICKS - (number == _TICKS))
    return line + _text(x, height + 17, words, anchor)


def _rect(left: float, top: float, width: float, name: str) -> Markup:
    return Markup('<rect class="{}" {} x="{}" y="{}" width="{}" height="{}"/>').format(
        name, _PRINTED[name], _n(left), _n(top), _n(width), _BAR
    )


def _whisker(low: float, high: float, middle: float) -> Markup:
    path = f"M{_n(low)} {_n(middle - 4)}v8m0-4H{_n(high)}m0-4v8"
    return Markup('<path class="error" fill="none" stroke="#16211f" stroke-width="1.5" d="{}"/>').format(path)


def _text(x: float, y: float, words: str, anchor: str = "start") -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(
        _n(x), _n(y), anchor, escape(words)
    )


def _svg(height: int, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" aria-hidden="true" focusable="false" font-size="12"'
        ' font-family="Noto Sans, Liberation Sans, Arial, sans-serif">{}</svg>'
    ).format(WIDTH, max(1, height), Markup("").join(parts))


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 1]}…"


def _n(value: float) -> str:
    """At most one decimal: finer than any printer, and the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")
