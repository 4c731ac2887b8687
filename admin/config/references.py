"""The rules between sections, each once and in its words: for the file (``crosscheck``) and for what is stored beside it.

Each function says what is wrong, or returns None. Pure.
"""

from __future__ import annotations

from collections.abc import Collection

from admin.config.people import REFUSE
from admin.config.problems import nearest, shown


def unknown_category(name: str, known: Collection[str]) -> str | None:
    """Lists and profiles name categories that there are."""
    if name in known:
        return None
    return f"{shown(name)} is no category{nearest(name, known)}; declare it under categories"


def unknown_profile(name: str, known: Collection[str]) -> str | None:
    """Subscribers name profiles that there are."""
    if name in known:
        return None
    return f"{shown(name)} is no profile{nearest(name, known)}; declare it under profiles"


def reserved_profile(name: str) -> str | None:
    """No profile has the name of a word of ``default_profile``."""
    if name != REFUSE:
        return None
    return "`refuse` is a word of default_profile; give the profile another name"


def taken_prefix(prefix: str, holder: str) -> str:
    """A network leads to one subscriber. ``holder`` says where it stands already."""
    return f"`{prefix}` stands in {holder} already; one subscriber per network"
