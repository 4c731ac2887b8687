"""Lists by zone transfer from primaries on the loopback interface, honest and otherwise."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.tsig
import pytest

from blocklists.model import ListSource, ListVersion, Timers
from blocklists.properties import Fetching
from blocklists.sources import Fetched, FetchError, Known, NotModified, fetch
from blocklists.sources.model import ZoneVersion
from blocklists.sources.zone import fetch_zone

Make = Callable[..., ListSource]
MakePrimary = Callable[..., Awaitable[Any]]
ONE = "one.example 60 IN CNAME ."
TWO = "two.example 60 IN CNAME *."
SECRET = b"a secret of thirty-two octets ok"
SOA_6, SOA_8 = (f"@ 300 IN SOA ns.example. host.example. {serial} 3600 600 86400 300" for serial in (6, 8))
HEAD = b"$ORIGIN rpz.hotline.example.\n"


def text_of(serial: int, *lines: str) -> bytes:
    soa = f"@ 300 IN SOA ns.example. host.example. {serial} 3600 600 86400 300"
    return HEAD + "\n".join([soa, *lines, ""]).encode()


def known(version: Fetched) -> Known:
    assert isinstance(version, ListVersion)
    return Known(version.etag, base=lambda: version)


async def version_of(source: ListSource, known: Known | None = None) -> ZoneVersion:
    fetched = await fetch(source, known=known, now=5.0)
    assert isinstance(fetched, ZoneVersion)
    return fetched


async def fault_of(source: ListSource, known: Known | None = None) -> str:
    with pytest.raises(FetchError) as caught:
        await fetch(source, known=known, now=5.0)
    assert "one.example" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
async def primary(make_primary: MakePrimary) -> Any:
    made = await make_primary()
    made.put(7, ONE)
    return made


@pytest.fixture
async def signing(make_primary: MakePrimary, tsig_key: dns.tsig.Key) -> Any:
    made = await make_primary(key=tsig_key)
    made.put(7, ONE, TWO, *(f"n{number}.example 60 IN CNAME ." for number in range(20)))
    return made


async def test_a_whole_zone(primary: Any, zone_source: Make) -> None:
    primary.put(8, TWO, ONE)
    version = await version_of(zone_source(primary.address))
    assert version.data == text_of(8, ONE, TWO)
    assert (version.etag, version.fetched, version.change) == ("8", 5.0, None)
    assert version.timers == Timers(refresh=3600, retry=600, expire=86400)
    assert primary.asked == ["SOA", "AXFR"]


async def test_an_equal_serial_is_no_change(primary: Any, zone_source: Make) -> None:
    source = zone_source(primary.address)
    version = await version_of(source)
    assert await fetch(source, known=known(version), now=6.0) == NotModified()
    assert primary.asked == ["SOA", "AXFR", "SOA"]


async def test_a_change_over_several_steps(primary: Any, zone_source: Make) -> None:
    source = zone_source(primary.address)
    first = await version_of(source)
    primary.put(8, TWO)
    primary.put(9, TWO, "*.two.example 60 IN CNAME .", "gone.example 60 IN CNAME .")
    primary.put(10, TWO, "*.two.example 60 IN CNAME .")
    second = await version_of(source, known(first))
    assert primary.asked[-1] == "IXFR"
    assert second.data == text_of(10, "*.two.example 60 IN CNAME .", TWO)
    assert second.change is not None
    assert second.change.base == first.digest
    lines = set(first.data.splitlines()) - set(second.change.removed) | set(second.change.added)
    assert lines == set(second.data.splitlines())
    assert await version_of(source) == ZoneVersion(
        *(getattr(second, name) for name in ("source_id", "data", "digest", "fetched", "etag")),
        timers=second.timers,
    )  # the same bytes, however they came


@pytest.mark.parametrize(
    "spoil",
    [
        lambda primary: primary.forgotten.add(7),
        lambda primary: setattr(primary, "steps", lambda base: []),
        lambda primary: setattr(primary, "steps", lambda base: [SOA_6, ONE, SOA_8]),
        lambda primary: primary.states.update({7: frozenset({"four.example 60 IN CNAME ."})}),
        lambda primary: primary.states.update({8: primary.states[8] | {ONE}, 7: frozenset()}),
    ],
    ids=["the whole zone comes", "an empty change", "another serial", "nothing to remove", "added twice"],
)
async def test_a_change_that_cannot_be_used_gives_way_to_the_whole_zone(
    primary: Any, zone_source: Make, spoil: Callable[[Any], None]
) -> None:
    source = zone_source(primary.address)
    first = await version_of(source)
    primary.put(8, TWO, "three.example 60 IN CNAME .")
    spoil(primary)
    second = await version_of(source, known(first))
    assert second.data == text_of(8, *sorted(primary.states[8]))
    assert second.change is None


@pytest.mark.parametrize(
    "base", [None, b"", b"garbage", text_of(6, ONE), text_of(7).replace(b"rpz", b"other")]
)
async def test_a_base_that_is_not_what_its_serial_says_is_not_changed(
    primary: Any, zone_source: Make, base: bytes | None
) -> None:
    primary.put(8, TWO)
    version = None if base is None else ListVersion("hotline", base, "00", 0.0)
    fetched = await version_of(zone_source(primary.address), Known("7", base=lambda: version))
    assert fetched.data == text_of(8, TWO)
    assert "IXFR" not in primary.asked


@pytest.mark.parametrize(("held", "there"), [(8, 7), (1, 0xFFFFFFFF), (0, 0x80000000), (0x80000000, 0)])
async def test_a_serial_that_is_not_newer_is_not_taken(
    primary: Any, zone_source: Make, held: int, there: int
) -> None:
    primary.states = {there: frozenset({ONE})}
    fault = await fault_of(zone_source(primary.address), Known(str(held)))
    assert f"serial {there}, which is older than {held} held here" in fault
    assert primary.asked == ["SOA"]


@pytest.mark.parametrize(("held", "there"), [(7, 8), (0xFFFFFFFF, 1), (0, 1), (5, 0x80000004)])
async def test_serials_go_round(primary: Any, zone_source: Make, held: int, there: int) -> None:
    primary.states = {there: frozenset({ONE})}
    assert (await version_of(zone_source(primary.address), Known(str(held)))).etag == str(there)


async def test_a_primary_that_gives_less_than_it_announced(primary: Any, zone_source: Make) -> None:
    def announce(query: dns.message.Message) -> list[bytes]:
        if query.question[0].rdtype == dns.rdatatype.SOA:
            primary.put(9)
        answers: list[bytes] = primary.honest(query)
        primary.states.pop(9, None)
        return answers

    primary.handler = announce
    assert "serial 7, which is older than 8 held here" in await fault_of(
        zone_source(primary.address), Known("8")
    )


# ---- keys ----


async def test_with_a_key_all_messages_are_checked(signing: Any, zone_source: Make) -> None:
    source = zone_source(signing.address, secret=SECRET)
    first = await version_of(source)
    assert first.data.count(b"\n") == 24
    signing.put(8, TWO)
    assert (await version_of(source, known(first))).data == text_of(8, TWO)
    assert signing.asked[-1] == "IXFR"


async def test_a_wrong_secret_is_said(signing: Any, zone_source: Make) -> None:
    fault = await fault_of(zone_source(signing.address, secret=b"another secret of the same size."))
    assert "does not accept our signature (BADSIG)" in fault


async def test_an_unsigned_answer_is_refused(signing: Any, zone_source: Make) -> None:
    signing.handler = lambda query: signing.sent(query, ["@ 300 IN SOA a. b. 9 1 1 1 1"], signed=False)
    assert "did not sign its answer" in await fault_of(zone_source(signing.address, secret=SECRET))


async def test_an_unsigned_transfer_is_refused(signing: Any, zone_source: Make) -> None:
    def handler(query: dns.message.Message) -> list[bytes]:
        if query.question[0].rdtype == dns.rdatatype.SOA:
            return list(signing.honest(query))
        last = "@ 300 IN SOA a. b. 9 1 1 1 1"
        return list(signing.sent(query, [last, ONE, last], signed=False))

    signing.handler = handler
    assert "did not sign its answer" in await fault_of(zone_source(signing.address, secret=SECRET))


@pytest.mark.parametrize("index", [0, 3, 7])
async def test_one_changed_byte_of_a_signed_transfer_is_refused(
    signing: Any, zone_source: Make, index: int
) -> None:
    def handler(query: dns.message.Message) -> list[bytes]:
        answers: list[bytes] = signing.honest(query)
        if query.question[0].rdtype != dns.rdatatype.SOA:
            wire = answers[index]
            at = wire.index(b"example", 40)
            answers[index] = wire[:at] + b"exampla" + wire[at + 7 :]
        return answers

    signing.handler = handler
    fault = await fault_of(zone_source(signing.address, secret=SECRET))
    assert "changed on the way" in fault or "no zone transfer" in fault


async def test_a_key_that_cannot_be_read_asks_nobody(signing: Any, zone_source: Make, tmp_path: Path) -> None:
    source = zone_source(signing.address, secret=SECRET)
    (tmp_path / "tsig").unlink()
    assert "cannot be read" in await fault_of(source)
    assert signing.asked == []


# ---- primaries that cannot or will not ----


@pytest.mark.parametrize(
    ("rcode", "words"),
    [
        (dns.rcode.REFUSED, "does not let this machine have the zone (REFUSED)"),
        (dns.rcode.NOTAUTH, "is not in charge of the zone"),
        (dns.rcode.SERVFAIL, "cannot serve it (SERVFAIL)"),
        (dns.rcode.FORMERR, "answered FORMERR"),
    ],
)
@pytest.mark.parametrize("step", [dns.rdatatype.SOA, dns.rdatatype.AXFR])
async def test_refusals_are_said(primary: Any, zone_source: Make, rcode: Any, words: str, step: Any) -> None:
    def handler(query: dns.message.Message) -> list[bytes]:
        if query.question[0].rdtype != step:
            return list(primary.honest(query))
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        return [response.to_wire()]

    primary.handler = handler
    assert words in await fault_of(zone_source(primary.address))


async def test_a_server_without_authority_is_not_believed(primary: Any, zone_source: Make) -> None:
    def handler(query: dns.message.Message) -> list[bytes]:
        wire = primary.honest(query)[0]
        return [wire[:2] + bytes([wire[2] & ~0x04]) + wire[3:]]

    primary.handler = handler
    assert "is not in charge of the zone" in await fault_of(zone_source(primary.address))


@pytest.mark.parametrize("kept", [0, 1])
async def test_a_transfer_that_is_cut_short_gives_nothing(primary: Any, zone_source: Make, kept: int) -> None:
    primary.put(8, *(f"n{number}.example 60 IN CNAME ." for number in range(9)))
    primary.handler = lambda query: (
        primary.honest(query)[:kept] if query.question[0].rdtype != 6 else primary.honest(query)
    )
    assert "hung up before the transfer was complete" in await fault_of(zone_source(primary.address))


async def test_garbage_is_said(primary: Any, zone_source: Make) -> None:
    primary.handler = lambda query: [query.id.to_bytes(2, "big") + b"\x84\x00" + b"\xff" * 40]
    assert "sent what is no zone transfer" in await fault_of(zone_source(primary.address))


async def test_an_answer_to_another_question_is_refused(primary: Any, zone_source: Make) -> None:
    other = dns.message.make_query("rpz.other.example", "SOA")
    primary.handler = lambda query: primary.sent(other, ["@ 300 IN SOA a. b. 9 1 1 1 1"])
    assert "sent what is no zone transfer" in await fault_of(zone_source(primary.address))


async def test_a_zone_beyond_the_ceiling_is_refused(primary: Any, zone_source: Make) -> None:
    primary.put(8, *(f"n{number}.example 60 IN CNAME ." for number in range(200)))
    source = zone_source(primary.address, max_size=2_000)
    assert "larger than the list's max_size" in await fault_of(source)


async def test_a_change_that_grows_a_zone_beyond_the_ceiling_is_refused(
    primary: Any, zone_source: Make
) -> None:
    source = zone_source(primary.address, max_size=2_500)
    primary.put(8, *(f"n{number}.example 60 IN CNAME ." for number in range(60)))
    first = await version_of(source)
    primary.put(9, *primary.states[8], *(f"m{number}.example 60 IN CNAME ." for number in range(60)))
    assert "larger than the list's max_size" in await fault_of(source, known(first))


# ---- several primaries ----


@pytest.fixture
def dead() -> str:
    """An address at which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{sock.getsockname()[1]}"


async def test_the_next_primary_is_asked_when_one_is_dead(primary: Any, zone_source: Make, dead: str) -> None:
    assert (await version_of(zone_source(dead, primary.address))).etag == "7"


async def test_all_faults_are_said(primary: Any, zone_source: Make, dead: str) -> None:
    primary.handler = lambda query: []
    fault = await fault_of(zone_source(dead, primary.address))
    assert f"{dead} cannot be reached (" in fault
    assert f"{primary.address} hung up" in fault


async def test_one_that_is_behind_does_not_hide_one_that_is_ahead(
    primary: Any, make_primary: MakePrimary, zone_source: Make
) -> None:
    ahead = await make_primary()
    ahead.put(8, TWO)
    source = zone_source(primary.address, ahead.address)
    assert (await version_of(source, Known("7"))).etag == "8"
    ahead.states, primary.states = {6: frozenset()}, {7: frozenset()}
    assert await fetch(source, known=Known("7"), now=5.0) == NotModified()


async def test_a_new_version_that_cannot_be_had_is_not_called_unchanged(
    primary: Any, make_primary: MakePrimary, zone_source: Make
) -> None:
    ahead = await make_primary()
    ahead.put(8, TWO)
    ahead.handler = lambda query: ahead.honest(query) if query.question[0].rdtype == 6 else []
    fault = await fault_of(zone_source(ahead.address, primary.address), Known("7"))
    assert f"{ahead.address} hung up" in fault


async def test_a_list_without_a_transfer_is_not_asked_for(zone_source: Make) -> None:
    with pytest.raises(FetchError, match="it has no transfer"):
        await fetch_zone(replace(zone_source("192.0.2.53:53"), fetching=Fetching()), now=5.0)
