"""Who may ask: names that lead a browser here, pages of other sites."""

from __future__ import annotations

import pytest

from admin.api.guard import Asked, refusal


def status(headers: dict[str, str], *, method: str = "GET", path: str = "/api/v1/check") -> int:
    problem = refusal(Asked(method, path, headers), node="Edge-1.isp.example")
    return 200 if problem is None else int(problem.status)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:8000", 200),
        ("127.0.0.1", 200),
        ("[::1]:8000", 200),
        ("192.0.2.7", 200),
        ("localhost:8000", 200),
        ("LOCALHOST", 200),
        ("edge-1.isp.example:8000", 200),
        ("edge-1.isp.example.", 200),
        ("rebound.attacker.example", 403),
        ("127.0.0.1.attacker.example", 403),
        ("localhost.attacker.example", 403),
        ("edge-1.isp.example@attacker.example", 403),
        ("", 403),
        ("[::1", 403),
        (":8000", 403),
        (".", 403),
        ("127.1", 403),
    ],
)
def test_host(host: str, expected: int) -> None:
    assert status({"Host": host}) == expected


def test_no_host_at_all() -> None:
    assert status({}) == 403


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:8000"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "http://attacker.example"}, 403),
        ({"Origin": "http://127.0.0.1:9000"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 403),
    ],
)
def test_pages_of_other_sites_change_nothing(headers: dict[str, str], expected: int) -> None:
    host = {"Host": "127.0.0.1:8000"}
    assert status(host | headers, method="POST", path="/api/v1/reload") == expected
    assert status(host | headers) == 200
