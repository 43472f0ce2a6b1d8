"""Chromium for tests, which are skipped with a message on a machine without it."""

import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NoReturn

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

_PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The best first: the shell draws pages only, while Chromium without a window also draws tabs and menus, which takes
more than a third of the time."""
_PATIENCE = 60_000
"""Timeout for actions of the browser, in milliseconds. Long, because machines may be slow."""


def missing(what: str, variable: str, untested: str) -> NoReturn:
    """Skip the test, or fail it if this environment variable is "1": then the machine is to have what is missing."""
    reason = f"{what}: {untested.upper()} NOT TESTED"
    if os.environ.get(variable) == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@asynccontextmanager
async def chromium(untested: str) -> AsyncGenerator[Browser]:
    """Start Chromium without a window; without Chromium, skip the test and name what was `untested`."""
    path = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if path is None:
        missing(
            "neither chromium-headless-shell nor chromium is installed", "CUSTOMER_GATEWAY_REQUIRE_CHROMIUM", untested
        )
    async with async_playwright() as playwright:
        # Its sandbox refuses to run as root, and wants more of a container than most give; the pages are our own.
        browser = await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"], timeout=120_000
        )
        yield browser
        await browser.close()


async def new_context(
    browser: Browser, *, width: int = 1400, height: int = 900, is_touched: bool = False
) -> BrowserContext:
    """Return a new browser profile; `is_touched` for touch screens, which have no hovering."""
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="light",
        locale="en-GB",
        has_touch=is_touched,
        is_mobile=is_touched,
    )
    context.set_default_timeout(_PATIENCE)
    expect.set_options(timeout=_PATIENCE)
    return context
