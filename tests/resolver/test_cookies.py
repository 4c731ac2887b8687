"""The box's cookies: one secret for all workers whatever happens, a new one every day, and what answers carry."""

from __future__ import annotations

import multiprocessing
import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

import dns.edns
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.answer.message import parse_query
from resolver.answer.reply import Carrier, finish, synthesised
from resolver.cookies import DAY, FILE, Cookies, daily_secrets, master_secret
from resolver.core.native import COOKIE_BAD, COOKIE_GOOD, COOKIE_NEW, COOKIE_NONE, CookieSecrets

NOON = 20_000 * DAY + DAY // 2
WORD = 0xFFFF_FFFF_FFFF_FFFF


def _siphash(key: bytes, data: bytes) -> bytes:
    """SipHash-2-4 once more, from its paper: what the core's is compared with."""
    k0, k1 = struct.unpack("<2Q", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rotated(word: int, by: int) -> int:
        return (word << by | word >> (64 - by)) & WORD

    def rounds(count: int) -> None:
        for _ in range(count):
            for a, b, by in ((0, 1, 13), (2, 3, 16)):
                v[a] = (v[a] + v[b]) & WORD
                v[b] = rotated(v[b], by) ^ v[a]
            v[0] = rotated(v[0], 32)
            for a, b, by in ((2, 1, 17), (0, 3, 21)):
                v[a] = (v[a] + v[b]) & WORD
                v[b] = rotated(v[b], by) ^ v[a]
            v[2] = rotated(v[2], 32)

    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 0xFF])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return struct.pack("<Q", v[0] ^ v[1] ^ v[2] ^ v[3])


addresses = st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16)


@given(
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=8, max_size=8),
    addresses,
    st.integers(0, 0xFFFFFFFF),
)
def test_server_cookies_are_those_of_rfc_9018(secret: bytes, cookie: bytes, address: bytes, now: int) -> None:
    secrets = CookieSecrets((secret,))
    made = secrets.make(cookie, address, now)
    head = b"\1\0\0\0" + struct.pack("!I", now)
    assert made == head + _siphash(secret, cookie + head + address)
    assert secrets.check(cookie + made, address, now) == COOKIE_GOOD
    assert CookieSecrets((b"x" * 16, secret)).check(cookie + made, address, now) == COOKIE_GOOD
    assert CookieSecrets((b"x" * 16,)).check(cookie + made, address, now) == COOKIE_BAD
    assert CookieSecrets(()).check(cookie + made, address, now) == COOKIE_NONE
    assert secrets.check(cookie, address, now) == COOKIE_NEW


def test_what_is_no_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="16 octets"):
        CookieSecrets((b"short",))
    with pytest.raises(ValueError, match="no more"):
        CookieSecrets((bytes(16),) * 3)
    with pytest.raises(ValueError, match="no secret"):
        CookieSecrets(()).make(bytes(8), bytes(4), 0)


def test_every_day_has_its_secret_and_believes_the_day_befores() -> None:
    days = [daily_secrets(b"master", NOON + day * DAY) for day in range(4)]
    assert len({present for present, _ in days}) == 4
    assert [previous for _, previous in days[1:]] == [present for present, _ in days[:-1]]
    assert daily_secrets(b"master", NOON - DAY // 2) == daily_secrets(b"master", NOON + DAY // 2 - 1)
    assert daily_secrets(b"other", NOON) != days[0]
    assert daily_secrets(b"master", -1.0) != daily_secrets(b"master", 0.0)  # a clock that is not set


def test_a_cookie_given_before_midnight_is_good_after_it() -> None:
    midnight = (NOON // DAY + 1) * DAY
    cookies = Cookies(b"master")
    shown = cookies.answer(b"clientid", "192.0.2.1", midnight - 60)
    after = CookieSecrets(cookies.secrets(midnight + 60))
    assert after.check(shown, bytes([192, 0, 2, 1]), midnight + 60) == COOKIE_GOOD
    fresh = cookies.answer(shown, "192.0.2.1", midnight + 60)
    assert fresh[:8] == b"clientid"
    assert CookieSecrets(cookies.secrets(midnight + 60)[:1]).check(
        fresh, bytes([192, 0, 2, 1]), midnight + 60
    ) == (COOKIE_GOOD)


@pytest.mark.parametrize(
    ("one", "other"), [("::ffff:192.0.2.1", "192.0.2.1"), ("fe80::1%eth0", "fe80::1"), ("2001:db8::1",) * 2]
)
def test_an_address_is_the_same_however_it_is_written(one: str, other: str) -> None:
    cookies = Cookies(b"master")
    assert cookies.answer(b"clientid", one, NOON) == cookies.answer(b"clientid", other, NOON)


def test_the_master_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    made = master_secret(tmp_path, os.urandom)
    assert len(made) == 32
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert master_secret(tmp_path, lambda _: pytest.fail("there is one")) == made
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("content", [b"", b"half", bytes(33)])
def test_a_damaged_master_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    (tmp_path / f".{FILE}.tmp").write_bytes(b"left behind by a killed worker")
    made = master_secret(tmp_path, os.urandom)
    assert made == (tmp_path / FILE).read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_without_a_folder_there_is_no_master(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        master_secret(tmp_path / "missing", os.urandom)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_self: Path, _target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(OSError, match="No space left"):
        master_secret(tmp_path, os.urandom)
    assert list(tmp_path.iterdir()) == []


def _race(run: Path, results: multiprocessing.SimpleQueue[bytes]) -> None:
    results.put(master_secret(run, os.urandom))


@pytest.fixture
def racing(tmp_path: Path) -> Iterator[list[bytes]]:
    """What eight workers that start together take for the master."""
    context = multiprocessing.get_context("fork")
    results: multiprocessing.SimpleQueue[bytes] = context.SimpleQueue()
    workers = [context.Process(target=_race, args=(tmp_path, results)) for _ in range(8)]
    for worker in workers:
        worker.start()
    yield [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    results.close()


def test_workers_that_start_together_agree(racing: list[bytes]) -> None:
    assert len(set(racing)) == 1


@pytest.mark.parametrize("ede", [[], [(17, b"")], [(15, b"text"), (4, b"")]])
@pytest.mark.parametrize("truncated", [False, True])
def test_the_cookie_is_the_last_option_of_an_answer(ede: list[tuple[int, bytes]], truncated: bool) -> None:
    packet = dns.message.make_query(
        "a.example", "A", options=[dns.edns.GenericOption(10, b"clientid")]
    ).to_wire()
    query = parse_query(packet)
    carrier = Carrier(over_tcp=False, cookie=b"clientid" + bytes(16))
    wire = finish(query, synthesised(query), carrier, ede=ede, truncated=truncated)
    answer = dns.message.from_wire(wire)
    assert [int(option.otype) for option in answer.options] == [15] * len(ede) + [10]
    assert answer.options[-1].to_wire() == b"clientid" + bytes(16)
    assert wire.endswith(struct.pack("!2H", 10, 24) + b"clientid" + bytes(16))
