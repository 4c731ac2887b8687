"""What the description of the API says of lists, categories, profiles and subscribers: paths and schemas. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from admin.api.bodies import JSON, MERGE_PATCH
from admin.api.changes import REASON_HEADER, WAITS_HEADER
from admin.api.describing import (
    COUNT,
    MAYBE_TEXT,
    MOMENT,
    TEXT,
    Paths,
    Schema,
    array,
    body,
    empty,
    exactly,
    in_path,
    json,
    operation,
    problem,
    query,
    ref,
    words,
)
from admin.api.paging import LONGEST_CURSOR
from admin.api.preconditions import LONGEST as LONGEST_MATCH
from admin.config.fields import IDENTIFIER
from admin.services.actors import Permission
from admin.services.acts import LONGEST_REASON, MOST_PER_PAGE

LIMIT: Schema = query(
    "limit", "Items of one page", COUNT | {"minimum": 1, "maximum": MOST_PER_PAGE, "default": 100}
)
CURSOR: Schema = query(
    "cursor",
    "Where the page begins: what `next` of the one before says",
    TEXT | {"maxLength": LONGEST_CURSOR, "pattern": "^[ -~]*$"},
)
PAGES = (LIMIT, CURSOR)
REASON: Schema = {
    "name": REASON_HEADER,
    "in": "header",
    "required": False,
    "description": f"Why, for the audit events: {LONGEST_REASON} characters at most, percent-encoded UTF-8",
    "schema": {"type": "string", "maxLength": LONGEST_REASON, "pattern": "^[ -~]*$"},
}
CHANGED = "Weir-Generation"
KEPT = "It is kept and not in force yet; `Weir-Waits` says why. It comes into force by itself"
NOT_FOUND = problem("There is no such thing")
NOT_MODIFIED = empty("The client has it already", "ETag")
STALE = {
    "412": problem("It has changed since it was read, or is not there"),
    "428": problem("If-Match is missing"),
}


def if_match(*, required: bool) -> Schema:
    """The header by which nobody overwrites what they have not seen."""
    return {
        "name": "If-Match",
        "in": "header",
        "required": required,
        "description": "The ETag of what was read, or `*`",
        "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_MATCH, "pattern": "^[ -~]+$"},
    }


def page_of(item: Schema) -> Schema:
    """A page: the items, and where the next one is."""
    return exactly(items=array(item), next=MAYBE_TEXT | {"description": "Path and query of the next page"})


@dataclass(frozen=True, slots=True)
class Described:
    """One resource in words. ``name`` is that of its schema; ``shown`` are members that Weir adds to an item."""

    path: str
    name: str
    noun: str
    read: Permission
    write: Permission
    anonymous: bool = True
    id_pattern: str = f"^{IDENTIFIER}$"
    shown: Mapping[str, Schema] = field(default_factory=dict)
    always: tuple[str, ...] = ()
    """Members that everybody is shown, beside ``id`` and ``declared_in``."""

    @property
    def plural(self) -> str:
        """The collection in words: the last part of its path."""
        return self.path.rpartition("/")[2]

    def paths(self) -> Paths:
        """The collection and its items."""
        return {self.path: self._collection(), f"{self.path}/{{id}}": self._item()}

    def schemas(self, base: Schema) -> dict[str, Schema]:
        """From the section's schema to those of what is sent and shown."""
        added: dict[str, Schema] = {
            "declared_in": words("file", "database"),
            "created": MOMENT,
            "changed": MOMENT,
            **self.shown,
        }
        properties: dict[str, Any] = base["properties"]
        whole = {key: value for key, value in base.items() if key not in ("required", "anyOf")}
        return {
            self.name: base,
            f"{self.name}Replacement": _without_id(base),
            f"{self.name}Patch": whole | {"properties": {n: _nullable(s) for n, s in properties.items()}},
            f"{self.name}Shown": whole
            | {"properties": properties | added, "required": ["id", "declared_in", *self.always]},
        }

    def _collection(self) -> dict[str, Schema]:
        return {
            "get": operation(
                f"All {self.plural}, those of the file and those of the database, by id",
                {"200": json("One page", page_of(self._shown()))},
                scope=self.read,
                anonymous=self.anonymous,
                parameters=PAGES,
            ),
            "post": operation(
                f"Add a {self.noun}",
                {
                    "201": json("It is in force", self._shown(), "ETag", "Location", CHANGED),
                    "202": self._kept("Location"),
                    "409": problem("The id is taken, or something else stands against it"),
                },
                scope=self.write,
                parameters=(REASON,),
                request=body(ref(self.name)),
            ),
        }

    def _item(self) -> dict[str, Any]:
        return {
            "parameters": [self._id()],
            "get": operation(
                f"One {self.noun}",
                {
                    "200": json(f"The {self.noun}", self._shown(), "ETag"),
                    "304": NOT_MODIFIED,
                    "404": NOT_FOUND,
                },
                scope=self.read,
                anonymous=self.anonymous,
            ),
            "put": operation(
                f"Put another {self.noun} in place of this one, or add it under this id",
                {
                    "200": json("It is in force", self._shown(), "ETag", CHANGED),
                    "201": json("It is new and in force", self._shown(), "ETag", "Location", CHANGED),
                    "202": self._kept("Location"),
                    "404": NOT_FOUND,
                    "409": problem("The file declares it, or something else stands against it"),
                }
                | STALE,
                scope=self.write,
                parameters=(if_match(required=False), REASON),
                request=body(ref(f"{self.name}Replacement")),
            ),
            "patch": self._patch(),
            "delete": operation(
                f"Take a {self.noun} away",
                {
                    "202": empty(KEPT, WAITS_HEADER),
                    "204": empty("It is no longer in force", CHANGED),
                    "404": NOT_FOUND,
                    "409": problem("The file declares it, or something needs it"),
                }
                | STALE,
                scope=self.write,
                parameters=(if_match(required=True), REASON),
            ),
        }

    def _patch(self) -> Schema:
        return operation(
            f"Change keys of a {self.noun} (RFC 7396: null takes a key away)",
            {
                "200": json("It is in force", self._shown(), "ETag", CHANGED),
                "202": self._kept(),
                "404": NOT_FOUND,
                "409": problem("The file declares it, or something else stands against it"),
            }
            | STALE,
            scope=self.write,
            parameters=(if_match(required=True), REASON),
            request=body(ref(f"{self.name}Patch"), MERGE_PATCH, JSON),
        )

    def _kept(self, *headers: str) -> Schema:
        return json(KEPT, self._shown(), "ETag", WAITS_HEADER, *headers)

    def _shown(self) -> Schema:
        return ref(f"{self.name}Shown")

    def _id(self) -> Schema:
        parameter = in_path("id", f"The id of a {self.noun}")
        return parameter | {"schema": {"type": "string", "pattern": self.id_pattern}}


def _without_id(schema: Schema) -> Schema:
    """The id stands in the path already."""
    result = dict(schema)
    if "required" in result:
        result["required"] = [name for name in result["required"] if name != "id"]
    if "anyOf" in result:
        result["anyOf"] = [{"required": [n for n in way["required"] if n != "id"]} for way in result["anyOf"]]
    return result


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}
