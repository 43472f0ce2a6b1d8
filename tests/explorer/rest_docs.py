"""What a person does on the page of the REST endpoints."""

from playwright.async_api import Locator, Page

GET_ONE = "#operations-Customers-getCustomer"
LIST = "#operations-Customers-listCustomers"
"""The elements of two endpoints."""


async def open_page(address: str, page: Page) -> None:
    """Open the page, and wait until it shows an endpoint."""
    await page.goto(f"{address}/v1/docs")
    await page.locator(".opblock").first.wait_for()


async def tried_out(page: Page, operation: str) -> Locator:
    """Open an endpoint, and return its form."""
    form = page.locator(operation)
    await form.locator(".opblock-summary-control").click()
    await form.get_by_role("button", name="Try it out").click()
    return form


async def authorize(page: Page, token: str) -> None:
    """Paste a token."""
    await page.get_by_role("button", name="Authorize").first.click()
    dialog = page.locator(".dialog-ux")
    await dialog.get_by_label("auth-bearer-value").fill(token)
    await dialog.get_by_role("button", name="Apply credentials").last.click()
    await dialog.get_by_role("button", name="Close").last.click()
