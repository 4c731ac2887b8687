"""The page in a real browser: width, contrast, landmarks, print, without a script."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from admin.audit.site.page import Operator
from admin.audit.site.showing import show

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

async_api = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
CONTRASTS = (Path(__file__).parents[3] / "oracles" / "contrast.js").read_text()
MIN_CONTRAST = 4.5
"""WCAG 2.2 success criterion 1.4.3, for text of any size."""
MIN_TARGET = 24
"""CSS pixels, WCAG 2.2 success criterion 2.5.8; links within a sentence are exempt."""


@pytest.fixture
def log(of_a_year: Callable[[], Any], tmp_path: Path) -> Path:
    of_a_year().write(tmp_path / "log")
    (tmp_path / "work").mkdir()
    show(tmp_path / "log", tmp_path / "work", Operator("Example Broadband", "filter@isp.example"))
    return tmp_path / "log"


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    async with async_api.async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        await running.close()


@pytest.mark.parametrize("name", ["index.html", "index.de.html"])
async def test_it_fits_a_phone_without_script(browser: Any, log: Path, name: str) -> None:
    context = await browser.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False)
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"file://{log / name}")
    for size in ("100%", "200%"):
        await page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320, size
    assert len(asked) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_can_be_read(browser: Any, log: Path, scheme: str) -> None:
    context = await browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    await page.goto(f"file://{log / 'index.html'}")
    found = await page.evaluate(CONTRASTS)
    assert len(found) > 200
    assert [(ratio, text) for ratio, text in found if ratio < MIN_CONTRAST] == []


async def test_landmarks_headings_tables_and_print(browser: Any, log: Path) -> None:
    page = await (await browser.new_context(color_scheme="dark")).new_page()
    await page.goto(f"file://{log / 'index.html'}")
    for role in ("banner", "main", "contentinfo", "navigation"):
        assert await page.get_by_role(role).count() == 1
    assert await page.get_by_role("heading", level=1).count() == 1
    levels = await page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map(h => Number(h.tagName[1]))"
    )
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert await page.evaluate(
        "[...document.querySelectorAll('table')].every(t => t.querySelector('th[scope=col]'))"
    )
    assert await page.evaluate(
        "[...document.querySelectorAll('svg, .bars')].every(e => e.closest('[aria-hidden]'))"
    )
    small = await page.evaluate(
        "least => [...document.querySelectorAll('nav a, .langs a, summary')]"
        ".filter(e => e.getBoundingClientRect().height && e.parentElement.getBoundingClientRect().height < least)"
        ".map(e => e.textContent)",
        MIN_TARGET,
    )
    assert small == []
    await page.emulate_media(media="print")
    found = await page.evaluate(CONTRASTS)
    assert min(ratio for ratio, _ in found) > 7
