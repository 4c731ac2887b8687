"""What the core adds to its oracle: limits, cookies under a limit, safe search kept for all, judgements under new lists."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from resolver.answer.native_state import StateFiles, open_state, settings_of
from resolver.core import native
from resolver.core.settings import Limits, StateSettings
from resolver.exchange.model import Question
from resolver.exchange.scan import TtlLimits, scan
from resolver.policy.model import Policy

CLIENT, STRANGER = "127.0.0.11", "192.0.2.1"
ADDRESS = bytes([198, 51, 100, 1])
COOKIE, TC, BADCOOKIE_HEAD, REFUSED = 10, 0x0200, 7, 5
GAMBLING = 1
"""The only list of the world below has the first bit."""


@pytest.fixture
def world(
    make_world: Callable[..., Any], make_plan: Callable[..., Any], wire: Callable[[str], bytes]
) -> Callable[..., Any]:
    def build(**options: Any) -> Any:
        searching = Policy(1, block=GAMBLING, safe_search={wire("search.test"): wire("safe.test")})
        plan = make_plan(lists={"bets": "bets.test\n"}, clients={"127.0.0.11/32": searching})
        return make_world(plan, **options)

    return build


def flags_of(answer: bytes) -> int:
    return int(struct.unpack_from("!H", answer, 2)[0])


def cookie_option(content: bytes) -> tuple[int, int, bool, bytes]:
    return 1232, 0, False, struct.pack("!2H", COOKIE, len(content)) + content


def outcomes(world: Any, packet: bytes, client: str, count: int, **options: Any) -> list[Any]:
    return [world.native(packet, client, **options) for _ in range(count)]


def test_over_the_limit_every_second_answer_is_tc_and_the_rest_is_silence(
    world: Callable[..., Any], make_query: Callable[..., bytes]
) -> None:
    made = world(limiter_key=bytes(16), options={"limits": Limits(per_second=10, slip=2)})
    answers = outcomes(made, make_query("bets.test"), CLIENT, 30)
    assert all(answer is not None and not flags_of(answer) & TC for answer in answers[:10])
    assert [answer is None for answer in answers[10:]] == [True, False] * 10
    assert all(flags_of(answer) & TC for answer in answers[11::2])
    counts = made.core_counts()
    assert (counts["rate_slipped"], counts["rate_dropped"], counts["queries_udp"]) == (10, 10, 30)
    assert made.native(make_query("bets.test"), CLIENT, now_ms=5_001_000) is not None


def test_what_would_be_handed_over_is_limited_too(
    world: Callable[..., Any], make_query: Callable[..., bytes]
) -> None:
    made = world(limiter_key=bytes(16), options={"limits": Limits(per_second=5, slip=0)})
    answers = outcomes(made, make_query("free.test"), CLIENT, 10)
    assert answers == [native.HANDED_OVER] * 5 + [None] * 5


def test_strangers_have_a_limit_of_their_own(
    world: Callable[..., Any], make_query: Callable[..., bytes]
) -> None:
    made = world(limiter_key=bytes(16), options={"limits": Limits(strangers_per_second=3, slip=0)})
    answers = outcomes(made, make_query("free.test"), STRANGER, 6)
    assert [answer and flags_of(answer) & 0xF for answer in answers] == [REFUSED] * 3 + [None] * 3
    assert None not in outcomes(made, make_query("bets.test"), CLIENT, 100)


def test_tcp_and_a_good_cookie_are_not_limited(
    world: Callable[..., Any], make_query: Callable[..., bytes]
) -> None:
    made = world(limiter_key=bytes(16), options={"limits": Limits(per_second=1, slip=1)})
    plain = make_query("bets.test")
    assert None not in outcomes(made, plain, CLIENT, 20, over_tcp=True)
    first = made.native(make_query("bets.test", edns=cookie_option(b"12345678")), CLIENT)
    shown = first[-24:]
    assert shown.startswith(b"12345678")
    good = make_query("bets.test", edns=cookie_option(shown))
    assert all(not flags_of(answer) & 0xF for answer in outcomes(made, good, CLIENT, 20))
    assert made.core_counts()["cookies_verified"] == 20


@pytest.mark.parametrize("content", [b"12345678", b"12345678" + bytes(16), b"12345678" + b"other server"])
def test_a_client_without_our_cookie_is_shown_one_instead_of_tc(
    world: Callable[..., Any], make_query: Callable[..., bytes], content: bytes
) -> None:
    made = world(limiter_key=bytes(16), options={"limits": Limits(per_second=1, slip=1)})
    packet = make_query("bets.test", edns=cookie_option(content))
    made.native(packet, CLIENT)
    answer = made.native(packet, CLIENT)
    assert flags_of(answer) & (TC | 0xF) == BADCOOKIE_HEAD
    assert answer[-24:-16] == b"12345678"
    opt = answer[-(11 + 4 + 24) :]
    assert opt[5] == 1, "the upper bits of BADCOOKIE (23)"
    retried = made.native(make_query("bets.test", edns=cookie_option(answer[-24:])), CLIENT)
    assert flags_of(retried) & 0xF == 0


def test_safe_search_is_answered_by_the_core_once_python_has_made_the_answer(
    world: Callable[..., Any],
    make_query: Callable[..., bytes],
    make_reply: Callable[..., bytes],
    wire: Callable[[str], bytes],
) -> None:
    made, packet = world(), make_query("SeArCh.TeSt")
    question = Question(wire("safe.test"), 1)
    kept = scan(make_reply(question, [], [ADDRESS]), question, TtlLimits(), 4_990.0).answer
    assert kept is not None
    made.put(kept)
    assert made.native(packet, CLIENT) is native.HANDED_OVER
    expected = made.oracle(packet, CLIENT)
    answer = made.native(packet, CLIENT)
    assert answer == expected
    assert b"SeArCh\x04TeSt" in answer
    ttls = [answer[index - 6 : index - 2] for index in (answer.index(b"\x04safe"), answer.index(ADDRESS))]
    assert [int.from_bytes(ttl, "big") for ttl in ttls] == [30, 290], "the alias is as new as ever"


def test_a_kept_answer_is_judged_anew_under_other_lists(
    make_world: Callable[..., Any],
    make_plan: Callable[..., Any],
    make_query: Callable[..., bytes],
    make_reply: Callable[..., bytes],
    wire: Callable[[str], bytes],
) -> None:
    def plan(listed: str) -> Any:
        return make_plan(lists={"bets": f"{listed}\n"}, clients={"127.0.0.0/8": Policy(1, block=GAMBLING)})

    before, after = make_world(plan("other.test")), make_world(plan("bets.test"))
    question = Question(wire("free.test"), 1)
    kept = scan(make_reply(question, [wire("bets.test")], [ADDRESS]), question, TtlLimits(), 5_000.0).answer
    assert kept is not None
    before.put(kept)
    packet = make_query("free.test")
    for _ in range(2):
        assert ADDRESS in before.native(packet, CLIENT)
    before.state = after.state
    for _ in range(2):
        assert ADDRESS not in before.native(packet, CLIENT)
    assert before.core_counts()["blocked_by_target"] == 2


def test_a_batch_says_what_spoke_and_answers_as_one_by_one(
    world: Callable[..., Any], make_query: Callable[..., bytes]
) -> None:
    made = world()
    queries = [make_query(name) for name in ("bets.test", "free.test", "localhost")]
    packets = [(query, bytes([127, 0, 0, 11])) for query in queries * 21]
    batch = made.core.answer_batch(made.state, packets, now_ms=5_000_000, unix_ms=1)
    assert [answer for answer, *_ in batch] == [made.native(query, CLIENT) for query, _ in packets]
    blocked = native.STATS_NAMES.index("blocked_category")
    assert [rest for _, *rest in batch[:3]] == [[False, blocked, 0], [False, None, None], [False, None, None]]
    with pytest.raises(ValueError, match="64"):
        made.core.answer_batch(made.state, packets + packets, now_ms=0, unix_ms=0)


@pytest.mark.parametrize("damage", [b"", b"nothing of the kind", bytes(4096)])
@pytest.mark.parametrize("which", ["lists", "tables"])
def test_a_damaged_file_is_refused_by_its_name(
    world: Callable[..., Any], tmp_path: Path, damage: bytes, which: str
) -> None:
    made = world()
    files = {"lists": made.folder / "snapshot", "tables": made.folder / "tables"}
    files[which] = tmp_path / "damaged"
    files[which].write_bytes(damage)
    with pytest.raises(native.CoreError, match="damaged"):
        open_state(StateFiles(**files), settings_of(made.generation))


def test_settings_out_of_range_and_missing_files_are_named(world: Callable[..., Any], tmp_path: Path) -> None:
    made = world()
    files = StateFiles(made.folder / "snapshot", made.folder / "tables")
    for settings, named in (
        (StateSettings(ADDRESS, bytes(16), udp_payload=100), "udp_payload"),
        (StateSettings(bytes(3), bytes(16)), "gateway_ipv4"),
        (StateSettings(ADDRESS, bytes(16), apexes=(b"\0",)), "built-in zones"),
        (StateSettings(ADDRESS, bytes(16), cookie_secrets=(b"short",)), "cookie secret"),
    ):
        with pytest.raises(ValueError, match=named):
            open_state(files, settings)
    with pytest.raises(FileNotFoundError):
        open_state(StateFiles(tmp_path / "absent", files.tables), settings_of(made.generation))
    with pytest.raises(ValueError, match="4 or 16"):
        made.core.answer(made.state, b"", b"", over_tcp=False, now_ms=0, unix_ms=0)


def test_hits_that_are_logged_by_name_are_pythons(
    make_world: Callable[..., Any],
    make_plan: Callable[..., Any],
    make_query: Callable[..., bytes],
    wire: Callable[[str], bytes],
) -> None:
    lists = {"zone": "nx.test CNAME .\npass.test CNAME rpz-passthru.\n", "bets": "bets.test\n"}
    world = make_world(
        make_plan(lists=lists, clients={}, default=Policy(0, block=(1 << 8) - 1, security=(1 << 8) - 1))
    )
    named = sum(1 << bit.index for bit in world.view.bits if bit.id == "zone")
    snapshot, tables = world.folder / "snapshot", world.folder / "tables"
    state = native.State(
        snapshot, tables, replace(settings_of(world.generation), named=named), hits=world.hits
    )

    def outcome(name: str) -> object:
        packet = make_query(wire(name), 1)
        client = bytes([127, 0, 0, 99])
        return world.core.answer(
            state, packet, client, over_tcp=False, now_ms=5_000_000, unix_ms=1_700_000_000_000
        )

    assert outcome("nx.test") is native.HANDED_OVER
    assert outcome("pass.test") is native.HANDED_OVER
    assert not any(world.hits)
    assert isinstance(outcome("bets.test"), bytes)
    assert sum(world.hits) == 1


@pytest.mark.parametrize("words", [0, 255, 257])
def test_a_page_of_hits_has_a_word_for_each_bit(
    make_world: Callable[..., Any], make_plan: Callable[..., Any], words: int
) -> None:
    world = make_world(make_plan(lists={"bets": "bets.test\n"}, clients={}))
    hits = memoryview(bytearray(8 * words or 8)).cast("Q")
    with pytest.raises(ValueError, match="256 words"):
        native.State(
            world.folder / "snapshot", world.folder / "tables", settings_of(world.generation), hits=hits
        )
