"""Which language a page is written in: Accept-Language (RFC 9110 section 12.5.4) against what there is. Pure.

A header that makes no sense never makes a request fail: the parts that can be read count, the rest does not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_HEADER = 1_000
"""Characters of the header that are read. Browsers send under 200."""

_RANGE = re.compile(
    r"(?P<tag>\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)"
    r"[ \t]*(?:;[ \t]*[qQ]=(?P<weight>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?",
    re.ASCII,
)


def negotiate(header: str, available: Sequence[str]) -> str:
    """The available tag that the header likes best; the first one when it likes none or cannot be read.

    ``available`` are primary language tags in lower case, the default first. A range for a region (``ar-EG``) is
    served by its language (RFC 4647 section 3.4, lookup). Equal weights go by the order of the header.
    """
    weights = _weights(header[:MAX_HEADER])
    wildcard = weights.pop("*", 0.0)
    best, best_weight = available[0], 0.0
    for tag in [*(tag for tag in weights if tag in available), *available]:
        weight = weights.get(tag, wildcard)
        if weight > best_weight:
            best, best_weight = tag, weight
    return best


def _weights(header: str) -> dict[str, float]:
    """Primary tag or ``*`` → its highest weight, in the order of first mention."""
    weights: dict[str, float] = {}
    for part in header.split(","):
        match = _RANGE.fullmatch(part.strip(" \t"))
        if match is None:
            continue
        tag = match["tag"].lower().partition("-")[0]
        weight = float(match["weight"] or "1")
        weights[tag] = max(weight, weights.get(tag, 0.0))
    return weights
