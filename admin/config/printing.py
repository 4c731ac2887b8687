"""A configuration as YAML: everything in force, defaults included. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from admin.config.settings import Config


def effective(config: Config) -> str:
    """The configuration in force; reading it again gives the same configuration."""
    values = config.model_dump(mode="json", exclude_none=True)
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110)


def as_flow(value: object) -> str:
    """One value on one line, as it would stand in the file."""
    plain = _plain(value)
    text = yaml.safe_dump(plain, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000)
    return text.removesuffix("...\n").strip()


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value if isinstance(value, bool | int) else str(value)
