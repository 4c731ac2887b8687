"""What the models are built from: the base of every section, keys with their example, and shared small types. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema

from admin.config.problems import fault, nearest, shown
from admin.config.values import Duration

MAX_ITEMS = 10_000
"""Items in one list of the file (lists and subscribers have none): a longer one is a list of names, not a setting."""

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)
IDENTIFIER = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
SUBSCRIBER_ID = r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,119}"
_WEB_ADDRESS = r"https?://[^\s/<>\"']+(/[^\s<>\"']*)?"


class Section(BaseModel):
    """A mapping of the file: unknown keys are errors, nothing is converted silently, nothing can be changed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        defer_build=True,  # a section's validator is made when it is first used, not at import
    )


_S = TypeVar("_S", bound=Section)


def unset(section: type[_S]) -> _S:
    """The section of which the file says nothing; without the validator that calling the class would make."""
    return cast("_S", section.model_construct())


def section_in(annotation: Any) -> type[BaseModel] | None:
    """The section in a field's annotation, such as ``tuple[ZoneConfig, ...]``; None if it holds plain values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for item in get_args(annotation) if (found := section_in(item)) is not None), None)


def key(default: Any = ..., *, example: str, words: str = "", **constraints: Any) -> Any:
    """A key of a section: its default (none = required), an example in YAML, and the manual's words for its type."""
    return Field(default, examples=[example], json_schema_extra={"words": words}, **constraints)


@dataclass(frozen=True, slots=True, eq=False)  # annotations are hashed, and mappings cannot be
class Described:
    """What the schema of an annotated type says (JSON Schema 2020-12) beside what pydantic sees of it by itself."""

    schema: Mapping[str, Any]

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), **self.schema}


ListOf = Annotated[tuple[_T, ...], Field(strict=False, max_length=MAX_ITEMS)]
"""A YAML list; kept as a tuple."""


def _identifier(value: str) -> str:
    if not re.fullmatch(IDENTIFIER, value):
        raise fault(f"{shown(value)} is no id; use letters, digits, `-`, `_` and `.`, 63 at most")
    return value


def _subscriber_id(value: str) -> str:
    if not re.fullmatch(SUBSCRIBER_ID, value):
        raise fault(f"{shown(value)} is no id; use letters, digits, `-`, `_`, `.`, `:` and `@`, 120 at most")
    return value


Identifier = Annotated[str, AfterValidator(_identifier), Described({"pattern": f"^{IDENTIFIER}$"})]
"""The id of a list, category or profile; may name a folder."""
SubscriberId = Annotated[str, AfterValidator(_subscriber_id), Described({"pattern": f"^{SUBSCRIBER_ID}$"})]
"""The id of a subscriber: an account number, a line, a login with its realm."""


_LONGEST_TEXT = 200


def _text(value: str) -> str:
    if len(value) > _LONGEST_TEXT or not value.isprintable():
        raise fault(
            f"{shown(value)} is longer than 200 characters or has control characters; shorten it to plain text"
        )
    return value


_ONE_LINE = Described({"maxLength": _LONGEST_TEXT, "pattern": r"^[^\x00-\x1f\x7f]*$"})
Text = Annotated[str, AfterValidator(_text), _ONE_LINE]
"""A line of text that people read."""


def _web_address(value: str) -> str:
    if value and not re.fullmatch(_WEB_ADDRESS, value):
        raise fault(f"{shown(value)} is no web address; write for example https://isp.example/filter")
    return value


WebAddress = Annotated[Text, AfterValidator(_web_address), Described({"pattern": f"^({_WEB_ADDRESS})?$"})]
"""The address of a page that people can open, or nothing."""


def _file_path(value: object, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value or not value.isprintable():
        raise fault(f"{shown(value)} is no path; write the path as text")
    base: Path = (info.context or {}).get("base", Path())
    return Path(os.path.normpath(base / value))  # as a person would write it: it stands in messages


FilePath = Annotated[
    Path,
    BeforeValidator(_file_path),
    PlainSerializer(str, return_type=str, when_used="json-unless-none"),
    WithJsonSchema({"type": "string", "minLength": 1}),
]
"""A path; a relative one starts at the folder of the configuration file."""


def chosen(kind: type[_E], value: object) -> _E:
    """The member of ``kind`` that the file names; an error with the nearest one otherwise."""
    if isinstance(value, kind):
        return value
    words = [member.value for member in kind]
    if isinstance(value, str) and value in words:
        return kind(value)
    raise fault(f"{shown(value)} is unknown{nearest(str(value), words)}; write one of {', '.join(words)}")


def between(low: str, high: str) -> AfterValidator:
    """Bounds of a duration, both included."""
    least, most = Duration.parse(low), Duration.parse(high)

    def check(value: Duration) -> Duration:
        if not least.milliseconds <= value.milliseconds <= most.milliseconds:
            raise fault(f"`{value}` is out of range; write a duration from {least} to {most}")
        return value

    return AfterValidator(check)


def between_or_off(low: str, high: str) -> BeforeValidator:
    """The same, or the word off, which stays as it is."""
    least, most = Duration.parse(low), Duration.parse(high)

    def check(value: object) -> object:
        if value == "off":
            return value
        duration = Duration.accept(value)
        if not least.milliseconds <= duration.milliseconds <= most.milliseconds:
            raise fault(f"`{duration}` is out of range; write a duration from {low} to {high}, or off")
        return duration

    return BeforeValidator(check)


def _ttl(value: Duration) -> Duration:
    if value.milliseconds % 1000 or value.milliseconds > 604_800_000:
        raise fault(f"`{value}` cannot be a time to live; write whole seconds, at most 7d")
    return value


Ttl = Annotated[Duration, AfterValidator(_ttl)]
"""A time to live: whole seconds, at most a week (RFC 8767 section 4 names the same bound)."""


def _ip(version: Callable[[str], _T], words: str) -> BeforeValidator:
    def parse(value: object) -> _T:
        if isinstance(value, IPv4Address | IPv6Address):
            value = str(value)
        try:
            if isinstance(value, str):
                return version(value)
        except ValueError:
            pass
        raise fault(f"{shown(value)} is no {words}")

    return BeforeValidator(parse)


Ipv4 = Annotated[IPv4Address, _ip(IPv4Address, "IPv4 address; write for example 192.0.2.80")]
Ipv6 = Annotated[IPv6Address, _ip(IPv6Address, 'IPv6 address; write for example "2001:db8::80"')]
