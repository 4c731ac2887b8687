"""Who is named as blocking (RFC 7725)."""

from __future__ import annotations

import pytest

from gateway.decision import Situation, StopCase
from gateway.headers import page_headers
from gateway.stop_page.render import Pages
from resolver.tables.model import GatewaySettings


@pytest.mark.parametrize(
    ("settings", "link"),
    [
        (
            GatewaySettings(policy_url="https://isp.example/p", contact="a@isp.example"),
            "https://isp.example/p",
        ),
        (GatewaySettings(contact="a@isp.example"), "mailto:a@isp.example"),
        (GatewaySettings(contact="+44 20 7946 0000"), "tel:+442079460000"),
        (GatewaySettings(contact="the desk"), None),
        (GatewaySettings(policy_url="https://isp.example/é"), None),
        (GatewaySettings(policy_url="https://x/>\r\nSet-Cookie: a=b"), None),
        (GatewaySettings(policy_url="javascript:alert(1)"), None),
    ],
)
def test_only_a_legal_order_names_who_blocks(
    pages: Pages, settings: GatewaySettings, link: str | None
) -> None:
    english = pages.languages["en"]
    for situation in Situation:
        headers = page_headers(StopCase(situation, 403), settings, english, "'sha256-x'")
        expected = f'<{link}>; rel="blocked-by"' if link and situation is Situation.ORDER else None
        assert headers.get("Link") == expected
        assert "Set-Cookie" not in headers
        assert headers["Server"].isalpha()


def test_a_refused_tunnel_names_the_methods(pages: Pages) -> None:
    headers = page_headers(
        StopCase(Situation.STATUS, 405), GatewaySettings(), pages.languages["ar"], "'sha256-x'"
    )
    assert headers["Allow"] == "GET, HEAD"
    assert headers["Content-Language"] == "ar"
