"""The configuration file: YAML to frozen, checked models, with every mistake named by file and line.

What lives here: the keys, their types, defaults and words (the models are the manual), and the checks between them.
What never does: what the values mean for queries or lists (``admin.services``), and any change of the file.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from admin.config.loading import load
    from admin.config.places import default_path
    from admin.config.problems import ConfigError, Problem
    from admin.config.settings import Config

__all__ = ["Config", "ConfigError", "Problem", "default_path", "load"]

_HOMES = {
    "Config": "settings",
    "ConfigError": "problems",
    "Problem": "problems",
    "default_path": "places",
    "load": "loading",
}


def __getattr__(name: str) -> object:
    """Import what is asked for (PEP 562): the models take 200 ms, and the supervisor can do without (``outline``)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
