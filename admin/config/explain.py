"""pydantic's errors in words for the operator: what is wrong, the nearest known key, what to do. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from admin.config.document import Key
from admin.config.fields import section_in
from admin.config.problems import nearest, plain, shown


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong at a path of the document. ``file`` and ``line``: it lies in another file."""

    path: tuple[Key, ...]
    message: str
    file: str = ""
    line: int = 0


def faults_of(error: ValidationError, at: tuple[Key, ...], model: type[BaseModel]) -> list[Fault]:
    """The faults of one validated value that stands at ``at``; ``model`` gives the known keys."""
    # pydantic counts the valid items only: a list of broken ones is not also empty.
    details = (
        detail
        for detail in error.errors(include_url=False)
        if detail["type"] != "too_short" or not detail["input"]
    )
    return [_fault(detail, at, model) for detail in details]


def unknown_key(name: str, model: type[BaseModel]) -> str:
    """What to say of a key that ``model`` does not have."""
    known = list(model.model_fields)
    if not known:
        return "unknown key; this section has no keys in this version, so remove it"
    guess = nearest(name, known)
    return f"unknown key{guess}" if guess else f"unknown key; known are {', '.join(known)}"


def dotted(path: tuple[Key, ...]) -> str:
    """``lists[0].format``."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{plain(key)}" for key in path)
    return text.removeprefix(".")


def _fault(detail: ErrorDetails, at: tuple[Key, ...], model: type[BaseModel]) -> Fault:
    # pydantic marks an error of a mapping's key by a last element "[key]"; the path without it names the key.
    location = tuple(key for key in detail["loc"] if key != "[key]")
    context: Mapping[str, Any] = detail.get("ctx", {})
    if detail["input"] is None and not context.get("key"):
        return Fault((*at, *location), "has no value; give it one, or remove the key")
    if detail["type"] == "weir":
        key = context["key"]
        path = (*at, *location) if key == "" else (*at, *location, key)
        return Fault(path, context["message"], context["file"], context["line"])
    if detail["type"] == "extra_forbidden":
        message = unknown_key(str(location[-1]), _model_at(model, location[:-1]))
        return Fault((*at, *location), message)
    return Fault((*at, *location), _words(detail, context))


def _model_at(model: type[BaseModel], location: tuple[Key, ...]) -> type[BaseModel]:
    """The section that lies at ``location`` below ``model``."""
    here: type[BaseModel] | None = model
    keys = iter(location)
    for key in keys:
        if isinstance(key, str) and here is not None:
            annotation = here.model_fields[key].annotation
            if get_origin(annotation) is dict:
                next(keys, None)  # a name of the operator's own
            here = section_in(annotation)
    assert here is not None, "only sections forbid unknown keys"
    return here


def _wrong_type(wanted: str, remedy: str) -> Callable[[object, Mapping[str, Any]], str]:
    def words(value: object, context: Mapping[str, Any]) -> str:
        return f"{_described(value)} is not {wanted}; {remedy}"

    return words


def _described(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list | tuple) else shown(value)


_WORDS: Mapping[str, Callable[[object, Mapping[str, Any]], str]] = {
    "missing": lambda value, context: "missing; this key is needed",
    "string_type": _wrong_type("text", "put the text in quotes"),
    "bool_type": _wrong_type("true or false", "write true or false without quotes"),
    "int_type": _wrong_type("a whole number", "write digits without quotes"),
    "tuple_type": _wrong_type("a list", "write it in brackets, for example [a, b]"),
    "model_type": _wrong_type("a mapping", "write `key: value` pairs"),
    "mapping_type": _wrong_type("a mapping", "write `key: value` pairs"),
    "dict_type": _wrong_type("a mapping", "write `key: value` pairs"),
    "greater_than_equal": lambda value, context: (
        f"{shown(value)} is too small; write {context['ge']} or more"
    ),
    "less_than_equal": lambda value, context: f"{shown(value)} is too large; write {context['le']} or less",
    "too_short": lambda value, context: "is empty; write at least one",
    "string_too_short": lambda value, context: "is empty; write some text",
    "too_long": lambda value, context: f"has more than {context['max_length']:,} items; shorten it",
}


def _words(detail: ErrorDetails, context: Mapping[str, Any]) -> str:
    words = _WORDS.get(detail["type"])
    return words(detail["input"], context) if words else f"{_described(detail['input'])}: {detail['msg']}"
