"""GET /api/v1/lists/{id}/certification: what was tested and enforced of a list in a quarter, as JSON or as a page."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

from admin.api.describing import (
    COUNT,
    MAYBE_COUNT,
    MAYBE_MOMENT,
    MOMENT,
    TEXT,
    Paths,
    Schema,
    array,
    exactly,
    in_path,
    operation,
    problem,
    query,
    ref,
    words,
)
from admin.api.keys import ACTOR, APPLIANCE
from admin.api.paging import parameters
from admin.api.problem import ProblemError
from admin.services.actors import Permission
from admin.services.quarter import Quarter
from blocklists.model import Confidentiality, Disposition, Kind, LegalBasis

if TYPE_CHECKING:
    from admin.services.certificate import Certificate

PATH = "/api/v1/lists/{id}/certification"
_SPAN = exactly(begin=MOMENT, end=MAYBE_MOMENT | {"description": "Unix seconds; null: it lasts"}, words=TEXT)
_SECONDS: Schema = {"type": ["number", "null"], "description": "Seconds; null: there is no such version"}
_LATENCY = exactly(versions=COUNT, median=_SECONDS, longest=_SECONDS)
_DIGEST = TEXT | {"description": "SHA-256, hexadecimal"}
_SHARE: Schema = {
    "type": ["number", "null"],
    "description": "Of the probes with a result, those that were good",
}
_TESTED = exactly(transport=TEXT, good=COUNT, failed=COUNT, untold=COUNT, hours=COUNT, share=_SHARE)
_LANGUAGE = re.compile("[a-z]{2}")
"""Of the tags of languages that pages have."""

SCHEMAS: dict[str, Schema] = {
    "Certificate": exactly(
        schema=TEXT | {"const": "weir-certification/1"},
        node=TEXT,
        list_id=TEXT,
        title=TEXT,
        authority=TEXT,
        kind=words(*Kind),
        legal_basis=words(*LegalBasis),
        confidentiality=words(*Confidentiality),
        canary=TEXT | {"description": "Empty: the list has none"},
        quarter=TEXT,
        begin=MOMENT,
        end=MOMENT,
        made=MOMENT,
        software=exactly(version=TEXT, digest=_DIGEST),
        configurations=array(exactly(digest=_DIGEST, since=MOMENT)),
        hours=COUNT | {"description": "Whole hours of the quarter that have passed"},
        tested=array(_TESTED),
        outages=array(_SPAN),
        off=array(_SPAN),
        events={"type": "object", "additionalProperties": COUNT},
        enforced_after_fetch=_LATENCY,
        enforced_after_publication=_LATENCY,
        removed_after_fetch=_LATENCY,
        entries=exactly(**{kind.value: MAYBE_COUNT for kind in Disposition}),
        uncovered=array(TEXT | {"description": "What must not be taken for tested, by a word for each"}),
    )
}
_FORMATS = ("json", "html")
_ANSWER: Schema = {
    "description": "The certificate",
    "content": {"application/json": {"schema": ref("Certificate")}, "text/html": {"schema": TEXT}},
}
PATHS: Paths = {
    PATH: {
        "parameters": [in_path("id", "The id of a list")],
        "get": operation(
            "What was tested and enforced of a list in a quarter",
            {
                "200": _ANSWER,
                "404": problem("There is no such list"),
                "422": problem("There are no pages in this language"),
            },
            scope=Permission.LISTS_READ,
            parameters=(
                query(
                    "quarter",
                    "For example 2026Q4; by default the one that lasts",
                    TEXT | {"pattern": "^2[0-9]{3}Q[1-4]$"},
                ),
                query("format", "By default json", words(*_FORMATS)),
                query(
                    "language",
                    "Of the page; by default what Accept-Language says",
                    TEXT | {"pattern": f"^{_LANGUAGE.pattern}$"},
                ),
            ),
        ),
    }
}


async def get_certification(request: web.Request) -> web.Response:
    """200: the certificate, as JSON or as a page."""
    # Loaded when somebody asks: templates, catalogues and the digest of the software.
    from admin.services.certification import Wanted, certify
    from admin.services.software import software

    appliance = request.app[APPLIANCE]
    given = parameters(request.query, ("quarter", "format", "language"))
    form = given.get("format", "json")
    if form not in _FORMATS:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "format is json or html")
    if "language" in given and _LANGUAGE.fullmatch(given["language"]) is None:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "language is a tag of two letters, such as en")
    now = appliance.now()
    running = await asyncio.to_thread(software)
    wanted = Wanted(request.match_info["id"], _quarter(given, now), now, running)
    async with (await appliance.connect()).reading() as transaction:
        body = as_json(await certify(transaction, appliance.config, request[ACTOR], wanted))
    return web.json_response(body) if form == "json" else await _page(request, given, body)


def as_json(certificate: Certificate) -> dict[str, Any]:
    """The JSON form."""
    body = asdict(certificate)
    for shown, item in zip(body["tested"], certificate.tested, strict=True):
        shown["share"] = item.share
    return body


def _quarter(given: Mapping[str, str], now: float) -> Quarter:
    if "quarter" not in given:
        return Quarter.of(now)
    try:
        return Quarter.parse(given["quarter"])
    except ValueError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, str(error)) from error


async def _page(request: web.Request, given: Mapping[str, str], body: dict[str, Any]) -> web.Response:
    from admin.api.certificate_page import pages

    made = await asyncio.to_thread(pages)
    language = given.get("language", made.language_for(request.headers.get("Accept-Language", "")))
    if language not in made.languages:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"language is one of {', '.join(made.languages)}")
    text = await asyncio.to_thread(made.render, body, language)
    headers = {"Content-Security-Policy": made.policy, "Content-Language": language}
    return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)
