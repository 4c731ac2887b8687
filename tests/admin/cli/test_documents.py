"""``weir profiles|subscribers set|remove``: what is said of a change, in force or not."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest

from admin.cli import documents
from admin.cli.api import Answer, RefusedError

Run = Callable[..., tuple[int, str, str]]
WAITS = "the public log waits for the database; check that the server runs"
VERBS = [
    (("profiles", "set", "kids", "--title", "Kids"), True, "profile kids: changed\n", "PATCH"),
    (("profiles", "set", "kids", "--title", "Kids"), False, "profile kids: added\n", "POST"),
    (("profiles", "remove", "kids"), True, "profile kids: removed\n", "DELETE"),
    (("subscribers", "set", "kids", "--paused"), True, "subscriber kids: changed\n", "PATCH"),
    (("subscribers", "remove", "kids"), True, "subscriber kids: removed\n", "DELETE"),
]


@pytest.mark.parametrize("waits", ["", WAITS])
@pytest.mark.parametrize(("verb", "is_there", "said", "method"), VERBS)
def test_a_change_that_waits_is_status_3_with_the_reason(
    weir: Run,
    monkeypatch: pytest.MonkeyPatch,
    verb: tuple[str, ...],
    is_there: bool,
    said: str,
    method: str,
    waits: str,
) -> None:
    asked: list[tuple[str, dict[str, str]]] = []

    def control(
        _config: Any, method: str, _path: str, _body: Any = None, headers: Any = None, **more: Any
    ) -> Answer:
        if method == "GET" and not is_there:
            raise RefusedError(HTTPStatus.NOT_FOUND, "There is no such thing")
        asked.append((method, (headers or {}) | more))
        return Answer({}, '"tag"', "" if method == "GET" else waits)

    monkeypatch.setattr(documents, "ask", control)
    monkeypatch.setattr(documents, "change", control)
    status, out, err = weir(*verb)
    assert (status, out) == (3 if waits else 0, said)
    assert err == (
        f"weir: {said.partition(':')[0]}: kept, and not in force yet; it comes into force by itself: {waits}\n"
        if waits
        else ""
    )
    assert asked[-1] == (method, {"reason": ""} | ({"etag": '"tag"'} if is_there else {}))
