"""The verdict and its steps, for everybody whom the small appliance knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from admin.config import Config
from admin.services.check import URL_NOTE, CheckReport, check
from admin.services.check_words import HIDDEN
from admin.services.subject import QuestionError
from admin.services.who import UndecidableError

GATEWAY = "A 192.0.2.80, AAAA 2001:db8::80, no data for other types"
Ask = Callable[..., CheckReport]


@pytest.fixture
def ask(config: Config, view_of: Callable[[Config], Any]) -> Ask:
    """Ask the small appliance."""
    view = view_of(config)

    def question(name: str, **who: str) -> CheckReport:
        return check(view, name, config=config, now=1000.0, **who)

    return question


@pytest.mark.parametrize(
    ("subscriber", "name", "action", "reason", "step", "ede", "http", "lists"),
    [
        ("home-1", "www.bets.example", "block", "category", 7, 17, 403, ("bets",)),
        ("home-1", "ok.bets.example", "allow", "own-rule", 4, None, None, ()),
        ("home-1", "a.waste.example", "block", "own-rule", 4, 17, 403, ()),
        ("home-1", "helpline.example", "allow", "protected", 2, None, None, ("help",)),
        ("home-1", "known.example", "block", "illegal-voluntary", 1, 15, 403, ("hotline",)),
        ("home-1", "ordered.example", "block", "illegal-order", 1, 16, 451, ("court",)),
        ("home-1", "www.google.com", "rewrite", "safe-search", 8, None, None, ()),
        ("home-1", "news.example", "allow", "not-listed", 9, None, None, ()),
        ("home-2", "bets.example", "allow", "not-listed", 9, None, None, ()),
        ("home-2", "news.example", "block", "own-rule", 4, 17, 403, ()),
        ("home-2", "www.news.example", "allow", "not-listed", 9, None, None, ()),
        ("home-3", "chat.example", "allow", "not-listed", 9, None, None, ()),
        ("home-3", "news.example", "block", "allow-only", 7, 17, 403, ()),
        ("home-4", "news.example", "block", "paused", 5, 17, 403, ()),
        ("home-5", "malware.example", "allow", "not-listed", 9, None, None, ()),
    ],
)
def test_verdicts(
    ask: Ask,
    subscriber: str,
    name: str,
    action: str,
    reason: str,
    step: int,
    ede: int | None,
    http: int | None,
    lists: tuple[str, ...],
) -> None:
    report = ask(name, subscriber=subscriber)
    assert (report.action, report.reason, report.step) == (action, reason, step)
    assert (report.ede, report.http_status, report.lists) == (ede, http, lists)
    assert report.allowed is (action != "block")
    assert [one.step for one in report.steps] == list(range(1, step + 1))
    assert [one.decided for one in report.steps] == [False] * (step - 1) + [True]
    assert report.steps[-1].said == report.summary


@pytest.mark.parametrize(
    ("who", "subscriber", "profile", "action"),
    [
        ({}, "", "strict", "block"),
        ({"address": "192.168.0.1"}, "home-1", "strict", "block"),
        ({"address": "192.168.1.6"}, "home-1", "strict", "block"),
        ({"address": "192.168.1.7"}, "home-2", "open", "allow"),  # the longer prefix
        ({"address": "::ffff:192.168.1.7"}, "home-2", "open", "allow"),
        ({"address": "10.9.9.9"}, "", "strict", "block"),
        ({"address": "198.51.100.5"}, "home-5", "raw", "allow"),  # a subscriber outside allow_from
        ({"address": "203.0.113.9"}, "", "", "refuse"),
        ({"address": "2001:db8::9"}, "", "", "refuse"),
    ],
)
def test_whose_verdict_it_is(
    ask: Ask, who: dict[str, str], subscriber: str, profile: str, action: str
) -> None:
    report = ask("bets.example", **who)
    assert (report.subscriber, report.profile, report.action) == (subscriber, profile, action)


def test_a_client_that_is_not_served(ask: Ask) -> None:
    report = ask("bets.example", address="203.0.113.9")
    assert (report.reason, report.ede, report.http_status, report.answer) == (
        "not-served", 18, None, "REFUSED, whatever the type",
    )  # fmt: skip
    assert not report.allowed
    assert report.steps == ()


def test_strangers_are_refused_where_the_configuration_says_so(
    write: Callable[[str], Config], text: str, view_of: Callable[[Config], Any]
) -> None:
    config = write(text.replace("default_profile: strict", "default_profile: refuse"))
    view = view_of(config)
    for who in ({}, {"address": "10.9.9.9"}):
        assert check(view, "news.example", config=config, now=0.0, **who).action == "refuse"
    assert check(view, "news.example", config=config, now=0.0, subscriber="home-1").action == "allow"


def test_secret_illegal_and_security_are_told_apart_by_nothing(ask: Ask) -> None:
    def blurred(name: str) -> dict[str, object]:
        report = ask(name, subscriber="home-1").as_dict()
        return {**report, "asked": "", "name": ""}

    secret, threat = blurred("secret.example"), blurred("malware.example")
    assert secret == threat
    assert secret["summary"] == HIDDEN
    assert (secret["reason"], secret["step"], secret["lists"]) == ("illegal-or-security", None, ())
    assert "vault" not in json.dumps(secret)
    assert "threats" not in json.dumps(threat)


def test_a_secret_list_is_never_named_beside_an_open_one(ask: Ask) -> None:
    report = ask("ordered.example", subscriber="home-1")
    assert report.lists == ("court",)
    assert "vault" not in json.dumps(report.as_dict())


def test_without_a_secret_list_a_threat_is_named(
    write: Callable[[str], Config], text: str, view_of: Callable[[Config], Any]
) -> None:
    config = write(text.replace(", confidentiality: secret", ""))
    report = check(view_of(config), "malware.example", config=config, now=0.0)
    assert (report.reason, report.step, report.lists) == ("security", 6, ("threats",))
    assert report.summary == "Blocked: a threat, listed by Threats (threats)."


@pytest.mark.parametrize(
    ("subscriber", "name", "step", "said"),
    [
        ("home-2", "bets.example", 7, "in Gambling, which this profile does not block"),
        (
            "home-5",
            "malware.example",
            6,
            "a security list names it, but security lists are off in this profile",
        ),
        ("home-1", "news.example", 4, "no own rule is about it"),
        ("home-1", "bets.example", 7, "Blocked: it is in Gambling, which this profile blocks."),
        ("home-1", "a.waste.example", 4, "Blocked by an own rule about waste.example."),
        ("home-1", "helpline.example", 2, "Allowed: a protected name, listed by Helplines (help)."),
    ],
)
def test_what_the_steps_say(ask: Ask, subscriber: str, name: str, step: int, said: str) -> None:
    assert ask(name, subscriber=subscriber).steps[step - 1].said == said


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("bets.example", GATEWAY),
        ("allowed.demo.test", "the records of the built-in zone demo.test"),
        ("news.example", "what the upstreams say"),
        ("www.bing.com", "CNAME strict.bing.com and its addresses"),
    ],
)
def test_what_the_client_gets(ask: Ask, name: str, answer: str) -> None:
    assert ask(name, subscriber="home-1").answer == answer


def test_a_web_address_is_decided_by_its_host(ask: Ask) -> None:
    report = ask("http://bets.example/slots?x=1", subscriber="home-1")
    assert (report.name, report.action, report.notes) == ("bets.example", "block", (URL_NOTE,))


def test_a_report_is_json(ask: Ask) -> None:
    report = json.loads(json.dumps(ask("bets.example", subscriber="home-1").as_dict()))
    assert report["generation"] == 42
    assert report["at"] == 1000.0
    assert report["steps"][0] == {
        "step": 1, "title": "illegal content", "said": "no illegal-content list names it", "decided": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("who", "message"),
    [
        ({"subscriber": "home-7"}, "there is no subscriber `home-7`"),
        ({"address": "192.0.2"}, "not an IP address"),
        ({"address": "\x1b"}, "not an IP address"),
        ({"address": "192.0.2.1", "subscriber": "home-1"}, "both given"),
    ],
)
def test_a_question_about_nobody(ask: Ask, who: dict[str, str], message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        ask("bets.example", **who)


def test_tables_older_than_the_configuration_cannot_tell(
    config: Config, write: Callable[[str], Config], text: str, view_of: Callable[[Config], Any]
) -> None:
    view = view_of(config)
    newer = write(text + "  - {id: home-9, profile: open, addresses: [192.168.9.9]}\n")
    with pytest.raises(UndecidableError, match="reload the appliance"):
        check(view, "bets.example", config=newer, now=0.0, subscriber="home-9")
