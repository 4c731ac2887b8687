"""Who asks: every credential, its absence, and what is neither."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import pytest

from admin.api.appliance import Keys
from admin.api.attempts import MOST, WINDOW
from admin.api.authentication import ANONYMOUS, Gate, Refused, UnauthenticatedError
from admin.api.guard import Asked
from admin.api.problem import ProblemError
from admin.services.actors import GRANTS, Actor, ActorKind, Permission, Role
from admin.store.errors import UnavailableError

LOCAL = "a-local-token-of-thirty-two-letters"
FILE = "a-token-of-twenty-six-letters"
KNOWN = "weir_known"
SOMEBODY = Actor(ActorKind.TOKEN, "ab12", "Anna", GRANTS[Role.AUDITOR])
OPEN = Keys(LOCAL)
GUARDED = Keys(LOCAL, FILE)


class Away:
    """A database that cannot be reached."""

    def reading(self) -> NoReturn:
        raise UnavailableError("weir.db: it is locked")

    async def look(self, _work: object) -> NoReturn:
        self.reading()

    transaction = reading


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> Gate:
    return Gate(clock)


async def find(text: str) -> Actor | None:
    assert text.startswith("weir_"), "nothing else is looked up"
    return SOMEBODY if text == KNOWN else None


async def ask(gate: Gate, headers: Mapping[str, str], keys: Keys = OPEN, peer: str = "127.0.0.1") -> Actor:
    return await gate.actor(Asked("GET", "/api/v1/lists", headers, peer), keys, find)


def bearer(token: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): v for name, v in more.items()}


async def test_each_credential_is_somebody(gate: Gate) -> None:
    local = await ask(gate, bearer(LOCAL, Weir_User="eve"))
    assert (local.kind, local.id, local.permissions) == (ActorKind.LOCAL, "eve", GRANTS[Role.OPERATOR])
    of_file = await ask(gate, bearer(FILE), GUARDED)
    assert (of_file.id, of_file.holder, of_file.permissions) == (
        "token-file",
        "token-file",
        GRANTS[Role.OPERATOR],
    )
    assert await ask(gate, bearer(KNOWN)) == SOMEBODY
    assert await ask(gate, {"Authorization": f"bearer  {KNOWN} "}) == SOMEBODY


@pytest.mark.parametrize(
    ("headers", "keys", "peer", "is_let_in"),
    [
        ({}, OPEN, "127.0.0.1", True),
        ({}, OPEN, "::1", True),
        ({}, OPEN, "192.0.2.7", False),
        ({}, OPEN, "", False),
        ({}, GUARDED, "127.0.0.1", False),
        ({"X-Forwarded-For": "192.0.2.7"}, OPEN, "127.0.0.1", False),
        ({"Forwarded": "for=192.0.2.7"}, OPEN, "127.0.0.1", False),
    ],
)
async def test_without_a_credential(
    gate: Gate, headers: dict[str, str], keys: Keys, peer: str, is_let_in: bool
) -> None:
    if is_let_in:
        assert await ask(gate, headers, keys, peer) is ANONYMOUS
        return
    with pytest.raises(UnauthenticatedError) as caught:
        await ask(gate, headers, keys, peer)
    assert (caught.value.status, caught.value.reason) == (401, Refused.NOTHING_SENT)
    assert caught.value.headers == {"WWW-Authenticate": 'Bearer realm="weir"'}


def test_nobody_reads_what_is_personal_and_changes_nothing() -> None:
    beyond = {
        p for p in ANONYMOUS.permissions if "write" in p or "subscriber" in p or "token" in p or "audit" in p
    }
    assert beyond == set()
    assert Permission.LISTS_SECRET not in ANONYMOUS.permissions


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer wrong",
        "Bearer weir_wrong",
        f"Bearer {KNOWN}x",
        f"Basic {KNOWN}",
        f"Bearer {LOCAL[:-1]}",
        f"Bearer {FILE}",
        "Bearer ",
        "Bearer",
        "",
        KNOWN,
        "Bearer \udcff",
        "Bearer weir_\udcff",
        "Bearer weir_" + "a" * 5_000,
        "Bearer \0",
    ],
)
async def test_what_is_no_credential(gate: Gate, authorization: str) -> None:
    with pytest.raises(UnauthenticatedError) as caught:
        await ask(gate, {"Authorization": authorization})
    assert (caught.value.status, caught.value.reason) == (401, Refused.UNKNOWN)
    assert "invalid_token" in caught.value.headers["WWW-Authenticate"]
    assert KNOWN not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (bearer(LOCAL), 400),
        (bearer(LOCAL, Weir_User=""), 400),
        (bearer(LOCAL, Weir_User="é"), 400),
        (bearer(LOCAL, Weir_User="a" * 65), 400),
        (bearer(LOCAL, Weir_User="a\nb"), 400),
        (bearer(KNOWN, Weir_User="root"), 403),
        ({"Weir-User": "root"}, 403),
    ],
)
async def test_the_users_name_goes_with_the_local_token_alone(
    gate: Gate, headers: dict[str, str], status: int
) -> None:
    with pytest.raises(ProblemError) as caught:
        await ask(gate, headers)
    assert caught.value.status == status


async def test_before_there_is_a_local_token_nobody_has_it(gate: Gate) -> None:
    for guess in ("", "None"):
        with pytest.raises(UnauthenticatedError):
            await ask(gate, bearer(guess), Keys(None))


async def guess(gate: Gate, count: int, peer: str = "192.0.2.7") -> None:
    for number in range(count):
        with pytest.raises(UnauthenticatedError):
            await ask(gate, bearer(f"weir_{number}"), GUARDED, peer)


async def test_whoever_guesses_waits(gate: Gate, clock: Clock) -> None:
    await guess(gate, MOST)
    for token in ("weir_again", FILE, KNOWN):
        with pytest.raises(UnauthenticatedError) as caught:
            await ask(gate, bearer(token), GUARDED, "192.0.2.7")
        assert (caught.value.status, caught.value.reason) == (429, Refused.TOO_MANY)
        assert 0 < int(caught.value.headers["Retry-After"]) <= WINDOW + 1
    assert await ask(gate, bearer(KNOWN), GUARDED, "192.0.2.8") == SOMEBODY
    clock.now += WINDOW
    assert await ask(gate, bearer(KNOWN), GUARDED, "192.0.2.7") == SOMEBODY


async def test_nobody_is_locked_out_by_anothers_guesses(gate: Gate) -> None:
    assert await ask(gate, bearer(KNOWN), GUARDED, "192.0.2.7") == SOMEBODY
    await guess(gate, MOST * 2)
    assert await ask(gate, bearer(KNOWN), GUARDED, "192.0.2.7") == SOMEBODY
    local = await ask(gate, bearer(LOCAL, Weir_User="root"), GUARDED, "192.0.2.7")
    assert local.kind is ActorKind.LOCAL


async def test_a_token_that_is_revoked_is_none_at_once(gate: Gate) -> None:
    live: dict[str, Actor] = {KNOWN: SOMEBODY}

    async def look(text: str) -> Actor | None:
        return live.get(text)

    asked = Asked("GET", "/api/v1/lists", bearer(KNOWN), "192.0.2.7")
    assert await gate.actor(asked, OPEN, look) == SOMEBODY
    live.clear()
    with pytest.raises(UnauthenticatedError):
        await gate.actor(asked, OPEN, look)


def test_keys_do_not_print_themselves() -> None:
    assert LOCAL not in repr(GUARDED)
    assert FILE not in repr(GUARDED)


async def test_over_http(client: Any, local: Any, make_token: Any, appliance: Any) -> None:
    path = "/api/v1/subscribers"
    refused = await client.get(path)
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="weir"')
    headers = bearer(await make_token(Role.AUDITOR))
    denied = await client.get(path, headers=headers)
    assert denied.status == 403
    assert 'scope="subscribers:read"' in denied.headers["WWW-Authenticate"]
    assert "subscribers:read" in (await denied.json())["detail"]
    assert (await client.get("/api/v1/audit", headers=headers)).status == 200
    assert (await local.get(path)).status == 200
    text = await (await client.get("/metrics")).text()
    assert 'weir_api_authentications_refused_total{reason="nothing-sent"} 1.0' in text


async def test_the_scope_is_asked_before_anything_else(client: Any, make_token: Any) -> None:
    headers = bearer(await make_token(Role.INTEGRATION))
    for method, path in (
        ("DELETE", "/api/v1/lists/bets"),
        ("DELETE", "/api/v1/lists/nobody"),
        ("PUT", "/api/v1/categories/x"),
        ("POST", "/api/v1/tokens"),
        ("POST", "/api/v1/reload"),
        ("GET", "/api/v1/audit?nonsense=1"),
    ):
        assert (await client.request(method, path, headers=headers, data=b"{")).status == 403, path
        assert (await client.request(method, path, data=b"{")).status == 401, path


async def test_last_use_is_noted_about_once_an_hour(client: Any, local: Any, make_token: Any) -> None:
    headers = bearer(await make_token(Role.OPERATOR))
    for _ in range(3):
        assert (await client.get("/api/v1/tokens", headers=headers)).status == 200
    (token,) = (await (await local.get("/api/v1/tokens")).json())["items"]
    assert token["used"] == 1_800_000_000.0


async def test_whoever_may_read_is_let_in_while_nothing_can_be_written(
    client: Any, make_token: Any, appliance: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = bearer(await make_token(Role.AUDITOR))
    monkeypatch.setattr(appliance.database, "transaction", Away().transaction)
    assert (await client.get("/api/v1/audit", headers=headers)).status == 200


async def test_without_the_database_the_box_may_still_act(client: Any, local: Any, appliance: Any) -> None:
    appliance.database = Away()
    refused = await client.get("/api/v1/lists", headers=bearer(KNOWN))
    assert refused.status == 503
    assert (await local.post("/api/v1/reload")).status == 200
    assert (await client.get("/api/v1/stats/queries")).status == 200
