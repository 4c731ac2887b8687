"""Schemas of pydantic's models as OpenAPI 3.1 wants them. Pure.

pydantic's own generator writes the dialect of OpenAPI 3.1 (JSON Schema 2020-12), so nothing is translated here: defaults
are printed as the values print themselves, and the examples of the manual, which are YAML, become JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import to_jsonable_python

from admin.config.fields import section_in
from admin.config.manual import meanings

_TEMPLATE = "#/components/schemas/{model}"
_NOT_SCHEMA = {"words", "title"}
"""What the manual keeps beside a key, and what only repeats its name."""


class _Generator(GenerateJsonSchema):
    """pydantic's generator; only how defaults are printed is ours."""

    def encode_default(self, dft: Any) -> Any:
        """A default as it stands in JSON."""
        if isinstance(dft, BaseModel):
            return dft.model_dump(mode="json", exclude_none=True)
        if isinstance(dft, tuple | list):
            return [self.encode_default(item) for item in dft]
        return str(dft) if hasattr(dft, "PATTERN") else to_jsonable_python(dft)


def schemas_of(models: Iterable[type[BaseModel]]) -> dict[str, JsonSchemaValue]:
    """The schemas of the models and of all that they are made of, by name."""
    asked = list(dict.fromkeys(models))
    _, found = models_json_schema(
        [(model, "validation") for model in asked], ref_template=_TEMPLATE, schema_generator=_Generator
    )
    schemas: dict[str, JsonSchemaValue] = {name: _as_json(schema) for name, schema in found["$defs"].items()}
    for model in set(_with_parts(asked)):
        for name, meaning in meanings(model).items():
            schemas[model.__name__]["properties"][name]["description"] = meaning
    return schemas


def _with_parts(models: Iterable[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    for model in models:
        yield model
        parts = (section_in(info.annotation) for info in model.model_fields.values())
        yield from _with_parts(part for part in parts if part is not None)


def _as_json(schema: JsonSchemaValue) -> JsonSchemaValue:
    """A schema without what is not of JSON Schema, its examples read as the YAML that they are."""
    result: JsonSchemaValue = {}
    for name, value in schema.items():
        if name == "properties":
            result[name] = {key: _as_json(below) for key, below in value.items()}
        elif name == "examples":
            result[name] = [yaml.safe_load(example) for example in value]
        elif name not in _NOT_SCHEMA:
            result[name] = value
    return result
