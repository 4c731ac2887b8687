"""Bodies: what is JSON, what is too much of it, and the words for wrong values."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.api import bodies
from admin.api.bodies import checked, parse_object
from admin.api.problem import ProblemError, pointer
from admin.config.people import SubscriberConfig

PATH = "/api/v1/subscribers"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"[]", "must be a JSON object"),
        (b'"text"', "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b'{"a": NaN}', "no JSON"),
        (b'{"a": Infinity}', "no JSON"),
        (b'{"a": "\\ud800"}', "no JSON"),
        (b'{"a": "\xff"}', "no JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "no JSON"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "no JSON"),
        (b'{"a": ' * 300 + b"1" + b"}" * 300, "recursion limit"),
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b'{"b": {"a": 1, "c": 0, "a": 1}}', "'a' stands twice"),
    ],
)
def test_what_is_no_object(body: bytes, words: str) -> None:
    with pytest.raises(ProblemError, match=words) as caught:
        parse_object(body)
    assert caught.value.status == 400


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc"), inner, max_size=4),
)


@given(st.dictionaries(st.text("abcd", max_size=3), JSON, max_size=5))
def test_sound_objects_come_back(value: dict[str, object]) -> None:
    assert parse_object(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_a_problem(body: bytes) -> None:
    status = 200
    try:
        assert isinstance(parse_object(body), dict)
    except ProblemError as error:
        status = error.status
    assert status in (200, 400)


def test_every_wrong_value_has_its_pointer() -> None:
    body: dict[str, object] = {"id": "a", "profile": 7, "addresses": ["10.0.0.1", "nowhere"], "colour": "red"}
    with pytest.raises(ProblemError) as caught:
        checked(SubscriberConfig, body)
    assert caught.value.status == 422
    errors: Any = caught.value.more["errors"]
    assert [error["pointer"] for error in errors] == ["/profile", "/addresses/1", "/colour"]
    assert "`nowhere` is not an address or network" in errors[1]["detail"]


@pytest.mark.parametrize(
    ("path", "expected"), [((), ""), (("a", 0, "b"), "/a/0/b"), (("a/b", "c~d"), "/a~1b/c~0d")]
)
def test_pointers(path: tuple[str | int, ...], expected: str) -> None:
    assert pointer(path) == expected


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_other_media_types_are_refused(local: Any, media_type: str) -> None:
    answer = await local.post(PATH, data=b"{}", headers={"Content-Type": media_type})
    assert answer.status == 415


async def test_a_body_that_is_too_large(local: Any) -> None:
    body = b'{"id": "' + b"a" * 600_000 + b'"}'
    answer = await local.post(PATH, data=body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.content_type) == (413, "application/problem+json")


async def test_a_body_that_does_not_come(local: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SLOWEST", 0.05)
    waiting = asyncio.Event()

    async def slowly() -> Any:
        yield b'{"id": '
        await waiting.wait()

    answer = await local.post(PATH, data=slowly(), headers={"Content-Type": "application/json"})
    waiting.set()
    assert answer.status == 408
    assert answer.headers["Connection"] == "close"


async def test_slow_bodies_keep_nobody_else_waiting(local: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SLOWEST", 300.0)
    waiting = asyncio.Event()

    async def slowly() -> Any:
        yield b"{"
        await waiting.wait()

    headers = {"Content-Type": "application/json"}
    slow = [asyncio.ensure_future(local.post(PATH, data=slowly(), headers=headers)) for _ in range(40)]
    async with asyncio.timeout(30):
        assert (await local.get("/healthz")).status == 200
        assert (await local.get("/api/v1/profiles")).status == 200
    waiting.set()
    assert {answer.status for answer in await asyncio.gather(*slow)} == {400}


async def test_a_crowd_keeps_health_from_nobody(local: Any, client: Any) -> None:
    crowd = [asyncio.ensure_future(local.get("/api/v1/audit")) for _ in range(300)]
    async with asyncio.timeout(60):
        assert (await client.get("/healthz")).status == 200
    assert not all(one.done() for one in crowd), "it was answered in their midst"
    assert {answer.status for answer in await asyncio.gather(*crowd)} == {200}
