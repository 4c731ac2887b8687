"""HTTP: any method, any path, one answer per connection.

Nothing about a request is logged or kept; its body is not read. What is answered is decided in ``decision`` and
written in ``stop_page``; this module only carries it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp.web import BaseRequest, Response, Server

from gateway.connection import Connection, House
from gateway.counting import MALFORMED, Counters, page_counter
from gateway.decision import BAD_REQUEST, FilterView, Situation, StopCase, Visit, decide_page
from gateway.headers import page_headers
from gateway.limits import Gate, Limits
from gateway.stop_page.languages import Language
from gateway.stop_page.render import Pages
from gateway.target import TargetError, requested_host


class StopPageServer(Server):
    """A protocol factory for ``loop.create_server``. ``view`` may be replaced at any time; it is read per request."""

    def __init__(
        self,
        view: FilterView,
        pages: Pages,
        counters: Counters,
        clock: Callable[[], float],
        limits: Limits | None = None,
    ) -> None:
        """``clock`` gives Unix seconds: grants end by it. To be made inside a running event loop."""
        super().__init__(self._answer)
        self.view = view
        self._pages = pages
        self._counters = counters
        self._clock = clock
        limits = limits or Limits()
        self._house = House(limits, Gate(limits), counters, self._malformed)

    def __call__(self) -> Connection:
        """A protocol for one connection."""
        return Connection(self, self._house, asyncio.get_running_loop())

    async def close(self, timeout: float) -> None:
        """Let answers in progress finish for ``timeout`` seconds, then close every connection."""
        self.pre_shutdown()
        await self.shutdown(timeout)

    async def _answer(self, request: BaseRequest) -> Response:
        connection = request.protocol
        assert isinstance(connection, Connection)
        connection.request_seen()
        case = self._decide(request, connection)
        if case.situation is Situation.BAD_REQUEST:
            self._counters.add(MALFORMED)
        self._counters.add(page_counter(case.situation))
        language = self._pages.language_for(request.headers.get("Accept-Language", ""))
        return self._response(case, language, head=request.method == "HEAD")

    def _decide(self, request: BaseRequest, connection: Connection) -> StopCase:
        try:
            named = requested_host(request.method, request.raw_path, request.headers.getall("Host", []))
        except TargetError:
            return BAD_REQUEST
        return decide_page(self.view, Visit(connection.address, request.method, named), self._clock())

    def _malformed(self) -> Response:
        """The answer to bytes that are no request: nothing is known of the language."""
        self._counters.add(page_counter(Situation.BAD_REQUEST))
        return self._response(BAD_REQUEST, self._pages.language_for(""), head=False)

    def _response(self, case: StopCase, language: Language, *, head: bool) -> Response:
        """HEAD gets no length: it would tell the pages of secret lists from others (RFC 9110 section 8.6 allows it)."""
        settings = self.view.tables.gateway
        headers = page_headers(case, settings, language, self._pages.style_source)
        body = None if head else self._pages.render(case, settings, language)
        response = Response(status=case.status, headers=headers, body=body)
        response.force_close()
        return response
