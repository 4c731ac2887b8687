"""From a document to checked sections: piece by piece, so that one mistake hides no other. Pure.

Each section, and each list, profile, category and subscriber, is validated by itself, and collecting ends after
MAX_PROBLEMS mistakes: pydantic alone would make millions of errors of a large file of another kind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from admin.config.document import LocatedDict
from admin.config.explain import Fault, faults_of, unknown_key
from admin.config.lists import ListConfig
from admin.config.people import CategoryConfig, ProfileConfig, SubscriberConfig
from admin.config.problems import MAX_PROBLEMS
from admin.config.settings import Settings

_SEQUENCES: dict[str, type[BaseModel]] = {"lists": ListConfig, "subscribers": SubscriberConfig}
_MAPPINGS: dict[str, type[BaseModel]] = {"categories": CategoryConfig, "profiles": ProfileConfig}


@dataclass
class Draft:
    """What validation has made of a document so far."""

    values: dict[str, Any] = field(default_factory=dict)
    """Fields of ``Settings``: the valid sections, and the valid items of the others."""
    faults: list[Fault] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    """The sections of which nothing is valid."""


def validate(document: LocatedDict, base: Path) -> Draft:
    """Check every piece of the document. Relative paths start at ``base``. Stops looking after MAX_PROBLEMS."""
    draft = Draft()
    context = {"base": base}
    for name, value in document.items():
        if name not in Settings.model_fields:
            draft.faults.append(Fault((name,), unknown_key(name, Settings)))
        elif name in _SEQUENCES and isinstance(value, list):
            _sequence(draft, name, value, context)
        elif name in _MAPPINGS and isinstance(value, dict):
            _mapping(draft, name, value, context)
        else:
            _whole(draft, name, value, context)
        if len(draft.faults) > MAX_PROBLEMS:
            break
    return draft


def _sequence(draft: Draft, name: str, items: list[object], context: dict[str, Path]) -> None:
    valid: list[Any] = []
    model = _SEQUENCES[name]
    for index, item in enumerate(items):
        try:
            piece = model.model_validate(item, context=context)
        except ValidationError as error:
            draft.faults += faults_of(error, (name, index), model)
            if len(draft.faults) > MAX_PROBLEMS:
                break
        else:
            valid.append(piece)
    draft.values[name] = tuple(valid)


def _mapping(draft: Draft, name: str, items: dict[str, object], context: dict[str, Path]) -> None:
    valid: dict[str, Any] = {}
    for key, item in items.items():
        try:
            valid |= getattr(Settings.model_validate({name: {key: item}}, context=context), name)
        except ValidationError as error:
            draft.faults += faults_of(error, (), Settings)
    draft.values[name] = valid


def _whole(draft: Draft, name: str, value: object, context: dict[str, Path]) -> None:
    try:
        draft.values[name] = getattr(Settings.model_validate({name: value}, context=context), name)
    except ValidationError as error:
        draft.failed.add(name)
        draft.faults += faults_of(error, (), Settings)
