"""The example of docs/frontends.md in a browser, from another origin than the service's."""

import json
import re
from datetime import timedelta
from pathlib import Path

import httpx
from playwright.async_api import Page, Request, Route, expect

from app.domain.identity import Scope
from app.graphql.schema import executable, schema
from tests.frontends.guide import possible_types
from tests.frontends.pages import EXAMPLE, pages
from tests.support.node import NodePackages
from tests.support.seeded import Service
from tests.support.trust import TRUST

PARENT, CHILD, ALONE = "Nordlys Gruppen A/S", "Nordlys Ærø ApS", "Havblik Kaffe ApS"


async def signed_in(page: Page, origin: str, token: str) -> None:
    """Open the application and paste a token."""
    await page.goto(origin)
    await page.get_by_label("Token").fill(token)
    await page.get_by_role("button", name="Sign in").click()


async def opened(page: Page, origin: str, service: Service, name: str) -> None:
    """Open a customer's page."""
    await signed_in(page, origin, service.token())
    await page.get_by_label("Search").fill(name)
    await page.get_by_role("button", name=name).click()
    await expect(page.get_by_role("heading", name=name)).to_be_visible()


def update(service: Service, customer_number: str, **fields: object) -> None:
    """Change a customer as somebody else would."""
    headers = {"authorization": f"Bearer {service.token()}"}
    find = f'{{ customer(by: {{ customerNumber: "{customer_number}" }}) {{ id }} }}'
    found = httpx.post(service.url, json={"query": find}, headers=headers, verify=TRUST).json()["data"]["customer"]
    change = "mutation Change($input: UpdateCustomerInput!) { updateCustomer(input: $input) { errors { code } } }"
    body = {"query": change, "variables": {"input": {"id": found["id"], **fields}}}
    answer = httpx.post(service.url, json=body, headers=headers, verify=TRUST).json()
    assert answer == {"data": {"updateCustomer": {"errors": []}}}


async def test_it_lists_customers_and_pages_on(page: Page, origin: str, service: Service) -> None:
    await signed_in(page, origin, service.token())

    await expect(page.get_by_text("Fjord Software ApS · conformance")).to_be_visible()
    await expect(page.get_by_text("10 of 40")).to_be_visible()
    for count in (20, 30, 40):
        await page.get_by_role("button", name="More").click()
        await expect(page.get_by_text(f"{count} of 40")).to_be_visible()
    assert len(set(await page.get_by_role("listitem").all_inner_texts())) == 40
    await expect(page.get_by_role("button", name="More")).to_have_count(0)


async def test_it_shows_a_customer_with_what_belongs_to_it(page: Page, origin: str, service: Service) -> None:
    await opened(page, origin, service, CHILD)

    await expect(page.get_by_text(f"Group Erhverv, discount 10.00 %. Paid for by {PARENT}.")).to_be_visible()
    await expect(page.get_by_label("Contacts").get_by_role("listitem")).to_have_count(2)
    await expect(page.get_by_label("Subscriptions")).to_contain_text("Fibernet 1000: 300.00 DKK, next invoice 20")


async def test_problems_are_shown_at_their_fields_and_what_is_right_is_saved(
    page: Page, origin: str, service: Service
) -> None:
    await opened(page, origin, service, "Nordlys Skagen ApS")
    email, website = page.get_by_label("email"), page.get_by_label("website")
    await email.fill("nowhere")
    await website.fill("no url")
    await page.get_by_role("button", name="Save").click()

    for field in (email, website):
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(field).to_have_accessible_error_message(re.compile(r"\w+"))
    await expect(page.get_by_label("creditLimit")).to_have_attribute("aria-invalid", "false")
    await expect(page.get_by_text("version 1")).to_be_visible()

    await email.fill("skagen@example.com")
    await website.fill("")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("version 2")).to_be_visible()
    await expect(email).to_have_value("skagen@example.com")
    await expect(page.get_by_role("alert").filter(has_text=re.compile(r"\w"))).to_have_count(0)


async def test_what_somebody_else_changed_meanwhile_is_shown_before_it_is_overwritten(
    page: Page, origin: str, service: Service
) -> None:
    await opened(page, origin, service, "Nordlys Aarhus ApS")
    update(service, "4", email="theirs@example.com")
    await page.get_by_label("creditLimit").fill("12.50")
    await page.get_by_role("button", name="Save").click()

    await expect(page.get_by_text("Somebody else has changed email.")).to_be_visible()
    await expect(page.get_by_label("email")).to_have_value("theirs@example.com")
    await expect(page.get_by_label("creditLimit")).to_have_value("12.50")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("version 3")).to_be_visible()
    await expect(page.get_by_label("creditLimit")).to_have_value("12.50")
    await expect(page.get_by_text("Somebody else")).to_have_count(0)


async def test_saving_again_after_a_lost_answer_writes_once(page: Page, origin: str, service: Service) -> None:
    await opened(page, origin, service, PARENT)
    lost: list[str | None] = []

    async def lose(route: Route) -> None:
        lost.append(route.request.post_data)
        await route.fetch()
        await route.abort()

    def is_update(request: Request) -> bool:
        return request.method == "POST" and "UpdateCustomer" in (request.post_data or "")

    await page.route(service.url, lambda route: lose(route) if is_update(route.request) else route.continue_(), times=1)
    await page.get_by_label("website").fill("https://example.com/")
    async with page.expect_request(is_update) as first:
        await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("nothing is written twice")).to_be_visible()
    async with page.expect_request(is_update) as second:
        await page.get_by_role("button", name="Save").click()

    await expect(page.get_by_text("version 2")).to_be_visible()
    assert lost == [(await first.value).post_data] == [(await second.value).post_data]
    assert '"idempotencyKey":"' in str(lost)


async def test_a_change_of_who_pays_is_previewed_confirmed_and_booked(
    page: Page, origin: str, service: Service
) -> None:
    await opened(page, origin, service, ALONE)
    who_pays = page.get_by_label("Who pays")
    await who_pays.get_by_label("Number of the parent").fill("1")
    await who_pays.get_by_role("button", name="Preview").click()

    await expect(who_pays.get_by_role("row")).to_have_count(2)
    await expect(who_pays.get_by_role("table")).to_contain_text(f"DKK to {ALONE}")
    # What is to be booked changes between the preview and its confirmation.
    update(service, "1", billingDay=20)
    await who_pays.get_by_role("button", name="Confirm").click()
    await expect(who_pays.get_by_role("alert")).to_contain_text("TRANSITION_CHANGED")
    await who_pays.get_by_role("button", name="Confirm").click()

    await expect(page.get_by_text(re.compile(r"Booked: (CREDIT_NOTE|INVOICE) \d+\.\d\d DKK"))).to_be_visible()
    await expect(page.get_by_text(f"Paid for by {PARENT}.")).to_be_visible()
    # The form goes on from the version that the change has made.
    await page.get_by_label("email").fill("kaffe@example.com")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("version 3")).to_be_visible()


async def test_what_a_preview_forbids_can_not_be_confirmed(page: Page, origin: str, service: Service) -> None:
    await opened(page, origin, service, PARENT)
    await page.get_by_label("Number of the parent").fill("1")
    await page.get_by_role("button", name="Preview").click()

    await expect(page.get_by_label("Who pays")).to_contain_text("PARENT_CUSTOMER_SELF_REFERENCE")
    await expect(page.get_by_role("button", name="Confirm")).to_be_disabled()


async def test_a_token_that_is_not_good_any_more_is_asked_for_anew_and_requests_go_on(
    page: Page, origin: str, service: Service
) -> None:
    expired = service.keys.mint(service.companies[0], tuple(Scope), "conformance", timedelta(seconds=-5))
    await signed_in(page, origin, expired)
    await expect(page.get_by_text("Sign in again (TOKEN_EXPIRED).")).to_be_visible()
    await page.get_by_label("Token").fill("nonsense")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text("Sign in again (TOKEN_NOT_ACCEPTED).")).to_be_visible()
    await page.get_by_label("Token").fill(service.token())
    await page.get_by_role("button", name="Sign in").click()

    await expect(page.get_by_text("10 of 40")).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Token")).to_be_visible()
    await expect(page.get_by_role("listitem")).to_have_count(0)


async def test_from_an_origin_that_is_not_permitted_nothing_can_be_read(
    page: Page, origin: str, service: Service, folder: Path
) -> None:
    with pages(folder) as elsewhere:
        assert elsewhere != origin
        await signed_in(page, elsewhere, service.token())

        await expect(page.get_by_role("alert")).to_contain_text("Failed to fetch")
        await expect(page.get_by_role("listitem")).to_have_count(0)
        # A page that is open still asks for something when its server is gone.
        await page.close()


def test_the_generated_possible_types_are_those_that_the_guide_shows(npm: NodePackages) -> None:
    assert npm.folder == EXAMPLE
    generated = (EXAMPLE / "src" / "generated" / "possibleTypes.ts").read_text()
    (value,) = re.findall(r"= (\{\n.*?\n\});", generated, re.DOTALL)

    assert json.loads(value) == {"possibleTypes": possible_types(executable(schema))}
