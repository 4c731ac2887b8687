"""The description of the API: of every route, in sound OpenAPI, with schemas that say what the models take."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import validator_for

from admin.api.app import FOR_ANYBODY, ROUTES
from admin.api.openapi import description
from admin.config.endpoints import HostPort, ListUrl, Prefix, Upstream
from admin.config.rules import NameRule
from admin.config.values import Duration, Ratio, Sample, Size, TextValue

METHODS = {"get", "post", "put", "patch", "delete"}


async def test_it_is_served(client: Any) -> None:
    assert await (await client.get("/api/v1/openapi.json")).json() == description()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in description()["paths"].items():
        yield from ((method.upper(), path, item[method]) for method in METHODS & set(item))


def test_it_describes_every_route_and_no_other() -> None:
    assert {(method, path) for method, path, _ in operations()} == {route[:2] for route in ROUTES}


def test_what_needs_a_token_is_what_asks_for_a_scope() -> None:
    scopes = {(method, path): scope for method, path, _, scope in ROUTES}
    for method, path, operation in operations():
        scope = scopes[method, path]
        if scope is not None:
            assert ({} in operation["security"]) is (path in FOR_ANYBODY and method == "GET"), (method, path)
            assert f"{scope}" in operation["responses"]["403"]["description"], (method, path)
        elif path.startswith("/api/"):
            assert operation["security"] == [{"token": []}, {}]
        else:
            assert operation["security"] == []


def test_it_refers_to_what_it_holds() -> None:
    text = json.dumps(description())
    for part in text.split('"#/')[1:]:
        here: Any = description()
        for key in part.partition('"')[0].split("/"):
            here = here[key]


def test_everything_is_explained() -> None:
    for method, path, operation in operations():
        assert operation["summary"], (method, path)
    for name in ("List", "Profile", "Category", "Subscriber"):
        properties = description()["components"]["schemas"][name]["properties"]
        assert all(schema.get("description") for schema in properties.values()), name


def test_examples_and_defaults_fit_their_schemas() -> None:
    components = description()["components"]
    for name in ("List", "Profile", "Category", "Subscriber"):
        for key, schema in components["schemas"][name]["properties"].items():
            whole = {**schema, "components": components}
            values = [*schema.get("examples", ()), *([schema["default"]] if "default" in schema else ())]
            for value in values:
                validator_for(whole).validate(value), (name, key)


@pytest.mark.parametrize(
    ("kind", "good"),
    [
        (Duration, ["1ms", "10s", "1.5h", "1 d"]),
        (Size, ["64MiB", "1GB", "0.5KiB"]),
        (Ratio, ["50%", "0.25%", "300 %"]),
        (Sample, ["off", "1/1000"]),
        (HostPort, ["127.0.0.1:53", "[::1]:53"]),
        (Upstream, ["system", "9.9.9.9", "[2001:db8::1]:53", "2001:db8::1"]),
        (Prefix, ["192.0.2.17", "10.0.0.0/8", "2001:db8::/56"]),
        (ListUrl, ["file:a.txt", "https://lists.example/a"]),
        (NameRule, ["bets.example", "=bets.example"]),
    ],
)
def test_patterns_let_through_what_the_types_take(kind: type[TextValue], good: list[str]) -> None:
    schema = validator_for({"type": "string", "pattern": kind.PATTERN})
    for text in good:
        assert str(kind.parse(text))
        assert schema.is_valid(text), text
    for text in ("", " ", "ten", "10", "/"):
        with pytest.raises(ValueError):
            kind.parse(text)


async def test_readiness_has_the_shape_that_is_described(client: Any) -> None:
    detail = await (await client.get("/readyz")).json()
    components = description()["components"]
    validator_for({**components["schemas"]["Readiness"], "components": components}).validate(detail)
