"""The page of the REST endpoints: it shows all of them from this service's own files, and calls them."""

import re

import pytest
from playwright.async_api import Page, Response, expect

from app.rest.endpoints import ENDPOINTS
from tests.explorer.readable import SCHEMES, Scheme, assert_readable
from tests.explorer.rest_docs import GET_ONE, LIST, authorize, open_page, tried_out
from tests.support.visit import Visit

CREATE = "#operations-Customers-createCustomer"
UPDATE = "#operations-Customers-updateCustomer"
TELEPHONE = 390
BRIGHTNESS = """() => {
  const color = getComputedStyle(document.querySelector(".swagger-ui")).backgroundColor;
  const [red, green, blue, alpha = 1] = color.match(/[\\d.]+/g).map(Number);
  return alpha === 0 ? 255 : (red + green + blue) / 3;
}"""


async def call(page: Page, customer_id: str) -> Response:
    """Fill in the form of the endpoint of one customer, and send it."""
    form = page.locator(GET_ONE)
    await form.get_by_role("button", name=re.compile("Get a single customer")).first.click()
    await form.get_by_role("button", name="Try it out").click()
    await form.get_by_placeholder("customerId").fill(customer_id)
    async with page.expect_response(re.compile("/v1/customers/")) as answered:
        await form.get_by_role("button", name="Execute").click()
    return await answered.value


async def test_it_shows_every_endpoint_from_this_service_alone_without_a_problem(
    developing: str, visit_alone: Visit
) -> None:
    visit = visit_alone
    await open_page(developing, visit.page)

    shown = visit.page.locator(".opblock")
    await expect(shown).to_have_count(len(ENDPOINTS))
    for endpoint in ENDPOINTS:
        await expect(visit.page.locator(".opblock-tag-section")).to_contain_text(endpoint.summary)
    assert visit.complaints == []
    assert visit.hosts == {developing.removeprefix("http://")}
    await visit.picture("rest-docs")


async def test_every_endpoint_opens_with_its_schemas_and_examples(developing: str, visit_alone: Visit) -> None:
    visit = visit_alone
    await open_page(developing, visit.page)
    for control in await visit.page.locator(".opblock-summary-control").all():
        await control.click()
    await expect(visit.page.locator(".opblock.is-open")).to_have_count(len(ENDPOINTS))

    await expect(visit.page.locator(".opblock.is-open").first).to_contain_text("Needs the scope customers-read.")
    assert visit.complaints == []
    await visit.picture("rest-docs-open")


async def test_a_list_is_requested_with_a_small_limit_alone(developing: str, visit: Visit) -> None:
    await open_page(developing, visit.page)
    form = await tried_out(visit.page, LIST)
    async with visit.page.expect_response(re.compile("/v1/customers")) as answered:
        await form.get_by_role("button", name="Execute").click()
    answer = await answered.value

    # Neither with the filters of examples, nor without a limit: a company may have thousands of customers.
    assert (answer.url, answer.status) == (f"{developing}/v1/customers?limit=20", 200)
    await expect(form.locator(".parameters-container")).to_contain_text("For example metadata[segment]=small.")
    assert "OrderedMap" not in await form.inner_text()
    # With the digits that the service writes.
    await expect(form.locator(".live-responses-table")).to_contain_text('"creditLimit": 250000.00,')


async def test_examples_have_the_digits_of_the_document(developing: str, visit: Visit) -> None:
    await open_page(developing, visit.page)
    for operation, shown in ((GET_ONE, '"creditLimit": 250000.00,'), (CREATE, '"creditLimit": 50000.0,')):
        form = visit.page.locator(operation)
        await form.locator(".opblock-summary-control").click()
        await expect(form.locator(".opblock-body")).to_contain_text(shown)


async def test_on_a_telephone_every_endpoint_fits(developing: str, visit_alone: Visit) -> None:
    page = visit_alone.page
    await page.set_viewport_size({"width": TELEPHONE, "height": 844})
    await open_page(developing, page)
    for control in await page.locator(".opblock-summary-control").all():
        await control.click()
    await expect(page.locator(".opblock.is-open .responses-table")).to_have_count(len(ENDPOINTS))

    assert await page.evaluate("() => document.documentElement.scrollWidth") == TELEPHONE
    await visit_alone.picture("rest-docs-narrow")


async def test_in_development_it_is_signed_in_and_calls_an_endpoint(developing: str, visit: Visit) -> None:
    await open_page(developing, visit.page)
    await expect(visit.page.get_by_role("button", name="Authorize").locator("svg")).to_be_visible()
    answer = await call(visit.page, "00000000-0000-7000-8000-000000000000")

    assert (answer.status, (await answer.json())["code"]) == (404, "CUSTOMER_NOT_FOUND")
    await expect(visit.page.locator(GET_ONE).locator(".live-responses-table")).to_contain_text("CUSTOMER_NOT_FOUND")


async def test_as_served_it_takes_a_token_and_keeps_it_in_memory_only(serving: str, token: str, visit: Visit) -> None:
    await open_page(serving, visit.page)
    refused = await call(visit.page, "00000000-0000-7000-8000-000000000000")
    await authorize(visit.page, token)
    async with visit.page.expect_response(re.compile("/v1/customers/")) as answered:
        await visit.page.locator(GET_ONE).get_by_role("button", name="Execute").click()
    accepted = await answered.value

    assert (refused.status, accepted.status) == (401, 404)
    assert token not in await visit.page.evaluate("() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_it_is_light_or_dark_as_the_system_is_and_can_be_read(
    scheme: Scheme, developing: str, visit_alone: Visit
) -> None:
    page = visit_alone.page
    await page.emulate_media(color_scheme=scheme)
    # What is out of sight isn't measured.
    await page.set_viewport_size({"width": 1400, "height": 4000})
    await open_page(developing, page)
    await page.wait_for_function(f"() => ({BRIGHTNESS})() {'<' if scheme == 'dark' else '>'} 128")
    await assert_readable(visit_alone, "span.opblock-summary-method", "json-schema-2020-12__title")
    await call(page, "00000000-0000-7000-8000-000000000000")
    await assert_readable(visit_alone, "btn.execute", "download-contents", "header-col")
    await page.locator(f"{GET_ONE} .opblock-summary-control").click()
    for operation, shown in ((LIST, ("textarea",)), (CREATE, ()), (UPDATE, ())):
        control = page.locator(f"{operation} .opblock-summary-control")
        await control.click()
        await control.scroll_into_view_if_needed()
        await assert_readable(visit_alone, "btn.try-out__btn", *shown)
        await control.click()
    await page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    await page.wait_for_function(f"() => ({BRIGHTNESS})() {'>' if scheme == 'dark' else '<'} 128")


async def test_the_keyboard_opens_an_endpoint(developing: str, visit: Visit) -> None:
    await open_page(developing, visit.page)
    control = visit.page.locator(".opblock-summary-control").first
    await control.focus()
    await visit.page.keyboard.press("Enter")

    await expect(visit.page.locator(".opblock.is-open")).to_have_count(1)
