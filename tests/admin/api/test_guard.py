"""Who may ask: names that lead a browser here, pages of other sites, tokens."""

from __future__ import annotations

import pytest

from admin.api.guard import Asked, refusal

TOKEN = "a-token-of-twenty-six-letters"


def status(
    headers: dict[str, str], *, method: str = "GET", path: str = "/api/v1/check", token: str | None = None
) -> int:
    problem = refusal(Asked(method, path, headers), node="Edge-1.isp.example", token=token)
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


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN} ", 200),
        (f"Basic {TOKEN}", 401),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        ("Bearer ", 401),
        (TOKEN, 401),
        ("Bearer \udcff", 401),
    ],
)
def test_token(authorization: str, expected: int) -> None:
    assert status({"Host": "127.0.0.1", "Authorization": authorization}, token=TOKEN) == expected


@pytest.mark.parametrize(
    ("path", "expected"), [("/healthz", 200), ("/metrics", 200), ("/api/v1/openapi.json", 401)]
)
def test_the_token_is_for_the_api_alone(path: str, expected: int) -> None:
    assert status({"Host": "127.0.0.1"}, path=path, token=TOKEN) == expected
