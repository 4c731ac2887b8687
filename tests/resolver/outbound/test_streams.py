"""TCP conversations: how each can end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from resolver.exchange.endpoint import parse_endpoint
from resolver.exchange.events import AttemptFailed, MessageReceived, SendMessage, Trouble
from resolver.outbound.streams import Streams

QUERY = b"\x00" * 12 + b"\x01a\x00\x00\x01\x00\x01"


@pytest.fixture
def conversation() -> tuple[Streams, asyncio.Queue[Any]]:
    reports: asyncio.Queue[Any] = asyncio.Queue()
    return Streams(reports.put_nowait), reports


async def test_a_message_that_comes_octet_by_octet(conversation: Any, upstream: Any) -> None:
    streams, reports = conversation
    upstream.on_stream = lambda query: [b"the whole answer"]
    streams.send(SendMessage(3, parse_endpoint(upstream.address), QUERY))
    assert await reports.get() == MessageReceived(3, b"the whole answer")
    assert upstream.streams == [QUERY]
    assert len(streams) == 0


@pytest.mark.parametrize("frame", [b"", b"\x00", b"\x00\x05four"])
async def test_a_connection_that_ends_early(conversation: Any, upstream: Any, frame: bytes) -> None:
    streams, reports = conversation
    upstream.frame = lambda message: frame
    streams.send(SendMessage(3, parse_endpoint(upstream.address), QUERY))
    assert await reports.get() == AttemptFailed(3, Trouble.REFUSED)


async def test_a_closed_conversation_reports_nothing(conversation: Any, upstream: Any) -> None:
    streams, reports = conversation
    upstream.may_answer_streams.clear()
    streams.send(SendMessage(3, parse_endpoint(upstream.address), QUERY))
    await upstream.stream_came.wait()
    streams.close(3)
    streams.close(3)
    await streams.close_all()
    assert reports.empty()


async def test_a_report_may_close_its_own_conversation(upstream: Any) -> None:
    ended = asyncio.Event()

    def report(event: Any) -> None:
        streams.close(event.attempt)
        ended.set()

    streams = Streams(report)
    streams.send(SendMessage(3, parse_endpoint(upstream.address), QUERY))
    await ended.wait()
    await streams.close_all()
