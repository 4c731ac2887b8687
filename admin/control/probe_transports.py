"""How the self-test asks over each transport: as a subscriber's device would, through the listening sockets.

Imported only when the first round begins: dnspython and aiohttp take their time, and no start waits for them.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

import aiohttp
import dns.asyncquery
import dns.edns
import dns.exception
import dns.message
import dns.rdatatype

from admin.control.probe_scene import Question
from admin.services.probes import PAGE, Answer, Outcome, control_name, judge_answer, judge_page

TIMEOUT = 2.0
"""Seconds for a blocked answer: no upstream is asked for it, so even a busy box has it in milliseconds."""
CONTROL_TIMEOUT = 6.0
"""For the name that is not listed, which an upstream may have to be asked for: longer than ``query_timeout``."""
_NO_SUCH_ORIGIN = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}

Finding = tuple[Outcome, str]
Ask = Callable[[Question, str, float], Awaitable[Answer | None]]


async def _udp(question: Question, name: str, timeout: float) -> Answer | None:
    reply = await dns.asyncquery.udp(
        _query(name),
        question.host,
        timeout=timeout,
        port=question.target.port,
        source=question.origin,
        ignore_unexpected=True,
    )
    return _read(reply)


async def _tcp(question: Question, name: str, timeout: float) -> Answer | None:
    reply = await dns.asyncquery.tcp(
        _query(name), question.host, timeout=timeout, port=question.target.port, source=question.origin
    )
    return _read(reply)


def _query(name: str) -> dns.message.Message:
    return dns.message.make_query(f"{name}.", dns.rdatatype.A, use_edns=0)


def _read(reply: dns.message.Message) -> Answer:
    addresses = tuple(
        str(record) for rrset in reply.answer if rrset.rdtype == dns.rdatatype.A for record in rrset
    )
    errors = tuple(int(option.code) for option in reply.options if isinstance(option, dns.edns.EDEOption))
    return Answer(int(reply.rcode()), addresses, errors)


async def _quietly(ask: Ask, question: Question, name: str, timeout: float) -> Answer | None:
    """None for whatever is no answer; OSError if the question cannot even be sent from its origin."""
    try:
        return await ask(question, name, timeout)
    except OSError as error:
        if error.errno in _NO_SUCH_ORIGIN:
            raise
        return None
    except (dns.exception.DNSException, EOFError):
        return None


def _dns(ask: Ask) -> Callable[[Question], Awaitable[Finding]]:
    async def probe(question: Question) -> Finding:
        asked = [_quietly(ask, question, question.canary, TIMEOUT) for _ in range(question.flows)]
        control = _quietly(ask, question, control_name(question.canary), CONTROL_TIMEOUT)
        try:
            *answers, unlisted = await asyncio.gather(*asked, control)
        except OSError:
            return _no_origin(question)
        findings = [judge_answer(question.wanted, answer, unlisted) for answer in answers]
        return next((found for found in findings if found[0] is not Outcome.GOOD), findings[0])

    return probe


async def _page(question: Question) -> Finding:
    connector = aiohttp.TCPConnector(local_addr=(question.origin, 0), force_close=True)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        try:
            canary = await _status(session, question, question.canary)
            control = await _status(session, question, control_name(question.canary))
        except OSError:
            return _no_origin(question)
    return judge_page(question.wanted, canary, control)


async def _status(session: aiohttp.ClientSession, question: Question, host: str) -> int | None:
    url = f"http://{question.target if question.host == question.target.host else _at(question)}/"
    try:
        async with session.get(url, headers={"Host": host}, allow_redirects=False) as answer:
            return answer.status
    except aiohttp.ClientConnectorError as error:
        if error.os_error.errno in _NO_SUCH_ORIGIN:
            raise OSError(error.os_error.errno, "no such origin") from error
        return None
    except (aiohttp.ClientError, TimeoutError):
        return None


def _at(question: Question) -> str:
    host = f"[{question.host}]" if ":" in question.host else question.host
    return f"{host}:{question.target.port}"


def _no_origin(question: Question) -> Finding:
    words = (
        f"cannot ask from {question.origin}, which is no address of this box; see telemetry.selftest_source"
    )
    return Outcome.UNKNOWN, words


TRANSPORTS: Mapping[str, Callable[[Question], Awaitable[Finding]]] = MappingProxyType(
    {"udp": _dns(_udp), "tcp": _dns(_tcp), PAGE: _page}
)
"""By the names of ``probe_scene.LISTENERS``."""
