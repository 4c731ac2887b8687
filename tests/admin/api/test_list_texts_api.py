"""Canonical texts over HTTP: what is asked for, what comes back, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from admin.api.list_life import Part
from admin.services.actors import Actor
from admin.services.errors import ConflictError, NotFoundError


class Texts:
    """Answers with what it was asked for, or with an error."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    async def text(self, actor: Actor, list_id: str, part: Part, wanted: str) -> bytes:
        if self.error is not None:
            raise self.error
        return f"{actor.id} {list_id} {part} {wanted}\n".encode()

    async def protected(self, actor: Actor) -> bytes:
        return b"host helpline.example\n"


@pytest.fixture
def texts(appliance: Any) -> Texts:
    appliance.texts = Texts()
    return appliance.texts


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "root bets entries \n"),
        ("?part=entries&version=0123abcd", "root bets entries 0123abcd\n"),
        ("?part=edits", "root bets edits \n"),
    ],
)
async def test_a_text(texts: Texts, local: Any, query: str, said: str) -> None:
    answer = await local.get(f"/api/v1/lists/bets/text{query}")
    assert (answer.status, answer.content_type) == (200, "text/plain")
    assert await answer.text() == said


async def test_protected_names(texts: Texts, local: Any) -> None:
    answer = await local.get("/api/v1/audit/protected-names")
    assert (answer.status, await answer.text()) == (200, "host helpline.example\n")
    assert (await local.get("/api/v1/audit/protected-names?x=1")).status == 400


@pytest.mark.parametrize("query", ["?part=all", "?version=xyz", f"?version={'0' * 65}", "?other=1"])
async def test_what_cannot_be_asked(texts: Texts, local: Any, query: str) -> None:
    assert (await local.get(f"/api/v1/lists/bets/text{query}")).status == 400


@pytest.mark.parametrize(
    ("error", "status"), [(NotFoundError("there is none"), 404), (ConflictError("it is secret"), 409)]
)
async def test_a_text_that_is_not_to_be_had(texts: Texts, local: Any, error: Exception, status: int) -> None:
    texts.error = error
    answer = await local.get("/api/v1/lists/bets/text")
    assert answer.status == status
    assert str(error) in await answer.text()


@pytest.mark.parametrize("path", ["/api/v1/lists/bets/text", "/api/v1/audit/protected-names"])
async def test_it_takes_a_credential(texts: Texts, client: Any, path: str) -> None:
    assert (await client.get(path)).status == 401
