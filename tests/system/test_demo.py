"""What a person sees after `make run`: every promise of the README, asked with kdig and curl."""

from __future__ import annotations

import json
import re
import socket
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.system

CHILD, TEEN, ADULT, TODDLER, ANYBODY = (f"127.0.0.{last}" for last in (11, 12, 13, 14, 1))
BLOCKED, STOP_PAGE = True, ["A 127.0.0.1"]

WHO_MAY_WHAT = [
    # name, who is blocked, EDE, what others get
    ("bets.example", {CHILD, TEEN}, 17, "A 192.0.2.21"),
    ("adult.example", {CHILD, TEEN, ANYBODY}, 17, "A 192.0.2.23"),
    ("chat.example", {CHILD}, 17, "A 192.0.2.24"),
    ("help.chat.example", set(), 0, "A 192.0.2.25"),
    ("games.example", {CHILD}, 17, "A 192.0.2.26"),
    ("dates.example", {CHILD, TEEN}, 17, "A 192.0.2.27"),
    ("pages.example", set(), 0, "A 192.0.2.28"),
    ("malware.example", {CHILD, TEEN, ADULT, ANYBODY}, 15, ""),
    ("illegal.example", {CHILD, TEEN, ADULT, ANYBODY}, 15, ""),
    ("ordered.example", {CHILD, TEEN, ADULT, ANYBODY}, 16, ""),
    ("helpline.example", set(), 0, "A 192.0.2.29"),
    ("allowed.demo.test", set(), 0, "A 192.0.2.10"),
]


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize(("name", "blocked", "ede", "answer"), WHO_MAY_WHAT)
def test_who_may_have_which_name(
    demo: Any, name: str, blocked: set[str], ede: int, answer: str, transport: str
) -> None:
    for source in (CHILD, TEEN, ADULT, ANYBODY):
        dig = demo.dig(name, "A", transport, source=source)
        if source in blocked:
            assert (dig.answers, dig.ede[0]) == (STOP_PAGE, ede), dig.text
            https = demo.dig(name, "HTTPS", transport, source=source)
            assert (https.status, https.answers, https.ede) == ("NOERROR", [], [ede]), https.text
        else:
            assert (dig.status, dig.answers, dig.ede) == ("NOERROR", [answer], []), dig.text


def test_an_alias_of_a_blocked_name_is_blocked_too(demo: Any) -> None:
    assert demo.dig("cloak.demo.test", source=CHILD).answers == STOP_PAGE
    assert demo.dig("cloak.demo.test", source=ADULT).answers == ["CNAME bets.example.", "A 192.0.2.21"]


def test_only_what_is_made_for_children(demo: Any) -> None:
    assert demo.dig("playground.example", source=TODDLER).answers == ["A 192.0.2.30"]
    assert demo.dig("helpline.example", source=TODDLER).answers == ["A 192.0.2.29"]
    assert demo.dig("pages.example", source=TODDLER).ede[0] == 17


@pytest.mark.parametrize(
    ("name", "status", "answers"),
    [
        ("phish.example", "NXDOMAIN", []),
        ("www.phish.example", "NXDOMAIN", []),
        ("nodata.phish-kit.example", "NOERROR", []),
        ("walled.phish-kit.example", "NOERROR", ["A 192.0.2.66"]),
        ("deep.trap.example", "NXDOMAIN", []),
        ("fine.trap.example", "NOERROR", ["A 192.0.2.34"]),
        ("slow.phish-kit.example", "NOERROR", ["A 192.0.2.35"]),  # TCP only: kdig follows TC
    ],
)
def test_rpz_rules_choose_their_own_answer(demo: Any, name: str, status: str, answers: list[str]) -> None:
    dig = demo.dig(name)
    assert (dig.status, dig.answers) == (status, answers), dig.text


def test_rpz_drop_gets_no_answer(demo: Any) -> None:
    assert demo.dig("drop.phish-kit.example", "A", "+timeout=1").status == ""


@pytest.mark.parametrize(
    ("host", "status", "link"),
    [
        ("illegal.example", 403, False),
        ("ordered.example", 451, True),
        ("malware.example", 403, False),
        ("adult.example", 403, False),
        ("allowed.demo.test", 421, False),
    ],
)
def test_the_stop_page(demo: Any, host: str, status: int, link: bool) -> None:
    head, _, body = demo.page(host).stdout.partition("\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ")
    headers = {name.lower(): value for name, value in re.findall(r"(?m)^([\w-]+): (.*?)\r?$", head)}
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert ('rel="blocked-by"' in headers.get("link", "")) is link
    assert "set-cookie" not in headers
    assert len(body) < 30_000
    if host == "illegal.example":
        assert host not in body


def test_the_stop_page_speaks_a_language_written_from_right_to_left(demo: Any) -> None:
    answer = demo.page("adult.example", "-H", "Accept-Language: ar").stdout
    assert 'lang="ar"' in answer
    assert 'dir="rtl"' in answer


def test_check_explains_and_its_exit_status_tells(demo: Any) -> None:
    blocked = demo.weir("check", "bets.example", "--address", CHILD)
    assert blocked.returncode == 1, blocked.stderr
    assert "gambling" in blocked.stdout.lower()
    assert "demo-child" in blocked.stdout
    allowed = demo.weir("check", "bets.example", "--subscriber", "demo-adult")
    assert allowed.returncode == 0, allowed.stderr
    assert demo.weir("check", "bets.example", "--subscriber", "nobody").returncode in (2, 3)


def test_check_says_no_more_of_a_secret_list_than_of_malware(demo: Any) -> None:
    secret = demo.weir("check", "illegal.example", "--address", ADULT)
    assert secret.returncode == 1
    assert "demo-illegal" not in secret.stdout
    malware = demo.weir("check", "malware.example", "--address", ADULT)
    assert secret.stdout.replace("illegal.example", "NAME") == malware.stdout.replace(
        "malware.example", "NAME"
    )
    assert "illegal.example" in secret.stdout


def test_the_check_api_says_what_the_command_says(demo: Any) -> None:
    status, body = demo.api(f"/api/v1/check?name=bets.example&address={CHILD}", as_root=True)
    assert status == 200
    report = json.loads(body)
    from_command = json.loads(demo.weir("check", "bets.example", "--address", CHILD, "--json").stdout)
    for document in (report, from_command):
        document.pop("at", None)
    notes, from_file = report.pop("notes"), from_command.pop("notes")
    assert report == from_command
    assert (
        notes[: len(from_file)] == from_file
    )  # only the running appliance knows since when a name is listed
    stranger = json.loads(demo.api(f"/api/v1/check?name=bets.example&address={CHILD}")[1])
    assert (stranger["action"], stranger["subscriber"], stranger["profile"]) == ("block", "", "")
    status, body = demo.api("/api/v1/check?address=x")
    assert status in (400, 422)
    assert "title" in json.loads(body)


def test_health_readiness_and_metrics(demo: Any) -> None:
    assert demo.api("/healthz")[0] == 200
    status, body = demo.api("/readyz")
    assert status == 200, body
    before = demo.metric("weir_resolver_queries_total")
    demo.dig("allowed.demo.test")
    assert demo.metric("weir_resolver_queries_total") == before + 1
    _, text = demo.api("/metrics")
    assert "example" not in text.replace("demo-", "")
    assert "127.0.0.1" not in text


def test_answers_beyond_the_udp_size_come_whole_over_tcp(demo: Any) -> None:
    for size in ("512", "1232", "4096"):
        cut = demo.dig("long.demo.test", "TXT", f"+bufsize={size}", "+ignore")
        assert " tc " in cut.text
        assert not cut.answers
        assert len(demo.dig("long.demo.test", "TXT", f"+bufsize={size}").answers) == 8


def test_the_demo_stands_on_the_ports_of_the_contract() -> None:
    config = yaml.safe_load((Path(__file__).parents[2] / "deploy" / "demo" / "weir.yaml").read_text())
    assert config["resolver"]["listen"] == ["127.0.0.1:5300"]
    assert config["gateway"]["listen"] == ["127.0.0.1:8080"]
    assert config["admin"]["listen"] == "127.0.0.1:8000"


SEEDS = Path(__file__).parents[3] / "shared" / "data" / "dns-fuzz-seeds"


MARKER = 0xFFFF
"""The id of a good query sent behind bad ones: when its answer has come, theirs have."""


def _answers_over_udp(port: int, batch: dict[int, bytes]) -> dict[int, bytes]:
    """Send each message with its number as the id; every answer until the one to the marker."""
    good = struct.pack("!H", MARKER) + b"\1\0\0\1\0\0\0\0\0\0\7allowed\4demo\4test\0\0\1\0\1"
    received: dict[int, bytes] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(8)
        sock.connect(("127.0.0.1", port))
        for number, message in batch.items():
            sock.send(struct.pack("!H", number) + message[2:60_000])
        sock.send(good)
        while (answer := sock.recv(65_535))[:2] != good[:2]:
            received[struct.unpack_from("!H", answer)[0]] = answer
    return received


def _answers_over_tcp(port: int, message: bytes) -> bytes:
    """All that comes back before the server closes."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=8) as tcp:
        tcp.sendall(struct.pack("!H", len(message)) + message)
        tcp.shutdown(socket.SHUT_WR)
        while part := tcp.recv(65_535):
            received += part
    return received


def test_recorded_messages_leave_it_serving(demo: Any) -> None:
    """300 raw messages over UDP and TCP: no answer is too long, none is to an answer, and it serves on."""
    if not SEEDS.is_dir():
        pytest.skip("../shared/data is not there: no recorded messages")
    messages = dict(enumerate(path.read_bytes() for path in sorted(SEEDS.glob("*.pkt"))))
    assert len(messages) == 300
    answers: dict[int, bytes] = {}
    for start in range(0, 300, 10):
        answers |= _answers_over_udp(demo.dns, {n: messages[n] for n in range(start, start + 10)})
    assert len(answers) > 30
    for number, answer in answers.items():
        assert not messages[number][2] & 0x80, "an answer was answered"
        assert answer[2] & 0x80
        assert len(answer) <= 1232
    for message in messages.values():
        answer = _answers_over_tcp(demo.dns, message)
        assert not (message[2] & 0x80 and answer)
        assert len(answer) <= 65_537
    assert demo.dig("allowed.demo.test").answers == ["A 192.0.2.10"]
    assert "Traceback" not in demo.output


def test_nothing_that_was_asked_for_is_remembered(demo: Any) -> None:
    """No name and no address of a person in anything that the appliance wrote."""
    demo.dig("canary-7f3a.demo.test", source="127.0.0.99")
    demo.page("canary-7f3a.example")
    demo.page("illegal.example")
    found = subprocess.run(
        ["grep", "-rlaE", "canary-7f3a|127\\.0\\.0\\.99", str(demo.data)], capture_output=True, text=True
    )
    assert found.stdout == ""
    assert "canary-7f3a" not in demo.output
    # A secret entry stands nowhere on disk: not in the compiled lists, not in the stored versions.
    assert (
        subprocess.run(["grep", "-rla", "illegal.example", str(demo.data)], capture_output=True).stdout == b""
    )
