"""A primary on the loopback interface that says what a test tells it to, honest by default."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig
import pytest

from blocklists.model import Kind, ListSource
from blocklists.properties import Fetching, Secret, Transfer, Tsig

ZONE = "rpz.hotline.example"
ORIGIN = dns.name.from_text(ZONE)
SECRET = b"a secret of thirty-two octets ok"

Records = frozenset[str]
Handler = Callable[[dns.message.Message], Iterable[bytes]]


def soa(serial: int, timers: str = "3600 600 86400") -> str:
    return f"@ 300 IN SOA ns.example. host.example. {serial} {timers} 300"


def rrsets(lines: Iterable[str]) -> list[dns.rrset.RRset]:
    found = []
    for line in lines:
        owner, ttl, _, rtype, rdata = line.split(" ", 4)
        found.append(dns.rrset.from_text(dns.name.from_text(owner, ORIGIN), int(ttl), "IN", rtype, rdata))
    return found


@dataclass
class Primary:
    """``states`` by serial; the last one is served. ``handler`` replaces the honest answers."""

    states: dict[int, Records] = field(default_factory=dict)
    key: dns.tsig.Key | None = None
    handler: Handler | None = None
    forgotten: set[int] = field(default_factory=set)
    """Serials from which no change is known any more."""
    per_message: int = 3
    timers: str = "3600 600 86400"
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def serial(self) -> int:
        return list(self.states)[-1]

    def put(self, serial: int, *lines: str) -> None:
        self.states[serial] = frozenset(lines)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(EOFError, OSError):
            wire = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
            for answer in self.answers(wire):
                writer.write(len(answer).to_bytes(2, "big") + answer)
                await writer.drain()
        writer.close()

    def answers(self, wire: bytes) -> Iterable[bytes]:
        try:
            query = dns.message.from_wire(wire, keyring=self.key)
        except dns.exception.DNSException:
            query = dns.message.from_wire(wire, keyring=False)
            refusal = dns.message.make_response(query)
            refusal.set_rcode(dns.rcode.NOTAUTH)
            assert query.tsig is not None
            unsigned = query.tsig[0].replace(mac=b"", error=dns.rcode.BADSIG)
            refusal.tsig = dns.rrset.from_rdata(query.keyname, 0, unsigned)
            return [refusal.to_wire()]
        self.asked.append(dns.rdatatype.to_text(query.question[0].rdtype))
        return self.handler(query) if self.handler else self.honest(query)

    def honest(self, query: dns.message.Message) -> list[bytes]:
        kind, last = query.question[0].rdtype, soa(self.serial, self.timers)
        whole = [last, *sorted(self.states[self.serial]), last]
        if kind == dns.rdatatype.SOA:
            return self.sent(query, [last])
        if kind == dns.rdatatype.AXFR:
            return self.sent(query, whole)
        base = query.authority[0][0].serial
        if base == self.serial:
            return self.sent(query, [last])
        if base not in self.states or base in self.forgotten:
            return self.sent(query, whole)
        return self.sent(query, [last, *self.steps(base), last])

    def steps(self, base: int) -> list[str]:
        serials, lines = list(self.states), []
        for before, after in itertools.pairwise(serials):
            if serials.index(base) <= serials.index(before):
                old, new = self.states[before], self.states[after]
                lines += [soa(before, self.timers), *sorted(old - new)]
                lines += [soa(after, self.timers), *sorted(new - old)]
        return lines

    def sent(self, query: dns.message.Message, lines: list[str], *, signed: bool = True) -> list[bytes]:
        """The lines as messages of ``per_message`` records."""
        wires, context = [], None
        for begin in range(0, len(lines), self.per_message):
            response = dns.message.make_response(query)
            response.flags |= dns.flags.AA
            response.answer = rrsets(lines[begin : begin + self.per_message])
            if not signed:
                response.tsig, response.want_tsig_sign = None, False
            wires.append(response.to_wire(multi=True, tsig_ctx=context))
            context = response.tsig_ctx
        return wires


@pytest.fixture
async def make_primary() -> AsyncIterator[Callable[..., Any]]:
    """Starts primaries; all are stopped at the end."""
    servers: list[asyncio.Server] = []

    async def make(**fields: Any) -> Primary:
        primary = Primary(**fields)
        server = await asyncio.start_server(primary.serve, "127.0.0.1", 0)
        servers.append(server)
        primary.port = server.sockets[0].getsockname()[1]
        return primary

    yield make
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture
def tsig_key() -> dns.tsig.Key:
    """The key of ``signed_source``."""
    return dns.tsig.Key("weir", SECRET, "hmac-sha256")


@pytest.fixture
def zone_source(tmp_path: Path) -> Callable[..., ListSource]:
    """Makes the source of a zone from addresses of primaries; ``secret`` adds a key, other fields by keyword."""

    def make(*primaries: str, secret: bytes | None = None, **fields: Any) -> ListSource:
        tsig = None
        if secret is not None:
            path = tmp_path / "tsig"
            path.write_bytes(base64.b64encode(secret) + b"\n")
            tsig = Tsig("weir", "hmac-sha256", Secret(path=str(path)))
        transfer = Transfer(ZONE, primaries, tsig, fields.pop("notify_from", ()))
        plain = ListSource("hotline", f"zone:{ZONE}", "rpz", Kind.SECURITY)
        return replace(plain, fetching=Fetching(transfer=transfer), **fields)

    return make
