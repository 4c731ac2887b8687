"""The pages in a real browser: width, direction, contrast, silence, no script."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

OpenBrowser = Callable[[int], Awaitable[Any]]

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

async_api = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

PAGES = [
    ("strict", "illegal.example"),
    ("strict", "ordered.example"),
    ("strict", "malware.example"),
    ("strict", "bets.example"),
    ("network", "adult.example"),
    ("strict", "chat.example"),
    ("strict", "a" * 63 + "." + "b" * 63 + ".bets.example"),
    ("paused", "other.example"),
    ("allow-only", "other.example"),
    ("strict", "other.example"),
    ("strict", "192.0.2.80"),
    (None, "bets.example"),
]

CONTRASTS = (Path(__file__).parents[1] / "oracles" / "contrast.js").read_text()

MIN_CONTRAST = 4.5
"""WCAG 2.2 success criterion 1.4.3, for text of any size."""


@pytest.fixture
async def open_browser() -> AsyncIterator[OpenBrowser]:
    """``await open_browser(port)``: a browser that finds every name at that loopback port."""
    async with async_api.async_playwright() as playwright:
        opened = []

        async def launch(port: int) -> Any:
            rule = f"--host-resolver-rules=MAP * 127.0.0.1:{port}"
            opened.append(await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, rule]))
            return opened[-1]

        yield launch
        for browser in opened:
            await browser.close()


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_every_page_fits_a_phone_without_script(
    open_browser: OpenBrowser,
    serve: Callable[..., Awaitable[Any]],
    make_view: Callable[..., Any],
    language: str,
) -> None:
    running = await serve()
    chromium = await open_browser(running.port)
    context = await chromium.new_context(
        viewport={"width": 320, "height": 640}, java_script_enabled=False, locale=language
    )
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for policy, host in PAGES:
        running.server.view = make_view(policy)
        address = f"http://{host}/some/page?query"
        answer = await page.goto(address)
        assert answer is not None
        assert answer.status in {200, 403, 421, 451}
        root = page.locator("html")
        assert await root.get_attribute("lang") == language
        assert await root.get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
        assert await page.evaluate("getComputedStyle(document.body).direction") == (
            "rtl" if language == "ar" else "ltr"
        )
        for size in ("100%", "200%"):
            await page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
            assert await page.evaluate("document.documentElement.scrollWidth") <= 320, (host, size)
        assert {url for url in asked if not url.endswith("/favicon.ico")} == {address}
        asked.clear()
        assert await context.cookies() == []
    assert [
        text for text in said if not text.startswith("Failed to load resource: the server responded")
    ] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_contrast(
    open_browser: OpenBrowser,
    serve: Callable[..., Awaitable[Any]],
    make_view: Callable[..., Any],
    scheme: str,
) -> None:
    running = await serve()
    chromium = await open_browser(running.port)
    context = await chromium.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    for policy, host in PAGES:
        running.server.view = make_view(policy)
        await page.goto(f"http://{host}/")
        found = await page.evaluate(CONTRASTS)
        assert len(found) > 8
        assert [(ratio, text) for ratio, text in found if ratio < MIN_CONTRAST] == [], host


async def test_landmarks_headings_and_print(
    open_browser: OpenBrowser, serve: Callable[..., Awaitable[Any]]
) -> None:
    running = await serve()
    chromium = await open_browser(running.port)
    page = await (await chromium.new_context(color_scheme="dark")).new_page()
    await page.goto("http://illegal.example/")
    for role in ("banner", "main", "contentinfo"):
        assert await page.get_by_role(role).count() == 1
    assert await page.get_by_role("heading", level=1).count() == 1
    assert await page.get_by_role("heading", level=2).count() == 4
    assert await page.title() == await page.get_by_role("heading", level=1).inner_text()
    await page.emulate_media(media="print")
    found = await page.evaluate(CONTRASTS)
    assert min(ratio for ratio, _ in found) > 15
