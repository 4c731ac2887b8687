"""The manual of the configuration, made from the models: every key with its type, default, meaning and example.

A key's meaning is the docstring below it, read from the models' source when somebody wants the manual: pydantic would
read it at every import (``use_attribute_docstrings``), which takes a start 50 ms.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from admin.config.categories import BUILT_IN
from admin.config.fields import section_in
from admin.config.printing import as_flow
from admin.config.settings import Settings
from admin.config.values import TextValue
from blocklists.catalogue import load_catalogue
from resolver.policy.safe_search import ENGINES

_HEAD = """# The configuration of Weir

One YAML file. An unknown key is an error, and so is a key that stands twice. Only `true` and `false` are booleans; a
duration, a size and a share have a unit (`10s`, `64MiB`, `50%`); a relative path starts at the folder of the file.
`weir config check` names every mistake with its line; `weir config show` prints what is in force.
"""


def reference() -> str:
    """The whole manual as Markdown."""
    categories = "\n".join(f"- `{name}`: {title}" for name, title in BUILT_IN.items())
    engines = ", ".join(f"`{engine}`" for engine in sorted(ENGINES))
    parts = [
        _HEAD,
        *(_chapter(name, info) for name, info in _fields(Settings)),
        f"## The catalogue of public lists\n\n{_catalogue()}\n",
        f"## Built-in categories\n\n{categories}\n",
        f"## Search engines with a safe mode\n\n{engines}\n",
    ]
    return "\n".join(parts)


def keys() -> Iterator[tuple[str, FieldInfo]]:
    """Every key of the file with its dotted path; `[]` stands for an item of a list, `ID` for a name of your own."""
    for name, info in _fields(Settings):
        yield name, info
        yield from _keys_below(name, info)


def words(info: FieldInfo) -> str:
    """What kind of value a key takes."""
    extra = info.json_schema_extra
    given = extra.get("words") if isinstance(extra, dict) else ""
    return str(given) if given else _type_words(info.annotation)


def _catalogue() -> str:
    return "\n".join(
        f"- `{entry.id}`: {entry.title} ({entry.home}; {entry.licence})"
        for entry in load_catalogue().values()
    )


def _chapter(name: str, info: FieldInfo) -> str:
    lines = [f"## {name}", "", *_entry(name, info), ""]
    for path, below in _keys_below(name, info):
        lines += [f"### {path}", "", *_entry(path, below), ""]
    return "\n".join(lines)


def _entry(path: str, info: FieldInfo) -> list[str]:
    name = path.rpartition(".")[2]
    example = next(iter(info.examples or ()))
    kind = words(info)
    return [
        f"{kind[0].upper()}{kind[1:]}; {_default(info)}.",
        "",
        info.description or "",
        "",
        f"Example: `{name}: {example}`",
    ]


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "needed"
    default = info.get_default()
    if default is None or default == "" or section_in(info.annotation) is not None:
        return "optional"
    return f"default `{as_flow(default)}`"


def _keys_below(path: str, info: FieldInfo) -> Iterator[tuple[str, FieldInfo]]:
    section = section_in(info.annotation)
    if section is None:
        return
    base = path + {tuple: "[]", dict: ".ID"}.get(_container(info.annotation), "")
    for name, below in _fields(section):
        yield f"{base}.{name}", below
        yield from _keys_below(f"{base}.{name}", below)


def _fields(section: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """The keys of a section, each with its docstring as the description."""
    said = meanings(section)
    for name, info in section.model_fields.items():
        yield name, FieldInfo.merge_field_infos(info, description=said.get(name))


@cache
def meanings(section: type[BaseModel]) -> Mapping[str, str]:
    """What each key of a section means: its docstring, as far as it has one. Those of its bases are among them."""
    said: dict[str, str] = {}
    for base in section.__bases__:
        if issubclass(base, BaseModel) and base is not BaseModel:
            said |= meanings(base)
    (body,) = ast.parse(inspect.getsource(section)).body
    assert isinstance(body, ast.ClassDef)
    for above, below in pairwise(body.body):
        match above, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                said[name] = inspect.cleandoc(text)
            case _:
                pass  # anything else in a class's body
    return said


def _container(annotation: Any) -> Any:
    """`tuple`, `dict`, or None for a value that holds no others."""
    origin = get_origin(annotation)
    return origin if origin is tuple or origin is dict else None


def _type_words(annotation: Any) -> str:
    if get_origin(annotation) is tuple:
        return f"a list of {_plural(get_args(annotation)[0])}"
    if isinstance(annotation, type):
        if issubclass(annotation, TextValue):
            return annotation.WORDS
        return {bool: "true or false", int: "a whole number", str: "text"}.get(annotation, "a mapping")
    optional = [item for item in get_args(annotation) if item is not type(None)]
    return _type_words(optional[0]) if _container(annotation) is not dict and optional else "a mapping by id"


def _plural(item: Any) -> str:
    if isinstance(item, type) and issubclass(item, TextValue):
        return item.PLURAL
    return "mappings" if section_in(item) is not None else "ids"
