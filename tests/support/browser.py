"""Chromium for tests, which are skipped with a message on a machine without it."""

import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

_PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The best first: the shell draws pages only, while Chromium without a window also draws tabs and menus, which takes
more than a third of the time."""
# Its sandbox refuses to run as root, and wants more of a container than most give; the pages are our own.
_ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage")
_PATIENCE = 60_000
"""Timeout for actions of the browser, in milliseconds. Long, because machines may be slow."""
_START_PATIENCE = 120_000
"""Timeout for its start, in milliseconds."""


def missing(what: str, variable: str, untested: str) -> NoReturn:
    """Skip the test, or fail it if this environment variable is "1": then the machine is to have what is missing."""
    reason = f"{what}: {untested.upper()} NOT TESTED"
    if os.environ.get(variable) == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@asynccontextmanager
async def chromium(untested: str) -> AsyncGenerator[Browser]:
    """Start Chromium without a window; without Chromium, skip the test and name what was `untested`."""
    path = _program(untested)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_ARGUMENTS, timeout=_START_PATIENCE)
        yield browser
        await browser.close()


@asynccontextmanager
async def kept_profile(untested: str) -> AsyncGenerator[BrowserContext]:
    """Start Chromium with a profile on disk, which keeps compiled scripts: loading takes half the time."""
    path = _program(untested)
    with TemporaryDirectory(prefix="customer-gateway-") as folder:
        async with async_playwright() as playwright:
            context = await playwright.chromium.launch_persistent_context(
                folder, executable_path=path, args=_ARGUMENTS, timeout=_START_PATIENCE, **_screen(1400, 900)
            )
            yield _patient(context)
            await context.close()


def _program(untested: str) -> str:
    path = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if path is None:
        missing(
            "neither chromium-headless-shell nor chromium is installed", "CUSTOMER_GATEWAY_REQUIRE_CHROMIUM", untested
        )
    return path


async def new_context(
    browser: Browser, *, width: int = 1400, height: int = 900, is_touched: bool = False
) -> BrowserContext:
    """Return a new browser profile; `is_touched` for touch screens, which have no hovering."""
    return _patient(
        await browser.new_context(**_screen(width, height), has_touch=is_touched, is_mobile=is_touched),
    )


def _screen(width: int, height: int) -> dict[str, Any]:
    return {"viewport": {"width": width, "height": height}, "color_scheme": "light", "locale": "en-GB"}


def _patient(context: BrowserContext) -> BrowserContext:
    context.set_default_timeout(_PATIENCE)
    expect.set_options(timeout=_PATIENCE)
    return context
