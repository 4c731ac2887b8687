"""``weir lists …``: what is asked of control, how its answers read, and what the exit status says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from admin.cli import lists_sync
from admin.cli.lists_status import ago

Run = Callable[..., tuple[int, str, str]]
DIGEST = "0123456789abcdef" * 4
BETS: dict[str, Any] = {
    "id": "bets",
    "kind": "category",
    "authority": "",
    "loaded": True,
    "state": "accepted",
    "entries": 1234,
    "dispositions": {"dns": 1234},
    "age": 7300.0,
    "age_level": "current",
    "last_attempt": None,
    "enforced": "all",
    "next_attempt": None,
    "fetching": False,
    "attempts": 1,
    "in_force": True,
    "serving": DIGEST,
    "held": "",
    "pinned": "",
    "suspension": None,
    "message": "A new version with 1,234 entries.",
}


DECIDED: dict[str, Any] = {
    "list": "bets",
    "message": "So it is.",
    "in_force": False,
    "generation": 4,
    "waits": "",
}


@dataclass
class Control:
    """A control that answers by path, each answer once until the last, and remembers what it was asked."""

    answers: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def says(self, path: str, *bodies: Any, status: int = 200) -> None:
        self.answers[path] = [(status, body) for body in bodies]

    def lists(self, *states: dict[str, Any]) -> None:
        """What each look at all lists finds, of one list."""
        self.says("/api/v1/stats/lists", *({"lists": [BETS | state], "waits": ""} for state in states))


@pytest.fixture
def control(folder: Path) -> Iterator[Control]:
    made = Control()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            self._answer(json.loads(self.rfile.read(length)) if length else None)

        def _answer(self, body: Any) -> None:
            made.asked.append((self.path, body))
            answers = made.answers.get(self.path, [(404, {"detail": "There is no list 'x'"})])
            status, said = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, format: str, *arguments: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    path = folder / "weir.yaml"
    path.write_text(path.read_text() + f'admin: {{listen: "127.0.0.1:{server.server_port}"}}\n')
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("state", "words", "status"),
    [
        ({}, ["bets", "-", "accepted", "1,234", "2 h ago", "never", "0123456789ab"], 0),
        ({"last_attempt": 1.0}, ["d ago"], 0),
        (
            {"message": "A new version with 3 entries. 2 popular names are covered."},
            ["list bets: 2 popular"],
            0,
        ),
        ({"authority": "Hotline"}, ["Hotline"], 0),
        ({"state": "failed", "message": "The server is down."}, ["failed", "The server is down."], 1),
        ({"state": "held", "held": DIGEST}, ["held"], 1),
        ({"loaded": False, "state": "never", "entries": None, "age": None}, ["never", "nothing"], 1),
        ({"age_level": "critical", "age": 260_000.0}, ["old (critical)", "3 d ago"], 1),
        ({"age_level": "past", "enforced": "names"}, ["names only"], 1),
        ({"age_level": "past", "enforced": "nothing"}, ["ended"], 1),
        ({"fetching": True}, ["fetching"], 0),
        ({"in_force": False}, ["compiling"], 0),
        ({"pinned": DIGEST, "state": "pinned"}, ["pinned", "(rolled back)"], 0),
        ({"entries": None, "dispositions": None, "serving": None}, ["secret", "secret"], 0),
        ({"dispositions": {"dns": 34, "url-filter": 1200}}, ["1,234 (34 dns, 1,200 url-filter)"], 0),
        (
            {
                "suspension": {
                    "since": 1.0,
                    "until": 1_800_000_000.0,
                    "reason": "A mistake.",
                    "by": "local:anna",
                }
            },
            ["suspended", "until 2027-01-15 08:00 UTC, by local:anna: A mistake."],
            0,
        ),
        (
            {"suspension": {"since": 1.0, "until": None, "reason": "x", "by": "y"}, "enforced": "nothing"},
            ["suspended", "until it is resumed"],
            0,
        ),
    ],
)
def test_how_lists_do(
    weir: Run, control: Control, state: dict[str, Any], words: list[str], status: int
) -> None:
    control.lists(state)
    ended, out, err = weir("lists", "status")
    assert (ended, err) == (status, "")
    heads, row = out.splitlines()[:2]
    assert heads.split("  ")[0] == "list"
    assert row.startswith("bets  ")
    assert len(row) <= 120
    for word in words:
        assert word in out
    assert ("list bets: " in out) is (
        status == 1 or "pinned" in state or "suspension" in state or "message" in state
    )


def test_when_the_next_attempt_is(weir: Run, control: Control) -> None:
    control.lists({"next_attempt": time.time() + 3_700})
    assert "in 1 h" in weir("lists", "status")[1]


def test_json_is_what_control_says(weir: Run, control: Control) -> None:
    control.lists({})
    assert json.loads(weir("lists", "status", "--json")[1]) == [BETS]


def test_no_lists_are_no_table(weir: Run, control: Control) -> None:
    control.says("/api/v1/stats/lists", {"lists": []})
    assert weir("lists", "status") == (0, "no lists are configured\n", "")


@pytest.mark.parametrize(
    ("arguments", "path", "body"),
    [
        (("suspend", "bets", "--reason", "r"), "suspend", {"reason": "r"}),
        (("suspend", "bets", "--reason", "r", "--for", "2h"), "suspend", {"reason": "r", "for": "2h"}),
        (
            ("suspend", "bets", "--reason", "r", "--until", "2027-01-15T08:00"),
            "suspend",
            {"reason": "r", "until": 1_800_000_000.0},
        ),
        (("resume", "bets", "--reason", "r"), "resume", {"reason": "r"}),
        (("rollback", "bets", "--reason", "r"), "rollback", {"reason": "r", "version": "", "hold": False}),
        (
            ("rollback", "bets", "--reason", "r", "--to", DIGEST, "--hold"),
            "rollback",
            {"reason": "r", "version": DIGEST, "hold": True},
        ),
        (("release", "bets", DIGEST, "--reason", "r"), "release", {"reason": "r", "digest": DIGEST}),
    ],
)
def test_decisions_reach_control(
    weir: Run, control: Control, arguments: tuple[str, ...], path: str, body: dict[str, Any]
) -> None:
    url = f"/api/v1/lists/bets/{path}"
    control.says(url, DECIDED | {"in_force": True})
    status, out, err = weir("lists", *arguments)
    assert (status, err) == (0, "")
    assert out.startswith("list bets: So it is. (in force after ")
    assert control.asked == [(url, body)]


def test_what_waits_for_a_compilation_is_said(weir: Run, control: Control) -> None:
    control.says("/api/v1/lists/bets/resume", DECIDED)
    status, out, _ = weir("lists", "resume", "bets", "--reason", "r")
    assert (status, out) == (0, "list bets: So it is. (the lists are being compiled for it)\n")


def test_why_a_decision_waits_is_said(weir: Run, control: Control) -> None:
    control.says("/api/v1/lists/bets/resume", DECIDED | {"waits": "the disk is full: make room"})
    status, out, _ = weir("lists", "resume", "bets", "--reason", "r")
    assert (status, out) == (3, "list bets: So it is. (it waits: the disk is full: make room)\n")


@pytest.mark.parametrize(("http", "status"), [(403, 1), (404, 2), (409, 1), (422, 2), (503, 3), (500, 3)])
def test_refusals_are_statuses(weir: Run, control: Control, http: int, status: int) -> None:
    control.says("/api/v1/lists/bets/suspend", {"detail": "No, because."}, status=http)
    ended, out, err = weir("lists", "suspend", "bets", "--reason", "r")
    assert (ended, out, err) == (status, "", "weir: No, because.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("suspend", "bets"),
        ("rollback", "bets"),
        ("suspend", "bets", "--reason", "r", "--until", "soon"),
        ("diff",),
    ],
)
def test_what_is_wrongly_asked_is_status_2(weir: Run, control: Control, arguments: tuple[str, ...]) -> None:
    assert weir("lists", *arguments)[0] == 2
    assert control.asked == []


@pytest.mark.parametrize("verb", ["status", "sync"])
def test_without_control_nothing_can_be_told(weir: Run, folder: Path, verb: str) -> None:
    path = folder / "weir.yaml"
    path.write_text(path.read_text() + 'admin: {listen: "127.0.0.1:1"}\n')
    status, out, err = weir("lists", verb)
    assert (status, out) == (3, "")
    assert "the admin API at 127.0.0.1:1 does not answer" in err


def test_an_answer_of_another_program_is_none(weir: Run, control: Control) -> None:
    bodies: tuple[Any, ...] = ([], "hello", None)
    for body in bodies:
        control.says("/api/v1/stats/lists", body)
        status, out, err = weir("lists", "status")
        assert (status, out) == (3, "")
        assert "is not the admin API" in err


def test_an_answer_that_does_not_come_in_time_may_be_work_that_goes_on(
    weir: Run, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HTTPConnection, "getresponse", Mock(side_effect=TimeoutError))
    status, _, err = weir("lists", "suspend", "bets", "--reason", "r")
    assert status == 3
    assert "may still be done" in err


def test_hits_of_a_list_with_any_name_are_asked_for(weir: Run, control: Control) -> None:
    control.says(
        "/api/v1/lists/bets%2F..%20x/hits", {"floor": 10, "hours": [], "shared_categories": [], "recent": []}
    )
    assert weir("lists", "hits", "bets/.. x") == (0, "no hits since control has started\n", "")
    assert weir("lists", "hits", "none")[0] == 2


def test_a_broken_configuration_is_status_2(weir: Run, folder: Path) -> None:
    (folder / "weir.yaml").write_text("nod: x\n")
    assert weir("lists", "status")[0] == 2


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists_sync, "POLL", 0.001)


@pytest.mark.usefixtures("quick")
def test_an_update_is_watched_until_it_is_in_force(weir: Run, control: Control) -> None:
    control.says("/api/v1/lists/bets/sync", {"list": "bets", "attempt": 2}, status=202)
    control.lists({}, {"fetching": True}, {"attempts": 2, "in_force": False}, {"attempts": 2})
    status, out, err = weir("lists", "sync")
    assert (status, err) == (0, "")
    assert out == "list bets: accepted: A new version with 1,234 entries.\n"
    assert [path for path, _ in control.asked].count("/api/v1/stats/lists") == 4


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("state", ["held", "failed"])
def test_an_update_that_came_to_nothing_is_status_1(weir: Run, control: Control, state: str) -> None:
    control.says("/api/v1/lists/bets/sync", {"list": "bets", "attempt": 2}, status=202)
    control.lists({"attempts": 2, "state": state, "in_force": False, "message": "Because."})
    status, out, _ = weir("lists", "sync", "bets")
    assert (status, out) == (1, f"list bets: {state}: Because.\n")


@pytest.mark.usefixtures("quick")
def test_why_an_update_waits_is_said_once(weir: Run, control: Control) -> None:
    control.says("/api/v1/lists/bets/sync", {"list": "bets", "attempt": 2}, status=202)
    waiting = {"lists": [BETS | {"attempts": 2, "in_force": False}], "waits": "the log is stopped: mend it"}
    done = {"lists": [BETS | {"attempts": 2}], "waits": ""}
    control.says("/api/v1/stats/lists", waiting, waiting, done)
    status, out, err = weir("lists", "sync", "bets")
    assert (status, out) == (0, "list bets: accepted: A new version with 1,234 entries.\n")
    assert err == "weir: what is new is kept, and waits to come into force: the log is stopped: mend it\n"


@pytest.mark.usefixtures("quick")
def test_an_update_that_takes_too_long_goes_on(weir: Run, control: Control) -> None:
    control.says("/api/v1/lists/bets/sync", {"list": "bets", "attempt": 2}, status=202)
    control.lists({"fetching": True})
    status, out, err = weir("lists", "sync", "bets", "--timeout", "1")
    assert (status, out) == (3, "")
    assert "not done after 1 s; it goes on" in err


def test_versions_are_a_table(weir: Run, control: Control) -> None:
    version = {
        "digest": DIGEST,
        "serves": True,
        "text_kept": True,
        "fetched": 1.0,
        "accepted": 1_800_000_000.0,
        "entries": 1234,
        "source_version": "",
        "added": 3,
        "removed": None,
    }
    secret = version | {"entries": None, "serves": False, "text_kept": False, "accepted": None}
    control.says("/api/v1/lists/bets/versions", {"list": "bets", "versions": [version, secret]})
    status, out, _ = weir("lists", "versions", "bets")
    assert status == 0
    _, first, second = out.splitlines()
    assert first.split() == ["0123456789ab", "2027-01-15", "08:00", "UTC", "1,234", "3", "-", "yes", "kept"]
    assert second.split() == ["0123456789ab", "-", "secret", "3", "-", "not", "kept"]


DIFFERENCE = {"list": "bets", "before": "a" * 64, "after": "b" * 64, "added": 1, "removed": 2}


@pytest.mark.parametrize(
    ("more", "lines"),
    [
        (
            {
                "names": {
                    "added": [{"name": "new.example", "scope": "domain"}],
                    "removed": [{"name": "x\x1b.example", "scope": "host"}],
                    "complete": False,
                }
            },
            [
                "1 added, 2 removed",
                "+ new.example",
                "- x\ufffd.example (host)",
                "… and more: --all shows them",
            ],
        ),
        ({"names": None}, ["1 added, 2 removed"]),
        ({"names": None, "added": None, "removed": None}, ["too much changed to tell"]),
    ],
)
def test_a_difference_is_told(weir: Run, control: Control, more: dict[str, Any], lines: list[str]) -> None:
    control.says("/api/v1/lists/bets/diff?", DIFFERENCE | more)
    status, out, _ = weir("lists", "diff", "bets")
    first, *rest = lines
    assert status == 0
    assert out.splitlines() == [f"list bets: {'a' * 12} to {'b' * 12}: {first}", *rest]


def test_versions_and_names_can_be_asked_for(weir: Run, control: Control) -> None:
    control.says("/api/v1/lists/bets/diff?before=aa&after=bb&all=true", DIFFERENCE | {"names": None})
    status, out, _ = weir("lists", "diff", "bets", "aa", "bb", "--all", "--json")
    assert status == 0
    assert json.loads(out)["added"] == 1


def test_the_review_queue_is_read_page_by_page(weir: Run, control: Control) -> None:
    def item(name: str, exact: bool) -> dict[str, Any]:
        since = {"at": 1_800_000_000.0, "version": DIGEST if exact else "", "exact": exact}
        return {"name": name, "scope": "domain", "since": since}

    path = "/api/v1/lists/bets/review?limit=2"
    control.says(path, {"list": "bets", "items": [], "next": f"{path}&cursor=5"})
    items = [item("a.example", True), item("b.example", False)]
    control.says(f"{path}&cursor=5", {"list": "bets", "items": items, "next": f"{path}&cursor=9"})
    status, out, _ = weir("lists", "review", "bets", "--limit", "2")
    assert status == 0
    _, first, second = out.splitlines()
    assert "2027-01-15 08:00 UTC, version 0123456789ab" in first
    assert second.endswith("2027-01-15 08:00 UTC or before")


def test_an_empty_review_queue_is_said(weir: Run, control: Control) -> None:
    control.says("/api/v1/lists/bets/review?limit=100", {"list": "bets", "items": [], "next": None})
    assert weir("lists", "review", "bets") == (0, "list bets: nothing is to be looked at again\n", "")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (172_800, "2 d")]
)
def test_ages_are_short(seconds: int, text: str) -> None:
    assert ago(seconds) == text
