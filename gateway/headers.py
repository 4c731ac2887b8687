"""The header fields of every answer. Pure; README.md beside this file says why each is there."""

from __future__ import annotations

from http import HTTPStatus

from gateway.decision import Situation, StopCase
from gateway.stop_page.languages import Language
from gateway.stop_page.links import contact_uri, web_address
from resolver.tables.model import GatewaySettings

FIXED = {
    "Server": "weir",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Connection": "close",
}
"""What even an answer without a page has."""


def page_headers(
    case: StopCase, settings: GatewaySettings, language: Language, style_source: str
) -> dict[str, str]:
    """The fields of a page; ``style_source`` is the style sheet as a CSP source expression."""
    headers = {
        **FIXED,
        "Content-Type": "text/html; charset=utf-8",
        "Content-Language": language.tag,
        "Vary": "Accept-Language",
        "Content-Security-Policy": (
            f"default-src 'none'; style-src {style_source}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
    }
    if case.status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = "GET, HEAD"
    if case.situation is Situation.ORDER and (blocked_by := _who_blocks(settings)):
        headers["Link"] = f'<{blocked_by}>; rel="blocked-by"'
    return headers


def _who_blocks(settings: GatewaySettings) -> str:
    """RFC 7725 section 4: who carries the block out, not who ordered it; empty if the operator gave no address."""
    uri = web_address(settings.policy_url) or contact_uri(settings.contact)
    return uri if uri.isascii() else ""
