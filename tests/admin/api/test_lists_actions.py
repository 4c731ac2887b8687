"""Decisions about lists over HTTP: what is asked reaches control with who asks; what is wrong has its status."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from admin.services.actors import DeniedError, Permission, Role
from admin.services.errors import ConflictError, NotFoundError

DECIDED = {"list": "bets", "message": "So it is.", "in_force": True, "generation": 7, "waits": ""}


@pytest.mark.parametrize(
    ("what", "body", "asked"),
    [
        ("suspend", {"reason": "r"}, ("r", None)),
        ("suspend", {"reason": "r", "until": 1.9e9}, ("r", 1.9e9)),
        ("suspend", {"reason": "r", "for": "2h"}, ("r", 1_800_007_200.0)),
        ("resume", {"reason": "r"}, ("r",)),
        ("rollback", {"reason": "r"}, ("r", "", False)),
        ("rollback", {"reason": "r", "version": "ab", "hold": True}, ("r", "ab", True)),
        ("release", {"reason": "r", "digest": "ab"}, ("r", "ab")),
    ],
)
async def test_decisions_reach_control(
    appliance: Any, local: Any, what: str, body: dict[str, Any], asked: tuple[Any, ...]
) -> None:
    answer = await local.post(f"/api/v1/lists/bets/{what}", json=body)
    assert (answer.status, await answer.json()) == (200, DECIDED)
    assert appliance.lists.asked == [(what, "bets", "root", *asked)]


async def test_an_update_begins(appliance: Any, local: Any) -> None:
    appliance.lists.answer = 3
    answer = await local.post("/api/v1/lists/bets/sync")
    assert (answer.status, await answer.json()) == (202, {"list": "bets", "attempt": 3})


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("suspend", {}),
        ("suspend", {"reason": 7}),
        ("suspend", {"reason": "r", "until": "soon"}),
        ("suspend", {"reason": "r", "until": 1.9e12}),  # milliseconds: no calendar has that year
        ("suspend", {"reason": "r", "for": "soon"}),
        ("suspend", {"reason": "r", "for": "2h", "until": 1.9e9}),
        ("suspend", {"reason": "x" * 501}),
        ("resume", {"reason": "r", "more": 1}),
        ("rollback", {"reason": "r", "hold": "yes"}),
        ("release", {"reason": "r"}),
    ],
)
async def test_a_wrong_body_is_refused(appliance: Any, local: Any, what: str, body: dict[str, Any]) -> None:
    answer = await local.post(f"/api/v1/lists/bets/{what}", json=body)
    assert answer.status == 422
    assert appliance.lists.asked == []


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (NotFoundError("There is no list 'bets'"), 404),
        (ConflictError("list bets is neither suspended nor rolled back"), 409),
        (DeniedError("This needs more", Permission.LISTS_WRITE), 403),
        (OSError(errno.ENOSPC, "No space left on device"), 503),
    ],
)
async def test_what_cannot_be_decided_says_why(
    appliance: Any, local: Any, fault: Exception, status: int
) -> None:
    appliance.lists.fault = fault
    answer = await local.post("/api/v1/lists/bets/resume", json={"reason": "r"})
    assert answer.status == status
    said = (await answer.json())["detail"]
    assert (str(fault) if status != 503 else "No space left") in said


@pytest.mark.parametrize(
    ("role", "what", "status"),
    [
        (Role.LIST_MANAGER, "suspend", 200),
        (Role.LIST_MANAGER, "release", 200),
        (Role.AUDITOR, "suspend", 403),
        (Role.INTEGRATION, "release", 403),
    ],
)
async def test_who_may_decide(
    appliance: Any, client: Any, make_token: Any, role: Role, what: str, status: int
) -> None:
    headers = {"Authorization": f"Bearer {await make_token(role)}"}
    body = {"reason": "r"} | ({"digest": "ab"} if what == "release" else {})
    assert (await client.post(f"/api/v1/lists/bets/{what}", json=body, headers=headers)).status == status
    assert (await client.post(f"/api/v1/lists/bets/{what}", json=body)).status == 401
