"""Whether what a list says of its format holds together; the words for what does not. Pure."""

from __future__ import annotations

from admin.config.list_sections import FieldsConfig, HashesConfig
from admin.config.problems import fault
from blocklists.formats.json_items import parse_pointer
from blocklists.model import Scope
from blocklists.properties import HashShape

_MAPPED = ("csv", "json")


def check_format(
    format_: str, scope: Scope | None, fields: FieldsConfig | None, hashes: HashesConfig | None
) -> None:
    """A fault (PydanticCustomError) for sections that the format does not have, or that say too little for it."""
    for name, section, formats in (("fields", fields, _MAPPED), ("hashes", hashes, ("hashes",))):
        if (section is not None) != (format_ in formats):
            raise fault(
                f"`{name}` belongs to format {' and '.join(formats)}; write both or neither", key=name
            )
    if fields is not None:
        _check_fields(format_, scope, fields)
    if hashes is not None and hashes.shape is HashShape.HOST_PATH and (scope is not None or hashes.full):
        raise fault(
            "digests of shape host-path say how far they reach and are whole; remove it", key="hashes"
        )


def _check_fields(format_: str, scope: Scope | None, fields: FieldsConfig) -> None:
    if not fields.scope and scope is None:
        raise fault(
            "nothing says how far an entry of this list reaches; write for example `scope: url`, or the field that "
            "says it in `fields`",
            key="scope",
        )
    if bool(fields.scope) != bool(fields.scopes):
        raise fault("`scope` and `scopes` of `fields` belong together; write both or neither", key="fields")
    if format_ == "json":
        for name in ("items", "entry", "scope"):
            try:
                parse_pointer(getattr(fields, name))
            except ValueError as error:
                raise fault(f"{name}: {error}", key="fields") from None
    elif fields.items or not fields.entry:
        raise fault(
            "a CSV row has columns: write the one with the entry as `entry`, and no `items`", key="fields"
        )
