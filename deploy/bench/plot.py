"""The results as one picture: bars of CPU per query by server, for cached and for blocked names. Plain SVG.

Colours follow the reader's light or dark setting; every bar has its figure beside it, so that none depends on them. It
is narrow, so that its letters can still be read where a phone shrinks it.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from deploy.bench.results import Results

WIDTH, LABELS, RIGHT = 480, 116, 60
ROW, BAR, GAP, TOP = 24, 17, 52, 84
STYLE = """
  svg { background: #ffffff; }
  text { font: 15px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 18px; font-weight: 600; }
  .small { font-size: 13px; }
  .quiet { fill: #59636e; }
  .other { fill: #8c959f; } .weir { fill: #0969da; } .echo { fill: #57606a; } .line { stroke: #57606a; }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117; }
    text { fill: #f0f6fc; } .quiet { fill: #9198a1; }
    .other { fill: #656c76; } .weir { fill: #4493f8; } .echo { fill: #b1bac4; } .line { stroke: #b1bac4; }
  }
"""


def svg(results: Results, scenarios: tuple[str, ...] = ("S1", "S3")) -> str:
    """The picture; scenarios without a figure are left out."""
    groups = [
        (results.scenarios[key], _values(results, key)) for key in scenarios if key in results.scenarios
    ]
    most = max((value for _, values in groups for _, value in values), default=1.0)
    height = TOP + sum(GAP + ROW * len(values) for _, values in groups)
    body: list[str] = []
    top = TOP
    for title, values in groups:
        body += _group(title, values, top, most)
        top += GAP + ROW * len(values)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img" '
        f'aria-label="CPU per query by server"><style>{STYLE}</style>'
        f'<text class="title" x="16" y="30">CPU per DNS query, µs (less is better)</text>'
        f'<text class="quiet small" x="16" y="52">{results.names:,} listed names, UDP, one CPU, all in one run; '
        f"line: the bare echo</text>"
    )
    return "\n".join((head, *body, "</svg>")) + "\n"


def _values(results: Results, key: str) -> list[tuple[str, float]]:
    found = [(server, results.cpu(key, server)) for scenario, server in results.samples if scenario == key]
    return sorted(((server, cpu) for server, cpu in found if cpu is not None), key=lambda pair: pair[1])


def _group(title: str, values: list[tuple[str, float]], top: int, most: float) -> Iterator[str]:
    room = WIDTH - LABELS - RIGHT
    yield f'<text x="16" y="{top + 12}" font-weight="600">{escape(title[:1].upper() + title[1:])}</text>'
    first = top + 22
    for number, (server, value) in enumerate(values):
        y, width = first + number * ROW, max(value / most * room, 1)
        kind = server if server in ("weir", "echo") else "other"
        yield f'<text x="{LABELS - 8}" y="{y + 13}" text-anchor="end">{escape(server)}</text>'
        yield f'<rect class="{kind}" x="{LABELS}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>'
        yield f'<text x="{LABELS + width + 6:.1f}" y="{y + 13}">{value:.1f}</text>'
    for server, value in values:
        if server == "echo":
            x = LABELS + value / most * room
            end = first + ROW * len(values) - (ROW - BAR)
            yield (
                f'<line class="line" x1="{x:.1f}" y1="{first}" x2="{x:.1f}" y2="{end}" '
                f'stroke-dasharray="3 3"/>'
            )
