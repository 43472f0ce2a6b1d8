"""The page where it can't sign in by itself: it asks for a credential, forgets it with the page, and says what is wrong
with it."""

import json
from datetime import timedelta

from playwright.async_api import Route, expect

from app.db import api_keys
from app.db.seed import demo_company_id
from app.domain.identity import Scope
from app.web.development import DevelopmentKeys
from tests.support.visit import Visit


async def test_without_a_credential_it_asks_for_one_alone_and_sends_nothing(serving: str, visit: Visit) -> None:
    await visit.enter(serving)
    await visit.page.locator(".graphiql-execute-button").click()

    await expect(visit.notice).to_have_text("Paste a token or an API key to run operations and to load the schema.")
    await expect(visit.page.locator(".graphiql-response")).to_contain_text("Not signed in")
    assert [request for request in visit.requests if request.method == "POST"] == []
    assert visit.complaints == []
    await visit.picture("signed-out")
    # Headers can't be typed, because they would be kept.
    assert await visit.page.get_by_role("button", name="Headers").count() == 0
    await visit.page.get_by_role("button", name="Open settings dialog").click()
    await expect(visit.page.get_by_role("dialog")).to_contain_text("Theme")
    await expect(visit.page.get_by_role("dialog")).not_to_contain_text("Persist headers")


async def test_a_token_signs_in_and_lives_in_memory_alone(serving: str, visit: Visit, token: str) -> None:
    await visit.enter(serving)
    await visit.sign_in(f" Bearer {token} ")
    await visit.knows_the_schema()
    await expect(visit.viewer).to_contain_text("Fjord Software ApS · tester")
    await visit.show("Documentation Explorer")
    await expect(visit.page.locator(".graphiql-doc-explorer-content")).to_contain_text("Root Types")
    await visit.hide("Documentation Explorer")
    assert "errors" not in await visit.run()
    assert visit.complaints == []

    kept = await visit.page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert "OneCustomer" in kept
    assert token not in kept
    state = await visit.page.context.storage_state(indexed_db=True)
    assert token not in json.dumps(state)

    await visit.enter(serving)
    await expect(visit.notice).to_contain_text("Paste a token or an API key")


async def test_signing_out_forgets_the_credential(serving: str, visit: Visit, token: str) -> None:
    await visit.enter(serving)
    await visit.sign_in(token)
    await visit.knows_the_schema()
    await visit.page.get_by_role("button", name="Sign out").click()
    await visit.page.locator(".graphiql-execute-button").click()

    await expect(visit.page.locator(".graphiql-response")).to_contain_text("Not signed in")


async def test_a_credential_that_is_not_accepted_is_rejected_with_the_reason(
    serving: str, visit: Visit, keys: DevelopmentKeys
) -> None:
    expired = keys.mint(demo_company_id(), list(Scope), "tester", -timedelta(hours=1))
    await visit.enter(serving)
    for credential, *told in (
        (expired, "expired", "(TOKEN_EXPIRED)"),
        ("not.a.token", "(TOKEN_NOT_ACCEPTED)"),
        (f"{api_keys.PREFIX}{'x' * 43}", "(API_KEY_NOT_ACCEPTED)"),
        ("two words", "contains no spaces"),
    ):
        await visit.sign_in(credential)
        for text in told:
            await expect(visit.alarm).to_contain_text(text)
        assert await visit.page.get_by_label("Token or API key").is_visible()
        await visit.picture(f"rejected-{told[0]}")


async def test_a_token_that_expires_meanwhile_is_asked_for_anew(serving: str, visit: Visit, token: str) -> None:
    await visit.enter(serving)
    await visit.sign_in(token)
    await visit.knows_the_schema()
    await visit.page.route("**/graphql", expired)
    await visit.page.locator(".graphiql-execute-button").click()

    await expect(visit.alarm).to_contain_text("(TOKEN_EXPIRED)")
    assert await visit.page.get_by_label("Token or API key").is_visible()


async def expired(route: Route) -> None:
    """Answer as the service does when a token has expired."""
    error = {"message": "The token has expired. Get a new one.", "extensions": {"code": "TOKEN_EXPIRED"}}
    await route.fulfill(status=401, json={"errors": [error]})


async def test_a_scope_that_is_missing_is_named(serving: str, visit: Visit, keys: DevelopmentKeys) -> None:
    await visit.enter(serving)
    await visit.sign_in(keys.mint(demo_company_id(), [Scope.CUSTOMERS_WRITE], "writer", timedelta(hours=1)))
    await visit.knows_the_schema()
    await visit.run()

    await expect(visit.alarm).to_contain_text("lacks the scope customers-read")
    await expect(visit.alarm).to_contain_text("(FORBIDDEN)")
    await visit.picture("forbidden")
    await visit.write("{ viewer { subject } }")
    await visit.run()
    await expect(visit.alarm).to_have_count(0)


async def test_in_development_a_token_that_has_expired_is_renewed_and_the_operation_run(
    developing: str, visit: Visit
) -> None:
    await visit.enter_signed_in(developing)
    await visit.page.route("**/graphql", expired, times=1)
    await visit.write("{ viewer { subject } }")
    await visit.page.locator(".graphiql-execute-button").click()

    await expect(visit.page.locator(".graphiql-response")).to_contain_text("developer")
    assert len([request for request in visit.requests if request.url.endswith("/explorer/sign-in")]) == 2


async def test_under_another_name_the_page_of_a_developer_asks_for_a_token(developing: str, visit: Visit) -> None:
    async def by_another_name(route: Route) -> None:
        response = await route.fetch(headers={**route.request.headers, "host": "evil.example"})
        await route.fulfill(response=response)

    await visit.page.route("**/explorer/sign-in", by_another_name)
    await visit.enter(developing)

    await expect(visit.notice).to_contain_text("paste the token that the service printed")
    assert await visit.page.get_by_label("Token or API key").is_visible()
