"""Subscriptions whose connection is lost, that are rejected, or whose stream the service ends."""

import json
from datetime import timedelta

import pytest
from playwright.async_api import expect

from app.db.seed import demo_company_id
from app.domain.identity import Scope
from app.web.development import DevelopmentKeys
from tests.explorer.streams import (
    FOLLOW,
    FOLLOWING,
    Reply,
    answering,
    break_connection,
    change,
    limits,
    result_event,
    results,
    run_with,
    sending,
    stop_button,
)
from tests.support.visit import VARIABLES, Visit

EXPIRED = {"errors": [{"message": "The token has expired.", "extensions": {"code": "TOKEN_EXPIRED"}}]}


@pytest.mark.parametrize("meanwhile", [break_connection, answering({"errors": [{"message": "Not ready"}]}, 503)])
async def test_a_lost_connection_is_opened_again_without_a_gap(developing: str, visit: Visit, meanwhile: Reply) -> None:
    await visit.enter_signed_in(developing)
    await visit.write("{ feedCursor }")
    cursor = (await visit.run())["data"]["feedCursor"]
    missed = await change(visit)
    await visit.open_tab(FOLLOWING)
    await run_with(visit, sending(f"id: {cursor}"), meanwhile)

    await visit.responds("// The connection was lost.")
    assert await limits(visit, missed) == [missed]
    assert "// Following." in await visit.written("response.json")
    assert visit.requests[-1].headers["last-event-id"] == cursor


async def test_an_error_and_the_end_of_a_stream_are_shown(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    await visit.open_tab(FOLLOWING)
    await visit.write(json.dumps({**FOLLOW.variables, "after": "nowhere"}), VARIABLES)
    await visit.click_run()

    (result,) = results(await visit.responds("// The service ended the stream."))
    assert result["errors"][0]["extensions"]["code"] == "INVALID_CURSOR"
    await expect(stop_button(visit)).to_have_count(0)
    await expect(visit.page.locator(".graphiql-spinner")).to_have_count(0)


async def test_a_stream_that_cannot_be_opened_says_so(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    await visit.open_tab(FOLLOWING)
    await run_with(visit, break_connection)

    (result,) = results(await visit.responds("// The stream could not be opened."))
    assert result["errors"][0]["message"] == "Failed to fetch"
    await expect(stop_button(visit)).to_have_count(0)


async def test_the_newest_hundred_updates_are_kept(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    await visit.open_tab(FOLLOWING)
    events = [result_event({"data": {"changes": {"version": version}}}) for version in range(120)]
    await run_with(visit, sending(*events, "event: complete\ndata:"))

    shown = results(await visit.responds("// The service ended the stream."))
    assert [result["data"]["changes"]["version"] for result in shown] == [*reversed(range(20, 120))]


async def test_in_development_a_stream_whose_token_has_expired_goes_on_with_a_new_one(
    developing: str, visit: Visit
) -> None:
    await visit.enter_signed_in(developing)
    await visit.open_tab(FOLLOWING)
    await run_with(visit, sending(result_event(EXPIRED), "event: complete\ndata:"), answering(EXPIRED, 401))

    assert results(await visit.responds("// Following.")) == []
    assert len([request for request in visit.requests if request.url.endswith("/explorer/sign-in")]) == 2


async def test_a_stream_whose_token_has_expired_ends_and_the_page_asks_for_another(
    serving: str, visit: Visit, token: str
) -> None:
    await visit.enter(serving)
    await visit.sign_in(token)
    await visit.knows_the_schema()
    await visit.open_tab(FOLLOWING)
    await run_with(visit, sending(result_event(EXPIRED), "event: complete\ndata:"), answering(EXPIRED, 401))

    assert results(await visit.responds("// The service ended the stream.")) == [EXPIRED]
    await expect(visit.alarm).to_contain_text("(TOKEN_EXPIRED)")
    assert await visit.page.get_by_label("Token or API key").is_visible()


async def test_a_subscription_that_lacks_a_scope_is_rejected_by_its_name(
    serving: str, visit: Visit, keys: DevelopmentKeys
) -> None:
    await visit.enter(serving)
    await visit.sign_in(keys.mint(demo_company_id(), [Scope.CUSTOMERS_WRITE], "writer", timedelta(hours=1)))
    await visit.knows_the_schema()
    await visit.open_tab(FOLLOWING)
    await visit.click_run()

    (result,) = results(await visit.responds("// The service ended the stream."))
    assert result["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    await expect(visit.alarm).to_contain_text("lacks the scope customers-read")


async def test_without_a_credential_nothing_is_sent(serving: str, visit: Visit) -> None:
    await visit.enter(serving)
    await visit.open_tab(FOLLOWING)
    await visit.click_run()

    assert "Not signed in" in await visit.responds("// The service ended the stream.")
    assert [request for request in visit.requests if request.method == "POST"] == []
