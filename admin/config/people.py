"""Categories, profiles and subscribers as the file declares them. Field docstrings are the manual. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, PlainValidator

from admin.config.endpoints import Prefix
from admin.config.fields import (
    MAX_ITEMS,
    Described,
    Identifier,
    ListOf,
    Section,
    SubscriberId,
    Text,
    chosen,
    key,
)
from admin.config.problems import fault, nearest, shown
from admin.config.rules import NameRule
from resolver.policy.safe_search import ENGINES

REFUSE = "refuse"
"""As ``default_profile``: whoever is not a subscriber is not served."""


class YouTube(StrEnum):
    """How YouTube is restricted; apart from safe search because strict hides too much for many teenagers."""

    OFF = "off"
    MODERATE = "moderate"
    STRICT = "strict"


def _flag_or_ids(value: object) -> bool | tuple[str, ...]:
    """``true``, ``false``, or a list of ids."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, list | tuple):
        raise fault(f"{shown(value)} is neither true, false nor a list; write for example [games]")
    for index, item in enumerate(value[:MAX_ITEMS]):
        if not isinstance(item, str):
            raise fault(f"{shown(item)} is not text; put it in quotes", key=index)
    return tuple(value[:MAX_ITEMS])


def _engines(value: object) -> bool | tuple[str, ...]:
    engines = _flag_or_ids(value)
    for index, engine in enumerate(() if isinstance(engines, bool) else engines):
        if engine not in ENGINES:
            known = ", ".join(sorted(ENGINES))
            raise fault(
                f"{shown(engine)} is no search engine with a safe mode{nearest(engine, ENGINES)}; "
                f"write some of {known}",
                key=index,
            )
    return engines


def _youtube(value: object) -> YouTube:
    return chosen(YouTube, value)


def _plain(value: bool | tuple[str, ...]) -> bool | list[str]:
    return value if isinstance(value, bool) else list(value)


_AS_WRITTEN = PlainSerializer(_plain)


def _flag_or(item: dict[str, object]) -> Described:
    several = {"type": "array", "items": {"type": "string", **item}, "maxItems": MAX_ITEMS}
    return Described({"anyOf": [{"type": "boolean"}, several]})


class CategoryConfig(Section):
    """A category of your own, or another title for a built-in one."""

    title: Text = key(example="Home work helpers", min_length=1)
    """What people see as its name."""


class ProfileConfig(Section):
    """What may be reached: what a parent or operator picks."""

    title: Text = key("", example="Under 13")
    """What people see as its name."""
    block: ListOf[Identifier] = key((), example="[pornography, gambling]")
    """Categories that are blocked."""
    allow: ListOf[NameRule] = key((), example="[school.example, =www.games.example]")
    """Names that are allowed whatever their category: the name and all below it, or with `=` exactly this name."""
    deny: ListOf[NameRule] = key((), example="[time-waster.example]")
    """Names that are blocked whatever their category."""
    allow_only: Annotated[bool | tuple[str, ...], PlainValidator(_flag_or_ids), _AS_WRITTEN, _flag_or({})] = (
        key(default=False, example="[sex-education]", words="true, false or a list of ids")
    )
    """Block all but `allow` (`true`), or all but `allow` and these categories."""
    safe_search: Annotated[
        bool | tuple[str, ...], PlainValidator(_engines), _AS_WRITTEN, _flag_or({"enum": sorted(ENGINES)})
    ] = key(default=False, example="true", words="true, false or a list of search engines")
    """Lead search engines to their safe mode: all that have one (`true`), or these."""
    youtube: Annotated[YouTube, BeforeValidator(_youtube)] = key(
        YouTube.OFF, example="moderate", words="one of off, moderate, strict"
    )
    """YouTube's restricted mode."""
    paused: bool = key(default=False, example="true")
    """Block everything but protected names."""
    security: bool = key(default=True, example="false")
    """Block what security lists name."""


class SubscriberConfig(Section):
    """A subscriber: who has which profile, told apart by address."""

    id: SubscriberId = key(example="home-17", words="an id")
    """The name by which you know the subscriber; it never leaves control."""
    profile: Identifier = key(example="strict", words="the id of a profile")
    """The profile that applies."""
    addresses: ListOf[Prefix] = key(example='["192.0.2.17", "2001:db8:17::/56"]', min_length=1)
    """The subscriber's addresses and networks; the longest match among all subscribers wins."""
    allow: ListOf[NameRule] = key((), example="[school.example]")
    """Names that are allowed for this subscriber, beside those of the profile."""
    deny: ListOf[NameRule] = key((), example="[time-waster.example]")
    """Names that are blocked for this subscriber, beside those of the profile."""
    paused: bool = key(default=False, example="true")
    """Block everything but protected names."""
