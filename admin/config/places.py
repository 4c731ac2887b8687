"""Where the configuration is when nobody names it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from admin.config.problems import ConfigError, Problem

DEMO = Path("deploy/demo/weir.yaml")
"""Where a source checkout keeps its example."""


def default_path(environ: Mapping[str, str], cwd: Path) -> Path:
    """Where the configuration is when nobody names it: $WEIR_CONFIG, ./weir.yaml, /etc/weir/weir.yaml, or the demo of
    a source checkout. ConfigError naming the places if it is in none of them.
    """
    if named := environ.get("WEIR_CONFIG"):
        return cwd / named
    places = [cwd / "weir.yaml", Path("/etc/weir/weir.yaml"), cwd / DEMO]
    for place in places:
        if place.is_file():
            return place
    looked = ", ".join(str(place) for place in places)
    message = f"no configuration found: $WEIR_CONFIG is not set and there is no {looked}; name the file with -c FILE"
    raise ConfigError([Problem(places[0], 0, "", message)])
