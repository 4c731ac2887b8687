"""Clients and policies through the binding, against dictionaries, ``ipaddress`` and the Python decision."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolver.core import native
from resolver.policy.model import Grant, Listing, Masks, Policy, ReasonKind, Rule, Verdict
from resolver.policy.verdict import Case, decide
from resolver.tables.texts import rules_text

ROOT = Path(__file__).resolve().parents[3]
ROOM = {"clients": 300, "policies": 100, "set_bytes": 65_536, "name_bytes": 65_536}
ORIGIN = {"key": bytes(range(32)), "plan": b"p" * 32, "boot": b"b" * 16, "created": 1_800_000_000}
Make = Callable[..., native.TablesWriter]
Network = IPv4Network | IPv6Network


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """A new file with some room; its writer is closed in the end."""
    made: list[native.TablesWriter] = []

    def build(**changes: int) -> native.TablesWriter:
        path = tmp_path / f"clients-{len(made)}.weir"
        path.unlink(missing_ok=True)
        made.append(native.TablesWriter.create(path, **ORIGIN, **{**ROOM, **changes}))
        return made[-1]

    yield build
    for writer in made:
        writer.close()


def row(network: Network, policy: int, realm: int = 0) -> bytes:
    return struct.pack(
        "<16sBBHII", network.network_address.packed, network.version, network.prefixlen, 0, realm, policy
    )


NETWORKS = st.one_of(
    # A few bits only, so that prefixes hold one another.
    st.tuples(st.integers(0, 7), st.sampled_from([0, 8, 30, 31, 32])).map(
        lambda pair: IPv4Network((0x0A000000 | pair[0], pair[1]), strict=False)
    ),
    st.tuples(st.integers(0, 7), st.sampled_from([0, 47, 48, 64, 95, 96, 127, 128])).map(
        lambda pair: IPv6Network((0x20010DB8 << 96 | pair[0] << 61 | pair[0], pair[1]), strict=False)
    ),
)
REALMS = st.sampled_from([0, 0, 1, 2**32 - 1])
ADDRESSES = st.one_of(
    st.integers(0, 8).map(lambda n: IPv4Address(0x0A000000 | n)),
    st.integers(0, 8).map(lambda n: IPv6Address(0x20010DB8 << 96 | n << 61 | n)),
)


def expected(
    clients: dict[tuple[Network, int], int],
    served: list[tuple[Network, int]],
    default: int,
    address: IPv4Address | IPv6Address,
    realm: int,
) -> int:
    """The policy of an address, the obvious slow way."""
    holding = [network for network, of in clients if of == realm and address in network]
    if holding:
        return clients[max(holding, key=lambda network: network.prefixlen), realm]
    return default if any(of == realm and address in network for network, of in served) else native.NO_POLICY


@given(
    edits=st.lists(st.tuples(NETWORKS, REALMS, st.integers(-1, 4)), max_size=30),
    served=st.lists(st.tuples(NETWORKS, REALMS), max_size=4),
    default=st.integers(-1, 4),
    asked=st.lists(st.tuples(ADDRESSES, REALMS), max_size=12),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_clients_are_found_as_a_dictionary_finds_them(
    make: Make,
    edits: list[tuple[Network, int, int]],
    served: list[tuple[Network, int]],
    default: int,
    asked: list[tuple[IPv4Address | IPv6Address, int]],
) -> None:
    writer = make()
    for number in range(5):
        assert writer.policy(number, 0, 0, 0) == number
    clients: dict[tuple[Network, int], int] = {}
    for network, realm in served:
        writer.served(network.network_address.packed, network.prefixlen, realm)
    writer.default(default)
    reader = native.TablesReader.open(writer.path)
    for network, realm, policy in edits:
        writer.client(network.network_address.packed, network.prefixlen, policy, realm)
        clients[network, realm] = policy
        if policy == native.NO_POLICY:
            del clients[network, realm]
        assert reader.policy_at(network.network_address.packed, network.prefixlen, realm) == policy
    for address, realm in asked:
        assert reader.policy_of(address.packed, realm) == expected(clients, served, default, address, realm)


@given(
    before=st.dictionaries(NETWORKS, st.integers(0, 4), max_size=20),
    after=st.dictionaries(NETWORKS, st.integers(0, 4), max_size=20),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_replacement_stores_what_differs_and_no_more(
    make: Make, before: dict[Network, int], after: dict[Network, int]
) -> None:
    writer = make()
    for number in range(5):
        writer.policy(number, 0, 0, 0)
    assert writer.replace(b"".join(row(*pair) for pair in before.items())) == (len(before), 0)
    differing = sum(before.get(network) != policy for network, policy in after.items())
    gone = len(before.keys() - after.keys())
    assert writer.replace(b"".join(row(*pair) for pair in after.items())) == (differing, gone)
    reader = native.TablesReader.open(writer.path)
    for network in before.keys() | after.keys():
        assert reader.policy_at(network.network_address.packed, network.prefixlen) == after.get(network, -1)


LABELS = st.lists(st.sampled_from([b"\x01a", b"\x01b", b"\x02aa", b"\x07example"]), max_size=4)
NAMES = LABELS.map(lambda labels: b"".join(labels) + b"\x00")


@given(
    rules=st.dictionaries(
        NAMES,
        st.sets(st.builds(Rule, allow=st.booleans(), below=st.booleans()), min_size=1).map(tuple),
        max_size=8,
    ),
    grants=st.lists(
        st.builds(Grant, NAMES, st.sampled_from([0.0, 999.999, 1_000.0, 1_000.001, 5_000.0, 1e300])),
        max_size=4,
    ),
    asked=st.lists(NAMES, min_size=1, max_size=6),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rules_and_grants_speak_as_the_decision_does(
    make: Make, rules: dict[bytes, tuple[Rule, ...]], grants: list[Grant], asked: list[bytes]
) -> None:
    now_ms = 1_000_000
    writer = make()
    policy = Policy(0, rules=rules, grants=tuple(grants))
    text = rules_text(policy)
    number = writer.policy(0, 0, 0, 0, writer.rules(text) if text else -1)
    reader = native.TablesReader.open(writer.path)
    for name in asked:
        verdict = decide(Case(name, Listing(), policy, Masks(), now_ms / 1000))
        kind, labels = reader.rule(number, name, now_ms)
        assert (kind, labels) == _in_native_words(verdict)


def _in_native_words(verdict: Verdict) -> tuple[int, int]:
    name = verdict.reason.rule
    labels = 0
    while name and name[0]:
        name = name[1 + name[0] :]
        labels += 1
    if verdict.reason.kind is ReasonKind.GRANT:
        return 1, labels
    if verdict.reason.kind is ReasonKind.OWN_RULE:
        return (2 if verdict.action.value == "allow" else 3), labels
    return 0, 0


@given(st.binary(max_size=60))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_taken_whole_or_refused(make: Make, text: bytes) -> None:
    writer = make()
    for cost, add in ((native.rules_cost, writer.rules), (native.rewrites_cost, writer.rewrites)):
        try:
            cost(text)
        except ValueError:
            with pytest.raises(ValueError, match="malformed"):
                add(text)
        else:
            add(text)
    native.TablesReader.open(writer.path)  # whole, whatever was taken


def test_many_names_cost_what_was_said(make: Make) -> None:
    text = b"".join(b"\x01\x0b\x09" + b"%09d" % number + b"\x00" for number in range(20_000))
    set_bytes, name_bytes = native.rules_cost(text)
    writer = make(set_bytes=set_bytes, name_bytes=name_bytes)
    number = writer.policy(0, 0, 0, 0, writer.rules(text))
    with pytest.raises(native.TablesFullError, match="publish a new file"):
        writer.rules(text)
    reader = native.TablesReader.open(writer.path)
    assert all(reader.rule(number, b"\x09%09d\x00" % n, 0) == (2, 1) for n in range(20_000))
    assert all(reader.rule(number, b"\x09%09d\x00" % n, 0) == (0, 0) for n in range(20_000, 40_000))


def test_one_writer_at_a_time(make: Make) -> None:
    writer = make()
    with pytest.raises(native.TablesBusyError, match=r"clients-0\.weir: another process is writing it"):
        native.TablesWriter.open(writer.path)
    writer.close()
    native.TablesWriter.open(writer.path).close()
    with pytest.raises(ValueError, match="closed"):
        writer.sync()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda b: b"", "empty"),
        (lambda b: b[:500], "shorter than the header"),
        (lambda b: b"x" + b[1:], "not a Weir file of clients"),
        (lambda b: b[:8] + b"\x09" + b[9:], "another version"),
        (lambda b: b[:-64], "cut short"),
        (lambda b: b + bytes(64), "was added to"),
        (lambda b: b[:40] + b"\xff" + b[41:], "header is damaged"),
        (lambda b: b[:256] + b"\xff" + b[257:], "a word of its header"),
    ],
)
def test_what_is_no_sound_file_is_refused_in_one_sentence(
    make: Make, tmp_path: Path, damage: Callable[[bytes], bytes], words: str
) -> None:
    path = tmp_path / "bad.weir"
    path.write_bytes(damage(Path(make().path).read_bytes()))
    for use in (
        lambda: native.TablesReader.open(path, ORIGIN["boot"]),
        lambda: native.TablesWriter.open(path),
    ):
        with pytest.raises(native.CoreError, match=words) as caught:
            use()
        assert str(caught.value).startswith(f"{path}: ")


def test_records_are_checked_when_the_machine_was_started_again(make: Make, tmp_path: Path) -> None:
    writer = make()
    writer.client(b"\x0a\0\0\1", 32, writer.policy(1, 0, 0, 0))
    content = bytearray(Path(writer.path).read_bytes())
    record = content.index(b"\x01" + bytes(31) + bytes(64))
    content[record + 40] ^= 1
    path = tmp_path / "bad.weir"
    path.write_bytes(content)
    assert native.TablesReader.open(path, ORIGIN["boot"]).facts.policies == 1
    with pytest.raises(native.CoreError, match="damaged"):
        native.TablesReader.open(path, b"another boot id.")


def test_a_full_disk_is_an_error_and_no_signal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        native.TablesWriter.create(tmp_path / "c.weir", **ORIGIN, **ROOM)


def test_numbers_and_addresses_out_of_range(make: Make) -> None:
    writer = make()
    for wrong in (
        lambda: writer.client(b"\x0a\0\0", 24, -1),
        lambda: writer.client(b"\x0a\0\0\1", 33, -1),
        lambda: writer.client(b"\x0a\0\0\1", 32, 0),
        lambda: writer.default(0),
        lambda: writer.policy(0, 0, 0, 0, 5),
        lambda: writer.policy(0, 0, 0, 0, -1, 5),
        lambda: writer.replace(b"x"),
        lambda: native.TablesReader.open(writer.path).rule(0, b"\x01", 0),
    ):
        with pytest.raises((ValueError, KeyError)):
            wrong()
    with pytest.raises(KeyError):
        native.TablesReader.open(writer.path).policy(0)


# Policies of one piece: all masks the same number, and a rule that names it. A reader that ever sees another one ends
# with a status; the parent kills writers at random moments, each successor goes on with the same file.
KILLED = """
import os, random, signal, sys, time
from resolver.core import native

path, kills = sys.argv[1], int(sys.argv[2])
CLIENTS = [bytes([10, 0, 0, n]) for n in range(40)]

def text(n):
    return b"\\x03\\x0b\\x09%09d\\x00" % n

def write():
    writer = native.TablesWriter.open(path)
    chance = random.Random(os.getpid())
    while True:
        client, n = chance.choice(CLIENTS), chance.randrange(1, 10**9)
        try:
            number = writer.policy(n, n, n, 0, writer.rules(text(n)))
        except native.TablesFullError:
            number = chance.randrange(writer.facts.policies)
        writer.client(client, 32 - chance.randrange(2), chance.choice([number, number, number, -1]))
        if chance.randrange(20) == 0:
            writer.sync()

def read(until):
    reader = native.TablesReader.open(path)
    looks = seen = 0
    while not os.path.exists(until):
        for client in CLIENTS:
            number = reader.policy_of(client)
            looks += 1
            if number == native.NO_POLICY:
                continue
            seen += 1
            block, security, only, flags, rules, _ = reader.policy(number)
            if not (block == security == only and rules == text(block)
                    and reader.rule(number, rules[2:], 0) == (3, 1)):
                os._exit(3)
    os._exit(0 if seen > 100 else 4)

native.TablesWriter.create(path, key=bytes(range(32)), plan=bytes(32), boot=bytes(16), created=0,
                           clients=200, policies=60_000, set_bytes=5_000_000, name_bytes=1_000_000).close()
until = path + ".done"
readers = []
for _ in range(2):
    child = os.fork()
    if child == 0:
        read(until)
    readers.append(child)
chance = random.Random(1)
for kill in range(kills):
    child = os.fork()
    if child == 0:
        try:
            write()
        finally:
            os._exit(5)
    time.sleep(chance.random() * 0.02)
    os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == -signal.SIGKILL, status
    native.TablesReader.open(path)  # every record is whole
open(until, "w").close()
for child in readers:
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == 0, status
print(native.TablesReader.open(path).facts.policies)
"""


def test_a_writer_killed_at_any_moment_leaves_what_was_published(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "clients.weir"), "150"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 1_000  # the writers got something done before they died


def _pss(path: Path) -> int:
    """Bytes of this process's share of a mapped file."""
    wanted = found = 0
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if line.endswith(str(path)):
            wanted = 1
        elif line.startswith("Pss:") and wanted:
            found += 1024 * int(line.split()[1])
            wanted = 0
    return found


def test_a_million_clients_and_100_000_policies_with_ten_rules(tmp_path: Path) -> None:
    clients, policies = 1_000_000, 100_000
    rows = b"".join(
        struct.pack("<16sBBHII", (0x0A000000 + n).to_bytes(4, "big"), 4, 32, 0, 0, n % policies)
        for n in range(clients)
    )
    texts = [
        b"".join(b"\x03\x0e\x02a%d\x05%05d\x03net\x00" % (rule, n) for rule in range(10))
        for n in range(policies)
    ]
    started = process_time()
    set_bytes, name_bytes = map(sum, zip(*map(native.rules_cost, texts), strict=True))
    writer = native.TablesWriter.create(
        tmp_path / "clients.weir",
        **ORIGIN,
        clients=clients,
        policies=policies,
        set_bytes=set_bytes,
        name_bytes=name_bytes,
    )
    for number, text in enumerate(texts):
        writer.policy(1 << number % 256, 0, 0, 0, writer.rules(text))
    assert writer.replace(rows) == (clients, 0)
    writer.sync()
    writer.close()
    built = process_time() - started
    path = Path(str(writer.path))
    reader = native.TablesReader.open(path, ORIGIN["boot"])
    started = process_time()
    assert reader.walk(rows) == clients
    looked_up = (process_time() - started) / clients * 1e9
    assert reader.policy(99_999)[0] == 1 << 99_999 % 256
    assert reader.rule(99_999, b"\x01x\x02a7\x0599999\x03net\x00", 0) == (3, 3)
    size, pss = path.stat().st_size, _pss(path)
    print(
        f"built in {built:.2f} s, {size} bytes, {looked_up:.0f} ns per client and policy, "
        f"PSS after looking at all of them twice {pss} bytes"
    )
    assert native.TablesReader.open(path).facts.clients == clients
    assert built < 10, f"{built:.1f} s"  # about 0.5 s when the machine is idle
    assert looked_up < 5_000, f"{looked_up:.0f} ns"  # about 0.25 us


def test_an_identity_with_its_room_to_grow_takes_at_most_40_bytes(make: Make) -> None:
    writer = make(clients=1_250_000, policies=0, set_bytes=0, name_bytes=0)
    assert writer.facts.size <= 40 * 1_000_000
    assert writer.facts.room_clients >= 1_250_000
