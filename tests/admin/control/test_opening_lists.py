"""Lists that are not public, opened through a real control, database and log: nothing leaves before the log has its leaf.

What leaves is recomputed against the log by the verifier, as an auditor would.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from admin.api.app import make_app
from admin.api.keys import SEATS
from admin.audit import recomputing, verifier
from admin.audit.doubt import LogStoppedError
from admin.audit.keys import KeyRef
from admin.audit.local_signer import LocalSigner
from admin.audit.lock_row import lock_reader
from admin.audit.recomputing import Answered, Finding, Result, Text
from admin.cli import audit_blocked, audit_recompute
from admin.cli.app import run
from admin.cli.opened_folder import Opened, write_folder
from admin.control.clocks import Clocks
from admin.control.log_keeper import Means
from admin.control.public_log import PublicLog
from admin.services.opening import LASTS, MOST_USES, Purpose
from admin.store.tables import EventRow
from blocklists.properties import Secret

LOCAL = "a-local-token-of-thirty-two-letters"
OPENINGS, CHALLENGE = "/api/v1/audit/openings", "/api/v1/audit/challenge"
BETS = (
    '{id: bets, url: "https://lists.example/bets", format: domains, kind: category, categories: [gambling]}'
)
WATCH = (
    '{id: watch, url: "https://other.example/watch", format: urls, kind: illegal, confidentiality: secret, '
    "legal_basis: voluntary, authority: Hotline}"
)
COURT = '{id: court, url: "https://court.example/list", format: domains, kind: illegal, confidentiality: restricted}'
HOSTS = (
    '{id: hosts, url: "https://other.example/hosts", format: domains, kind: illegal, confidentiality: secret}'
)
SECRETS = (b"zqa.example", b"zqb.example")
WATCHED = b"http://zqa.example/a/\nhttp://zqb.example/x/bad.html\n"
ROLES = {"eva": "auditor", "anna": "operator", "ben": "operator", "lea": "list-manager", "eve": "auditor"}


def in_this_process(told: Mapping[str, Any]) -> LocalSigner:
    """The signer without a process of its own."""
    refs = [KeyRef(Secret(key["credential"], key["path"]), key["own"], key["fresh"]) for key in told["keys"]]
    return LocalSigner(told["origin"], refs, lock_reader(told["database"]), Path(told["mark"]))


@dataclass
class Box:
    """A control that keeps a log, its API, and tokens of several persons."""

    world: Any
    controller: Any
    log: PublicLog
    client: TestClient[Any, Any]
    tokens: dict[str, str] = field(default_factory=dict)

    async def ask(self, by: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens.get(by, LOCAL)}", "Weir-Reason": "as agreed"}
        headers |= {"Weir-User": "root"} if by == "root" else {}
        return await self.client.request(method, path, json=body, headers=headers)

    async def good(self, by: str, method: str, path: str, body: Any = None) -> Any:
        response = await self.ask(by, method, path, body)
        assert response.status < 300, (method, path, await response.text())
        return await response.json()

    @property
    def state(self) -> str:
        assert self.log.head is not None
        return self.log.head.state

    async def open(
        self, list_id: str = "watch", *, by: str = "eva", agreed: str = "anna", purpose: str = "text"
    ) -> str:
        """The id of an opening to which two have agreed."""
        wish = {"list": list_id, "state": self.state, "purpose": purpose, "reason": "inspection 7"}
        asked = await self.good(by, "POST", OPENINGS, wish)
        await self.good(agreed, "POST", f"{OPENINGS}/{asked['id']}/approve", {"reason": "it is due"})
        return str(asked["id"])

    def text_path(self, list_id: str = "watch") -> str:
        return f"{OPENINGS}/{list_id}/{self.state}"

    async def events(self) -> list[EventRow]:
        async with self.controller.database.reading() as transaction:
            return list(await transaction.session.scalars(select(EventRow).order_by(EventRow.sequence)))

    def leaves(self) -> list[dict[str, Any]]:
        """Those about looks into lists, after the whole log was verified."""
        return [leaf for leaf in self.replayed() if leaf["type"] == "list.read"]

    def replayed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        source = verifier.Source(str(self.world.place.log))
        verifier.Replay(source, self.keys(), self.world.unix + 60).run(found.append)
        return found

    def keys(self) -> list[verifier.Key]:
        return [verifier.Key.parse(line) for line in self.world.place.log_vkey.read_text().split()]

    def recomputed(self, given: Text | Answered) -> Finding:
        states = [recomputing.state_of(given)]
        indices = [given.index] if isinstance(given, Answered) else []
        told = recomputing.listen(
            str(self.world.place.log), self.keys(), self.world.unix + 60, states, indices
        )
        return recomputing.recompute(told, given)

    def written(self) -> bytes:
        """All that lies in the folder of data, but the texts that are sealed or of lists that are not secret."""
        return b"".join(
            path.read_bytes() for path in Path(self.world.place.run).parent.rglob("*") if path.is_file()
        )


@pytest.fixture
async def box(world: Any) -> AsyncIterator[Box]:
    world.write(BETS, WATCH, COURT, HOSTS)
    world.sources.texts = {"bets": b"bets.example\n", "watch": WATCHED, "court": b"ordered.example\n"}
    world.sources.texts["hosts"] = b"zqa.example\n"
    controller = world.controller()
    clocks = Clocks(lambda: world.unix, lambda: world.monotonic)
    log = PublicLog(lambda: controller.config, controller.connect, clocks, Means(in_this_process))
    controller.keep_log(log)
    await controller.start()
    controller.admit(LOCAL)
    async with TestClient(TestServer(make_app(controller))) as client:
        found = Box(world, controller, log, client)
        for holder, role in ROLES.items():
            token = await found.good("root", "POST", "/api/v1/tokens", {"role": role, "holder": holder})
            found.tokens[holder] = token["token"]
        yield found
    await log.close()


@pytest.mark.parametrize(("by", "agreed"), [("eva", "anna"), ("eva", "lea"), ("eva", "root"), ("ben", "eve")])
async def test_what_two_agreed_to_is_given_and_recomputes(box: Box, by: str, agreed: str) -> None:
    opening = await box.open(by=by, agreed=agreed)
    answer = await box.ask(by, "GET", box.text_path())
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    text = await answer.read()
    assert all(name in text for name in SECRETS)
    secret = bytes.fromhex(answer.headers["Weir-Opening"])
    found = box.recomputed(Text("watch", box.state, text, secret))
    assert (found.result, "2 lines" in found.why) == (Result.MATCHES, True)
    assert box.recomputed(Text("watch", box.state, text[:-1], secret)).result is Result.DIFFERS
    assert box.recomputed(Text("watch", box.state, text, bytes(32))).result is Result.DIFFERS
    (leaf,) = box.leaves()
    assert answer.headers["Weir-Leaf"] == f"{box.log.condition.origin}#{leaf['seq']}"
    roles = {"eva": "auditor", "eve": "auditor", "root": "operator", "lea": "operator"}
    assert (leaf["how"], leaf["list"], leaf["of"]) == ("open", "watch", box.state)
    assert leaf["actor"]["role"] == roles.get(by, "operator")
    assert leaf["second"]["role"] == roles.get(agreed, "operator")
    assert leaf["actor"]["id"] != leaf["second"]["id"]
    assert leaf["src"] == {"auth": "Hotline", "basis": "voluntary"}
    assert (await box.good(by, "GET", f"{OPENINGS}/{opening}"))["left"] == MOST_USES[Purpose.TEXT] - 1
    kinds = [row.kind for row in await box.events()][-3:]
    assert kinds == ["list.opening-asked", "list.opening-agreed", "list.opened"]


async def test_a_restricted_list_is_opened_alike_and_a_public_one_needs_none(box: Box) -> None:
    await box.open("court")
    answer = await box.ask("eva", "GET", box.text_path("court"))
    assert await answer.read() == b"domain ordered.example\n"
    wish = {"list": "bets", "state": box.state, "reason": "inspection"}
    assert (await box.ask("eva", "POST", OPENINGS, wish)).status == 409


@pytest.mark.parametrize(
    ("by", "agreed", "status"),
    [
        ("eva", "eva", 409),  # oneself
        ("eva", "eve", 409),  # two auditors
        ("anna", "ben", 409),  # no auditor
        ("anna", "lea", 409),
    ],
)
async def test_who_is_no_second_person(box: Box, by: str, agreed: str, status: int) -> None:
    wish = {"list": "watch", "state": box.state, "reason": "inspection"}
    asked = await box.good(by, "POST", OPENINGS, wish)
    path = f"{OPENINGS}/{asked['id']}/approve"
    assert (await box.ask(agreed, "POST", path, {"reason": "why"})).status == status
    await nothing_is_given(box, by)


async def nothing_is_given(box: Box, *holders: str, status: int = 409) -> None:
    for holder in holders:
        answer = await box.ask(holder, "GET", box.text_path())
        assert answer.status == status, await answer.text()
        body = await answer.read()
        assert not any(name in body for name in SECRETS)
        assert "Weir-Opening" not in answer.headers
    assert box.leaves() == []


async def test_a_third_person_is_given_nothing(box: Box) -> None:
    await box.open()
    await nothing_is_given(box, "ben", "lea", "eve", "root", status=403)


async def test_an_opening_lasts_a_day_and_may_be_ended(box: Box) -> None:
    opening = await box.open()
    box.world.pass_time(LASTS)
    await nothing_is_given(box, "eva")
    again = await box.open()
    assert (await box.ask("lea", "DELETE", f"{OPENINGS}/{again}")).status == 204
    await nothing_is_given(box, "eva")
    assert [one["id"] for one in (await box.good("eva", "GET", OPENINGS))["items"]] == [opening]
    box.world.pass_time(-10 * LASTS)
    # A clock that is set back opens nothing.
    assert (await box.ask("eva", "GET", box.text_path())).status == 409


async def test_of_whom_is_erased_no_opening_is_kept(box: Box) -> None:
    await box.open()
    shown = (await box.good("ben", "GET", OPENINGS))["items"]
    assert [(one["asker"], one["agreer"]) for one in shown] == [("eva", "anna")]
    for token in (await box.good("root", "GET", "/api/v1/tokens"))["items"]:
        if token["holder"] == "eva":
            await box.ask("root", "DELETE", f"/api/v1/tokens/{token['id']}")
    await box.log.put_in()
    for holder in ("ben", "anna"):
        await box.good(holder, "POST", "/api/v1/audit/erasures", {"holder": "eva", "reason": "left"})
    assert (await box.good("ben", "GET", OPENINGS))["items"] == []
    assert "eva" not in str([(row.holder, dict(row.detail)) for row in await box.events()])


async def test_an_opening_is_used_only_so_often(box: Box) -> None:
    await box.open()
    for _ in range(MOST_USES[Purpose.TEXT]):
        assert (await box.ask("eva", "GET", box.text_path())).status == 200
    assert (await box.ask("eva", "GET", box.text_path())).status == 409
    assert len(box.leaves()) == MOST_USES[Purpose.TEXT]


async def test_while_the_log_is_stopped_nothing_leaves_and_later_it_does(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    await box.open()
    await box.open(purpose="challenge")

    async def stopped() -> None:
        raise LogStoppedError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(box.log, "put_in", stopped)
        await nothing_is_given(box, "eva", status=503)
        asked = {"list": "watch", "state": box.state, "text": "zqa.example"}
        answer = await box.ask("eva", "POST", CHALLENGE, asked)
        assert (answer.status, "listed" in await answer.text()) == (503, False)
    assert (await box.ask("eva", "GET", box.text_path())).status == 200
    # What was counted without being given is told as well: rather one leaf too many than one too few.
    assert [leaf["how"] for leaf in box.leaves()] == ["open", "challenge", "open"]


async def test_whoever_dies_after_the_log_has_it_has_given_nothing_untold(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that says it has put the event in, and has not: the leaf is looked for."""
    await box.open()

    async def lies() -> None:
        return None

    monkeypatch.setattr(box.log, "put_in", lies)
    await nothing_is_given(box, "eva", status=503)


@pytest.mark.parametrize(
    ("list_id", "text", "said"),
    [
        ("hosts", "zqa.example", "listed"),
        ("hosts", "WWW.zqa.example.", "listed"),
        ("hosts", "https://zqa.example/?zqx", "listed"),
        ("hosts", "zqb.example", "absent"),
        ("watch", "zqb.example", "absent"),
        ("watch", "http://zqb.example/x/bad.html", "listed"),
        ("watch", "http://zqb.example/x/other.html", "absent"),
        ("watch", "free.example", "absent"),
    ],
)
async def test_a_challenge_is_answered_and_the_log_commits_to_it(
    box: Box, list_id: str, text: str, said: str
) -> None:
    await box.open(list_id, purpose="challenge")
    answer = await box.good("eva", "POST", CHALLENGE, {"list": list_id, "state": box.state, "text": text})
    assert answer["answer"] == said
    given = Answered(
        answer["statement"].encode(), bytes.fromhex(answer["opening"]), answer["origin"], answer["index"]
    )
    assert box.recomputed(given).result is Result.MATCHES
    other = "absent" if said == "listed" else "listed"
    forged = Answered(
        given.statement.replace(said.encode(), other.encode()), given.opening, given.origin, given.index
    )
    assert box.recomputed(forged).result is Result.DIFFERS
    (leaf,) = box.leaves()
    assert (leaf["how"], leaf["of"]) == ("challenge", box.state)
    # The name is nowhere but in the answer: not in events, not in the log, not in any file.
    name = text.strip(".").lower().rpartition("//")[2].removeprefix("www.").split("/")[0]
    rows = str([(row.subject, row.reason, dict(row.detail)) for row in await box.events()])
    assert name not in rows
    assert name.encode() not in box.written().lower()


async def test_challenges_of_a_time_and_their_limits(box: Box) -> None:
    at = box.world.unix
    wish = {"list": "watch", "at": at, "purpose": "challenge", "reason": "inspection 7"}
    asked = await box.good("eva", "POST", OPENINGS, wish)
    assert asked["state"] == box.state
    question = {"list": "watch", "at": at, "text": "zqa.example"}
    assert (await box.ask("eva", "POST", CHALLENGE, question)).status == 409
    await box.good("anna", "POST", f"{OPENINGS}/{asked['id']}/approve", {"reason": "due"})
    sizes = set()
    for _ in range(MOST_USES[Purpose.CHALLENGE]):
        answer = await box.ask("eva", "POST", CHALLENGE, question)
        assert answer.status == 200, await answer.text()
        sizes.add(len(await answer.read()) - len(str((await answer.json())["index"])))
    assert len(sizes) == 1
    assert (await box.ask("eva", "POST", CHALLENGE, question)).status == 409
    assert (await box.ask("anna", "POST", CHALLENGE, question)).status == 409
    await box.open(purpose="challenge")
    assert (await box.ask("eva", "POST", CHALLENGE, question)).status == 429
    assert (await box.ask("eva", "GET", box.text_path())).status == 404  # the one purpose is not the other


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (OPENINGS, {"list": "watch", "state": "0" * 64, "reason": "x"}, 404),
        (OPENINGS, {"list": "nobody", "reason": "x"}, 404),
        (OPENINGS, {"list": "watch", "reason": " "}, 422),
        (OPENINGS, {"list": "watch", "reason": "two\nlines"}, 422),
        (OPENINGS, {"list": "watch", "state": "xyz", "reason": "x"}, 422),
        (OPENINGS, {"list": "watch", "state": "", "reason": "x"}, 422),
        (OPENINGS, {"list": "watch", "at": 5.0, "reason": "x"}, 422),
        (OPENINGS, {"list": "watch", "state": None, "at": 5.0, "reason": "x"}, 404),
        (OPENINGS, {"list": "watch", "purpose": "fun", "reason": "x"}, 422),
        (CHALLENGE, {"list": "watch", "text": "no name at all zqa"}, 422),
        (CHALLENGE, {"list": "watch", "text": "zqa." * 1000}, 422),
        (CHALLENGE, {"list": "watch", "text": ["zqa.example"]}, 422),
        (CHALLENGE, {"list": "watch", "text": "a.example"}, 404),
        (f"{OPENINGS}/0000/approve", {"reason": "x"}, 404),
        (f"{OPENINGS}/{'0' * 16}/approve", {"reason": "x"}, 404),
        (f"{OPENINGS}/%00%ff/approve", {"reason": "x"}, 404),
        (CHALLENGE, {"list": "watch\0", "text": "a.example"}, 422),
    ],
)
async def test_what_is_refused_leaves_no_event(
    box: Box, path: str, body: dict[str, Any], status: int
) -> None:
    body = {"state": box.state} | body if "approve" not in path else body
    body = {key: value for key, value in body.items() if value is not None}
    before = len(await box.events())
    answer = await box.ask("eva", "POST", path, body)
    assert (answer.status, "zqa" in await answer.text()) == (status, False)
    assert len(await box.events()) == before


async def test_who_has_not_the_scope(box: Box) -> None:
    token = await box.good("root", "POST", "/api/v1/tokens", {"role": "integration", "holder": "billing"})
    box.tokens["billing"] = token["token"]
    for method, path in (
        ("GET", OPENINGS),
        ("POST", OPENINGS),
        ("GET", f"{OPENINGS}/x"),
        ("DELETE", f"{OPENINGS}/x"),
        ("POST", f"{OPENINGS}/x/approve"),
        ("GET", box.text_path()),
        ("POST", CHALLENGE),
    ):
        assert (await box.ask("billing", method, path, {})).status == 403, path
    # A token must not make itself a second person.
    asked = {"role": "auditor", "holder": "nobody"}
    assert (await box.ask("anna", "POST", "/api/v1/tokens", asked)).status == 403


async def test_only_so_many_texts_are_in_memory(box: Box) -> None:
    await box.open()
    seats = box.client.server.app[SEATS]  # type: ignore[union-attr] - the server of a test has its application
    seats.taken = 2
    await nothing_is_given(box, "eva", status=503)
    seats.taken = 0
    answers = await asyncio.gather(*(box.ask("eva", "GET", box.text_path()) for _ in range(4)))
    assert {answer.status for answer in answers} <= {200, 503}
    assert seats.taken == 0


async def test_an_earlier_version_is_opened_as_long_as_it_is_kept(box: Box) -> None:
    old = box.state
    await box.open()
    box.world.sources.texts["watch"] = WATCHED + b"zqc.example\n"
    await box.good("root", "POST", "/api/v1/lists/watch/sync")
    while tasks := list(box.controller._fetching.running.values()):
        await tasks[0]
    await box.controller._step()
    assert box.state != old
    answer = await box.ask("eva", "GET", f"{OPENINGS}/watch/{old}")
    assert b"zqc.example" not in await answer.read()
    assert answer.status == 200
    assert (await box.ask("eva", "GET", box.text_path())).status == 404  # of the new state nobody asked


async def test_answers_and_texts_are_read_back_from_files(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await box.open()
    await box.open(purpose="challenge")
    answer = await box.ask("eva", "GET", box.text_path())
    text, secret = await answer.read(), answer.headers["Weir-Opening"]
    folder, file = tmp_path / "shown", tmp_path / "answer.json"
    write_folder(folder, "watch", box.state, {"entries": Opened("entries", text, secret, "x#1")})
    asked = {"list": "watch", "state": box.state, "text": "zqa.example"}
    file.write_text(json.dumps(await box.good("eva", "POST", CHALLENGE, asked)))
    key, log = str(box.world.place.log_vkey), str(box.world.place.log)
    manifest = str(box.world.place.log / f"state/{box.state}.json")

    def recompute(*arguments: str) -> int:
        return run(["audit", "recompute", *arguments])

    in_log = ("--log", log, "--key", key)
    monkeypatch.setattr(audit_recompute.time, "time", lambda: box.world.unix + 60)
    assert recompute(str(folder), "--manifest", manifest) == 0
    assert recompute(str(file), "--manifest", manifest) == 3
    assert recompute(str(folder), str(file), *in_log) == 0
    assert recompute(str(folder), "--log", log) == 2
    # The same texts answer whether something was blocked at a time.
    protected = tmp_path / "protected"
    protected.write_bytes(await (await box.ask("eva", "GET", "/api/v1/audit/protected-names")).read())
    monkeypatch.setattr(audit_blocked.time, "time", lambda: box.world.unix + 60)
    shown = ("--text", f"watch={folder / 'entries.txt'}", "--opening", f"watch={secret}")
    asked_at = (
        "--at",
        datetime.fromtimestamp(box.world.unix, UTC).isoformat(),
        "--protected",
        str(protected),
    )
    page, free = "http://zqb.example/x/bad.html", "http://zqb.example/x/other.html"
    assert run(["audit", "blocked", page, *asked_at, *in_log, *shown]) == 1
    assert run(["audit", "blocked", page, *asked_at, *in_log]) == 3
    assert run(["audit", "blocked", free, *asked_at, *in_log, *shown]) == 3  # other lists are not opened
    assert recompute(str(tmp_path / "none"), *in_log) == 2
    (folder / "entries.txt").write_bytes(text + b"domain other.example\n")
    assert recompute(str(folder), "--manifest", manifest) == 1
    assert recompute(str(folder), str(file), *in_log) == 1
    assert [oct(path.stat().st_mode & 0o777) for path in (folder, *folder.iterdir())][1:] == [
        "0o600",
        "0o600",
    ]
