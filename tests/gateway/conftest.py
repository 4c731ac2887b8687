"""A small generation, and the stop page served from it on a free port."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from blocklists.model import Bit, BitRole, Confidentiality, Kind, LegalBasis
from gateway.counting import FILE_NAME, Counters
from gateway.decision import FilterState, Situation, StopCase
from gateway.limits import Limits
from gateway.server import StopPageServer
from gateway.stop_page.render import Pages
from resolver.policy.model import Grant, Listing, Masks, Policy, Rule
from resolver.policy.verdict import suffixes
from resolver.runtime.counters import read_counters
from resolver.tables.model import GatewaySettings, ListInfo, Tables

NOW = 1_000_000.0
GAMBLING, ADULT, SECRET, COURT, MALWARE, HELP, HIDDEN, HIDDEN_ORDER = range(8)


def wire(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


LISTED = {
    wire("bets.example"): GAMBLING,
    wire("adult.example"): ADULT,
    wire("illegal.example"): SECRET,
    wire("ordered.example"): COURT,
    wire("malware.example"): MALWARE,
    wire("helpline.example"): HELP,
    wire("hidden.example"): HIDDEN,
    wire("hidden-order.example"): HIDDEN_ORDER,
}

BITS = (
    Bit(GAMBLING, BitRole.CATEGORY, "gambling"),
    Bit(ADULT, BitRole.CATEGORY, "adult"),
    Bit(SECRET, BitRole.ILLEGAL, "watch"),
    Bit(COURT, BitRole.ILLEGAL, "court"),
    Bit(MALWARE, BitRole.SECURITY, "malware"),
    Bit(HELP, BitRole.PROTECTED, "help"),
    Bit(HIDDEN, BitRole.CATEGORY, "hidden"),
    Bit(HIDDEN_ORDER, BitRole.ILLEGAL, "hidden-court"),
)

SECRET_LIST = ListInfo(
    "watch",
    "Watchers' list 7",
    Kind.ILLEGAL,
    LegalBasis.VOLUNTARY,
    Confidentiality.SECRET,
    authority="Example Watch Foundation",
    contact="desk@watch.example",
)

LISTS = {
    "watch": SECRET_LIST,
    "court": ListInfo(
        "court",
        "Orders",
        Kind.ILLEGAL,
        LegalBasis.COURT,
        Confidentiality.PUBLIC,
        authority="District Court of Exampletown",
        contact="+44 20 7946 0000",
    ),
    "hidden-court": ListInfo(
        "hidden-court", "Sealed orders", Kind.ILLEGAL, LegalBasis.COURT, Confidentiality.SECRET
    ),
    "malware": ListInfo("malware", "Bad", Kind.SECURITY, LegalBasis.VOLUNTARY, Confidentiality.PUBLIC),
    "hidden": ListInfo("hidden", "Hidden", Kind.CATEGORY, LegalBasis.USER, Confidentiality.SECRET),
}

MASKS = Masks(
    illegal=1 << SECRET | 1 << COURT | 1 << HIDDEN_ORDER,
    illegal_orders=1 << COURT | 1 << HIDDEN_ORDER,
    protected=1 << HELP,
    security=1 << MALWARE,
    categories=1 << GAMBLING | 1 << ADULT | 1 << HIDDEN,
    feeds={
        "watch": 1 << SECRET,
        "court": 1 << COURT,
        "hidden-court": 1 << HIDDEN_ORDER,
        "malware": 1 << MALWARE,
        "hidden": 1 << HIDDEN,
    },
)

SETTINGS = GatewaySettings(
    provider="Riverside Broadband",
    contact="help@riverside.example",
    policy_url="https://riverside.example/filter",
    portal_url="https://my.riverside.example/",
)

STRICT = Policy(
    number=1,
    block=1 << GAMBLING | 1 << ADULT | 1 << HIDDEN,
    security=1 << MALWARE,
    rules={wire("chat.example"): (Rule(allow=False),), wire("fine.example"): (Rule(allow=True),)},
    grants=(Grant(wire("adult.example"), NOW + 60),),
)

POLICIES = {
    "strict": STRICT,
    "paused": replace(STRICT, number=2, paused=True),
    "allow-only": replace(STRICT, number=3, allow_only=True),
    "open": Policy(number=4),
    "network": Policy(number=5, block=1 << ADULT),
}


@dataclass
class FakeView:
    """What the gateway asks of a generation; ``everybody`` is the policy of every address that has none of its own."""

    everybody: Policy | None = STRICT
    clients: Mapping[str, Policy | None] = field(default_factory=dict)
    masks: Masks = MASKS
    bits: tuple[Bit, ...] = BITS
    default_policy: int = 5
    tables: Tables = field(
        default_factory=lambda: Tables(
            generation=7,
            created=NOW,
            snapshot="none",
            tables="none",
            lists=LISTS,
            categories={"gambling": "Gambling", "adult": "Adult <sites>"},
            gateway=SETTINGS,
        )
    )

    def policy_for(self, address: str) -> Policy | None:
        return self.clients.get(address, self.everybody)

    def listing(self, name: bytes) -> Listing:
        bits = 0
        for suffix in suffixes(name):
            if suffix in LISTED:
                bits |= 1 << LISTED[suffix]
        return Listing(bits)


@pytest.fixture
def now() -> float:
    return NOW


@pytest.fixture
def make_view() -> Callable[..., FakeView]:
    """``make_view("paused")``: a view whose every client has that policy; ``None`` = nobody is served."""

    def make(policy: str | None = "strict", *, settings: GatewaySettings = SETTINGS) -> FakeView:
        view = FakeView(everybody=None if policy is None else POLICIES[policy])
        view.tables = replace(view.tables, gateway=settings)
        return view

    return make


@pytest.fixture
def settings() -> GatewaySettings:
    return SETTINGS


@pytest.fixture
def secret_list() -> ListInfo:
    return SECRET_LIST


@pytest.fixture(scope="session")
def pages() -> Pages:
    return Pages()


@pytest.fixture
def every_case() -> list[StopCase]:
    """Every situation, in the forms that change its words."""
    state = FilterState(
        ("Gambling", "Own words"), security=True, illegal=True, allow_only=False, paused=False
    )
    nothing = FilterState((), security=False, illegal=False, allow_only=False, paused=False)
    named: dict[str, Any] = {"host": "bets.example", "essentials": True}
    return [
        StopCase(Situation.ILLEGAL, 403),
        StopCase(Situation.ILLEGAL, 403, authority="Watch", authority_contact="desk@watch.example"),
        StopCase(Situation.ORDER, 451),
        StopCase(
            Situation.ORDER, 451, "ordered.example", authority="Court", authority_contact="+44 20 7946 0000"
        ),
        StopCase(Situation.SECURITY, 403, "malware.example"),
        *(
            StopCase(situation, 403, standard=standard, **named)
            for situation in (Situation.OWN_RULE, Situation.PAUSED, Situation.ALLOW_ONLY)
            for standard in (False, True)
        ),
        StopCase(Situation.CATEGORY, 403, category="Gambling", **named),
        StopCase(Situation.CATEGORY, 403, standard=True),
        StopCase(Situation.CATEGORY, 403, "a" * 63 + ".example", category="W" * 80),
        StopCase(Situation.NOT_SERVED, 403),
        StopCase(Situation.NOT_BLOCKED, 421),
        StopCase(Situation.BAD_REQUEST, 400),
        StopCase(Situation.STATUS, 200, state=state),
        StopCase(Situation.STATUS, 200, standard=True, state=nothing),
        StopCase(Situation.STATUS, 200, state=replace(nothing, security=True)),
        StopCase(Situation.STATUS, 200, state=replace(state, paused=True)),
        StopCase(Situation.STATUS, 200, state=replace(nothing, allow_only=True)),
    ]


@dataclass
class Running:
    """A server on a free loopback port."""

    server: StopPageServer
    port: int
    run: Path

    def counters(self) -> dict[str, int]:
        return read_counters(self.run / FILE_NAME)

    async def send(self, data: bytes, *, finish: bool = False) -> bytes:
        """Send bytes on a connection of their own; everything that comes back until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(data)
            with contextlib.suppress(ConnectionError):
                await writer.drain()
            if finish:
                with contextlib.suppress(OSError):
                    writer.write_eof()
            return await self.rest(reader)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    @staticmethod
    async def rest(reader: asyncio.StreamReader) -> bytes:
        """Everything until the server closes; a reset ends it as well."""
        received = bytearray()
        with contextlib.suppress(ConnectionError):
            while chunk := await asyncio.wait_for(reader.read(65_536), 60):
                received += chunk
        return bytes(received)

    async def get(self, host: str, *lines: str, method: str = "GET", target: str = "/") -> bytes:
        """An ordinary request."""
        head = [f"{method} {target} HTTP/1.1", f"Host: {host}", *lines, "", ""]
        return await self.send("\r\n".join(head).encode("utf-8", "surrogateescape"))


Serve = Callable[..., Awaitable[Running]]


@pytest.fixture
async def serve(pages: Pages, make_view: Callable[..., FakeView], tmp_path: Path) -> AsyncIterator[Serve]:
    """``await serve("paused", limits=…)``: a running server for that policy; closed after the test, and asyncio must have nothing to report."""
    running: list[tuple[StopPageServer, asyncio.Server]] = []
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))

    async def start(policy: str | None = "strict", limits: Limits | None = None) -> Running:
        server = StopPageServer(make_view(policy), pages, Counters(tmp_path), lambda: NOW, limits)
        listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
        running.append((server, listener))
        return Running(server, listener.sockets[0].getsockname()[1], tmp_path)

    yield start
    for server, listener in running:
        listener.close()
        await server.close(1.0)
    assert faults == []
