"""Answers to those who read the public log: whole files, at a pace that leaves the rest of the process its share.

Nothing here asks who somebody is, and nothing is kept about them. Which files there are is ``log_names``'.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from aiohttp import web
from multidict import CIMultiDict

from admin.api.log_names import LANGUAGES, FileKind, is_folder, kind_of
from admin.api.log_shelf import Found, Shelf
from gateway.stop_page.negotiation import negotiate

PER_SECOND = 400.0
"""Files a second for all readers together: a fifth of one processor's time, and a log of a million leaves in 20 seconds."""
BURST = 200.0
LONGEST_WAIT = 2.0
"""Seconds that a reader is held back at most; then it is asked to come again."""
IN_HAND = 64
"""Answers that are being sent at a time: what slow readers can hold of the memory is this often a file."""
PATIENCE = 30.0
"""Seconds in which an answer must have been taken."""
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

_OPEN = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Everybody may read it, pages of others too: verifiers run in browsers."""


class Pace:
    """How long the next one waits so that ``rate`` a second come by, after ``burst`` at once. Pure."""

    def __init__(self, rate: float, burst: float) -> None:
        self._step, self._ahead = 1 / rate, burst / rate
        self._next = 0.0

    def wait(self, now: float, longest: float) -> float | None:
        """Seconds to wait from ``now`` on (of any clock that never goes back); None: more than ``longest``."""
        due = max(self._next, now - self._ahead)
        if due - now > longest:
            return None
        self._next = due + self._step
        return max(0.0, due - now)


class LogReaders:
    """What all readers of one server share."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock``: seconds, never set back."""
        self._shelf = Shelf()
        self._pace, self._clock = Pace(PER_SECOND, BURST), clock
        self._in_hand = asyncio.Semaphore(IN_HAND)

    async def answer(self, request: web.Request, name: str, folder: Path) -> web.StreamResponse:
        """The file ``name``, sent; or in plain words why not."""
        wait = self._pace.wait(self._clock(), LONGEST_WAIT)
        if wait is None:
            await asyncio.sleep(
                LONGEST_WAIT
            )  # one that comes again at once shall not cost more than one that waits
            return _too_many()
        if wait:
            await asyncio.sleep(wait)
        async with self._in_hand:
            response = await self._found(request, name, folder)
            with contextlib.suppress(ConnectionError):  # the reader has gone
                await _send(request, response)
        return response

    def close(self) -> None:
        """Read no more."""
        self._shelf.close()

    async def _found(self, request: web.Request, name: str, folder: Path) -> web.Response:
        language = ""
        if is_folder(name):
            language = negotiate(request.headers.get("Accept-Language", ""), LANGUAGES)
            name += f"index.{language}.html" if language != LANGUAGES[0] else "index.html"
        kind = kind_of(name)
        if kind is None:
            return _missing()
        squeeze = kind.is_squeezed and _takes_gzip(request)
        try:
            found = await self._shelf.read(folder, name, squeeze=squeeze)
        except OSError:
            return _failed()
        if found is None:
            return _missing()
        response = _fresh(request, kind, found)
        if language:
            response.headers["Content-Language"] = language
            response.headers["Vary"] = "Accept-Encoding, Accept-Language"
        return response


async def _send(request: web.Request, response: web.Response) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await response.prepare(request)
            await response.write_eof()
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()


def _fresh(request: web.Request, kind: FileKind, found: Found) -> web.Response:
    """The file, or word that the reader has it already (RFC 9110 section 13.2.2)."""
    headers = _headers(kind)
    tags = request.if_none_match
    if tags is not None:
        is_known = any(tag.value in ("*", found.tag) for tag in tags)
    else:
        since = request.if_modified_since
        is_known = since is not None and int(found.modified) <= since.timestamp()
    if is_known:
        response = web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    else:
        headers["Content-Type"] = kind.content_type
        if found.is_squeezed:
            headers["Content-Encoding"] = "gzip"
        response = web.Response(body=found.data, headers=headers)
    response.etag = found.tag
    response.last_modified = found.modified
    return response


def _headers(kind: FileKind) -> CIMultiDict[str]:
    headers = CIMultiDict(_OPEN | {"Cache-Control": kind.cache})
    if kind.is_squeezed:
        headers["Vary"] = "Accept-Encoding"
    if kind.is_page:
        headers["Content-Security-Policy"] = _PAGE_POLICY
    return headers


def _missing() -> web.Response:
    return _refused(HTTPStatus.NOT_FOUND, "there is no such file in this log")


def _failed() -> web.Response:
    return _refused(HTTPStatus.SERVICE_UNAVAILABLE, "this file of the log cannot be read just now", "60")


def _too_many() -> web.Response:
    words = "many are reading this log; try again in a moment, or read a copy of it"
    return _refused(HTTPStatus.SERVICE_UNAVAILABLE, words, "1")


def _refused(status: HTTPStatus, words: str, again: str = "") -> web.Response:
    """In plain text: it is programs that ask. Not to be kept: what is not there yet may come in a second."""
    headers = _OPEN | {"Cache-Control": "no-store"} | ({"Retry-After": again} if again else {})
    return web.Response(status=status, text=f"{words}\n", headers=headers)


def _takes_gzip(request: web.Request) -> bool:
    """Whether Accept-Encoding names gzip and does not refuse it (RFC 9110 section 12.5.3)."""
    for part in request.headers.get("Accept-Encoding", "").lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
