"""/api/v1/subscribers/{id}/identities and /rules: parts of a subscriber, read and replaced by themselves."""

from __future__ import annotations

from typing import Any

import pytest

PATH = "/api/v1/subscribers/home-18"


@pytest.fixture
async def tag(local: Any) -> str:
    body = {"profile": "strict", "addresses": ["192.0.2.18"], "deny": ["a.example"]}
    made = await local.put(PATH, json=body)
    assert made.status == 201
    return str(made.headers["ETag"])


async def test_identities(local: Any, tag: str) -> None:
    shown = await local.get(f"{PATH}/identities")
    assert (await shown.json(), shown.headers["ETag"]) == ({"addresses": ["192.0.2.18/32"]}, tag)
    assert (await local.get(f"{PATH}/identities", headers={"If-None-Match": tag})).status == 304
    put = await local.put(
        f"{PATH}/identities", json={"addresses": ["2001:db8::/56"]}, headers={"If-Match": tag}
    )
    assert (put.status, await put.json()) == (200, {"addresses": ["2001:db8::/56"]})
    whole = await (await local.get(PATH)).json()
    assert (whole["addresses"], whole["deny"]) == (["2001:db8::/56"], ["a.example"])


async def test_rules_that_wait_are_told_from_those_in_force(local: Any, tag: str, appliance: Any) -> None:
    appliance.waits = "the disk is full"
    put = await local.put(f"{PATH}/rules", json={"allow": ["b.example"]}, headers={"If-Match": tag})
    assert (put.status, put.headers["Weir-Waits"]) == (202, "the disk is full")
    assert await put.json() == {"allow": ["b.example"], "deny": []}


async def test_rules_are_replaced_as_a_whole(local: Any, tag: str) -> None:
    put = await local.put(f"{PATH}/rules", json={"allow": ["b.example"]}, headers={"If-Match": tag})
    assert (put.status, await put.json()) == (200, {"allow": ["b.example"], "deny": []})


@pytest.mark.parametrize(
    ("part", "body", "headers", "status"),
    [
        ("rules", {}, {}, 428),
        ("rules", {}, {"If-Match": '"old"'}, 412),
        ("rules", {"profile": "open"}, {"If-Match": "*"}, 422),
        ("identities", {"addresses": []}, {"If-Match": "*"}, 422),
        ("identities", {}, {"If-Match": "*"}, 422),
        ("identities", {"addresses": ["127.0.0.17"]}, {"If-Match": "*"}, 422),
    ],
)
@pytest.mark.usefixtures("tag")
async def test_refusals(
    local: Any, part: str, body: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    assert (await local.put(f"{PATH}/{part}", json=body, headers=headers)).status == status


@pytest.mark.parametrize("part", ["rules", "identities"])
async def test_of_whom_there_is_none_or_the_file_declares(local: Any, part: str) -> None:
    body = {"addresses": ["10.0.0.1"]} if part == "identities" else {}
    for name, status in (("nobody", 404), ("home-17", 409), ("a%20b", 404)):
        path = f"/api/v1/subscribers/{name}/{part}"
        assert (await local.put(path, json=body, headers={"If-Match": "*"})).status == status
    assert (await local.get(f"/api/v1/subscribers/nobody/{part}")).status == 404
