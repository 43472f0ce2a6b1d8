"""Lists of thousands of rows on the page of the REST endpoints: they are shown at once, and the page still reacts."""

import json
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from app.domain.identity import Scope
from app.web.development import DevelopmentKeys
from tests.explorer.readable import SCHEMES, Scheme, assert_readable
from tests.explorer.rest_docs import GET_ONE, LIST, authorize, open_page, tried_out
from tests.support.crowd import crowd_of
from tests.support.databases import opened
from tests.support.visit import Visit

NUMBERS = sorted(f"C{place}" for place in range(4_000))
MOST_ELEMENTS = 10_000
"""With an element for each word, this list had 650,000, and the page was busy for minutes."""
SECONDS = 20
"""A generous limit: it takes three on a machine with two processors."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crowd_token(served_dsn: str, keys: DevelopmentKeys) -> AsyncGenerator[str]:
    """A token of a company with thousands of customers."""
    async with opened(served_dsn, pool_size=1) as owner:
        company, _ = await crowd_of(owner.engine, len(NUMBERS))
    yield keys.mint(company, [Scope.CUSTOMERS_READ], "tester", timedelta(hours=1))


async def list_all(address: str, page: Page, token: str) -> Locator:
    """Ask for all customers, and return what shows the answer."""
    await open_page(address, page)
    await authorize(page, token)
    form = await tried_out(page, LIST)
    await form.get_by_placeholder("limit").fill("")
    await form.get_by_role("button", name="Execute").click()
    return form.locator(".live-responses-table")


async def test_the_beginning_of_a_long_list_is_shown_and_all_of_it_saved(
    serving: str, crowd_token: str, visit: Visit
) -> None:
    page = visit.page
    shown = await list_all(serving, page, crowd_token)
    await expect(shown).to_contain_text('"customerNumber": "C0",', timeout=SECONDS * 1_000)
    async with page.expect_download() as downloaded:
        await shown.get_by_role("button", name="Download").click()
    saved = (await (await downloaded.value).path()).read_text(encoding="utf-8")

    assert [customer["customerNumber"] for customer in json.loads(saved)] == NUMBERS
    await expect(shown.locator("p")).to_have_text(
        f"Only the first 2,000,000 of {len(saved):,} characters are shown. The buttons copy or download all of them."
    )
    assert visit.complaints == []


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_beside_a_long_list_the_page_reacts_and_can_be_read(
    scheme: Scheme, serving: str, crowd_token: str, visit: Visit
) -> None:
    page = visit.page
    await page.emulate_media(color_scheme=scheme)
    shown = await list_all(serving, page, crowd_token)
    await shown.locator("p").scroll_into_view_if_needed(timeout=SECONDS * 1_000)
    await assert_readable(visit, "highlight-code > p", "pre.microlight")
    await page.locator(f"{GET_ONE} .opblock-summary-control").click(timeout=SECONDS * 1_000)
    await expect(page.locator(f"{GET_ONE} .opblock-body")).to_be_visible(timeout=SECONDS * 1_000)

    assert await page.evaluate("() => document.querySelectorAll('*').length") < MOST_ELEMENTS
