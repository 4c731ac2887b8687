"""A YAML file as plain values that know their lines. What lives here: the reading of YAML, its limits, its refusals.

Rule 1: the YAML 1.2 core schema, less its traps: only ``true`` and ``false`` are booleans, only decimal digits are
whole numbers, keys are always text, everything else is text. So ``no`` is a country and ``12:30`` is no number.
Rule 2: nothing grows by reading: no aliases, no tags, depth and number of values bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import cast

import yaml

from admin.config.problems import ConfigError, Problem, shown

MAX_BYTES = 64 * 1024 * 1024
"""A file of 100,000 subscribers with ten rules each is about 30 MB."""
MAX_DEPTH = 16
"""The deepest key of the configuration lies 6 levels down."""
MAX_VALUES = 4_000_000
"""100,000 subscribers with ten rules each are about 2 million values."""

MAX_KEYS = 10_000
"""Keys in one mapping. Profiles are the only ones that an operator might generate."""
MAX_REPEATED = 100
"""Repeated keys reported at once."""

_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")  # 18 digits fit 64 bits; more is text, and so a clear error
_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_LOADER: type[yaml.CSafeLoader] | type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Key = str | int


class LocatedDict(dict[str, object]):
    """A mapping that knows the line of each key, and its own."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}
        self.digest = ""
        """Of the whole document: SHA-256 (hexadecimal) of its bytes."""


class LocatedList(list[object]):
    """A sequence that knows the line of each item, and its own."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


def read_document(path: Path) -> LocatedDict:
    """The top-level mapping of a YAML file; ConfigError with the line of whatever cannot be read."""
    data = _read_bytes(path)
    document = parse_document(data, path)
    document.digest = sha256(data).hexdigest()
    return document


def parse_document(data: bytes, path: Path) -> LocatedDict:
    """The top-level mapping of YAML text; ``path`` is used in messages only."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refusal(path, line, "not UTF-8 text; save the file in UTF-8") from None
    composer = _Composer(path)
    try:
        value = composer.compose(text)
    except yaml.YAMLError as error:
        raise _syntax(path, text, error) from None
    if composer.repeated:
        raise ConfigError(composer.repeated)
    if value is None:
        raise _refusal(path, 0, "the file is empty; `weir config reference` prints every key with an example")
    if not isinstance(value, LocatedDict):
        raise _refusal(path, 1, "the file must be a mapping of keys such as `data_dir: var`")
    return value


def line_of(document: LocatedDict, path: Sequence[Key]) -> int:
    """The line of the value at ``path``, or of the nearest one above it that the file has."""
    line, here = document.line, cast("object", document)
    for key in path:
        below = _step(here, key)
        if below is None:
            break
        line, here = below
    return line


def _step(here: object, key: Key) -> tuple[int, object] | None:
    """Line and value below ``here``; None if there is none."""
    if isinstance(here, LocatedDict):
        return (here.lines[key], here[key]) if isinstance(key, str) and key in here else None
    if isinstance(here, LocatedList):
        return (here.lines[key], here[key]) if isinstance(key, int) and key < len(here) else None
    return None


class _Composer:
    """Events in, values out. One per document."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values = 0
        self.repeated: list[Problem] = []

    def compose(self, text: str) -> object:
        events: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=_LOADER))
        value: object = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _refusal(
                        self._path, _line(event), "a second document begins here; put all keys in one"
                    )
                value = self._value(next(events), events, 0)
        return value

    def _value(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> object:
        self._admit(event, depth)
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, events, depth)
        return self._sequence(event, events, depth)

    def _admit(self, event: yaml.Event, depth: int) -> None:
        """Refuse what makes a document larger or stranger than it looks."""
        self._values += 1
        message = ""
        if isinstance(event, yaml.AliasEvent):
            message = "aliases (`*name`) are not read; write the value out"
        elif getattr(event, "tag", None) is not None:
            message = f"tags are not read; remove {shown(getattr(event, 'tag', ''))}"
        elif depth > MAX_DEPTH:
            message = f"more than {MAX_DEPTH} levels deep; no key of the configuration lies so deep"
        elif self._values > MAX_VALUES:
            message = f"more than {MAX_VALUES:,} values; this is no configuration of Weir"
        if message:
            raise _refusal(self._path, _line(event), message)

    def _sequence(self, start: yaml.Event, events: Iterator[yaml.Event], depth: int) -> LocatedList:
        result = LocatedList(_line(start))
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            result.lines.append(_line(event))
            result.append(self._value(event, events, depth + 1))
        return result

    def _mapping(self, start: yaml.Event, events: Iterator[yaml.Event], depth: int) -> LocatedDict:
        result = LocatedDict(_line(start))
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            self._admit(event, depth)
            if not isinstance(event, yaml.ScalarEvent):
                raise _refusal(self._path, _line(event), "a key must be plain text")
            if len(result) == MAX_KEYS:
                raise _refusal(
                    self._path, _line(event), f"more than {MAX_KEYS:,} keys in one mapping; split it up"
                )
            self._note_repeated(result, event)
            result.lines[event.value] = _line(event)
            result[event.value] = self._value(next(events), events, depth + 1)
        return result

    def _note_repeated(self, mapping: LocatedDict, event: yaml.ScalarEvent) -> None:
        if event.value in mapping and len(self.repeated) < MAX_REPEATED:
            first = mapping.lines[event.value]
            message = f"the key {shown(event.value)} stands already in line {first}; keep one of the two"
            self.repeated.append(Problem(self._path, _line(event), "", message))


def _scalar(event: yaml.ScalarEvent) -> object:
    if not event.implicit[0]:  # quoted or a block: text as it stands
        return event.value
    value: str = event.value
    if value in _NULLS:
        return None
    if value in _BOOLEANS:
        return _BOOLEANS[value]
    return int(value) if _WHOLE.fullmatch(value) else value


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _refusal(path, 0, "there is no such file; name the configuration with -c FILE") from None
    except IsADirectoryError:
        raise _refusal(path, 0, "this is a folder; name the file in it") from None
    except OSError as error:
        raise _refusal(path, 0, f"cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise _refusal(path, 0, "no file can have this name") from None
    if len(data) > MAX_BYTES:
        raise _refusal(path, 0, f"larger than {MAX_BYTES // 2**20} MiB; this is no configuration of Weir")
    return data


def _syntax(path: Path, text: str, error: yaml.YAMLError) -> ConfigError:
    """The parser's complaint with its line, and the remedy for the commonest mistake."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return _refusal(path, _line_of_strange_character(text), "a control character; remove it")
    lines = text.splitlines()
    line = min(int(mark.line) + 1, len(lines))
    if line and lines[line - 1].lstrip(" ").startswith("\t"):
        return _refusal(path, line, "a tab at the start of the line; indent with spaces")
    problem = getattr(error, "problem", None) or "not YAML"
    return _refusal(
        path, line, f"not YAML: {problem}; look for a missing quote, bracket or space after a colon"
    )


def _line_of_strange_character(text: str) -> int:
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def _refusal(path: Path, line: int, message: str) -> ConfigError:
    return ConfigError([Problem(path, line, "", message)])
