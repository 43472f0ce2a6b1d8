"""Subscriptions: a tab follows changes while other tabs are used, until its stream is stopped."""

import json

import pytest_asyncio
from playwright.async_api import expect

from tests.explorer.streams import CHANGING, FOLLOW, FOLLOWING, change, limits, results, stop_button, streams
from tests.support.visit import VARIABLES, Visit


@pytest_asyncio.fixture(loop_scope="session")
async def following(developing: str, visit: Visit) -> Visit:
    """A page that is signed in, and follows a customer in the open tab."""
    await visit.enter_signed_in(developing)
    await visit.open_tab(FOLLOWING)
    await visit.follow()
    return visit


async def test_a_tab_shows_each_change_that_another_tab_makes(following: Visit) -> None:
    first = await change(following)
    second = await change(following)
    await expect(stop_button(following)).to_have_count(0)
    await following.open_tab(FOLLOWING)

    assert await limits(following, second) == [second, first]
    update, _ = results(await following.written("response.json"))
    changed = {"field": "creditLimit", "before": first, "after": second}
    assert (update["data"]["changes"]["type"], update["data"]["changes"]["changedFields"]) == (
        "CUSTOMER_UPDATED",
        [changed],
    )
    await expect(stop_button(following)).to_be_visible()
    await expect(following.page.locator(".graphiql-spinner")).to_have_count(0)
    assert following.complaints == []
    await following.picture("tour-live")


async def test_the_credential_is_sent_in_a_header_as_in_other_requests(following: Visit) -> None:
    (request,) = [request for request in following.requests if request.headers.get("accept") == "text/event-stream"]

    assert request.headers["authorization"].startswith("Bearer ")
    assert request.url.endswith("/graphql")


async def test_the_stop_button_ends_the_stream_in_the_service(developing: str, following: Visit) -> None:
    await streams(developing, 1)
    await stop_button(following).click()

    assert results(await following.responds("// Stopped.")) == []
    await streams(developing, 0)
    await change(following)
    await following.open_tab(FOLLOWING)
    assert await following.written("response.json") == "// Stopped.\n[]"
    await following.follow()


async def test_a_stream_ends_in_the_service_when_its_tab_is_closed(developing: str, following: Visit) -> None:
    await following.open_tab(CHANGING)
    await streams(developing, 1)
    tab = following.page.get_by_role("tab", name=FOLLOWING)
    await tab.hover()
    await tab.get_by_role("button", name="Close Tab").click()

    await streams(developing, 0)


async def test_a_stream_ends_in_the_service_when_the_page_is_reloaded(developing: str, following: Visit) -> None:
    await streams(developing, 1)
    await following.enter_signed_in(developing)

    await streams(developing, 0)
    await expect(stop_button(following)).to_have_count(0)


async def test_a_click_on_the_open_tab_leaves_its_stream_open(developing: str, following: Visit) -> None:
    await following.open_tab(FOLLOWING)
    await following.page.get_by_role("button", name="New tab").click()
    await following.open_tab(FOLLOWING)
    await following.open_tab(FOLLOWING)

    await expect(stop_button(following)).to_be_visible()
    limit = await change(following)
    await following.open_tab(FOLLOWING)
    assert await limits(following, limit) == [limit]
    await streams(developing, 1)


async def test_two_tabs_follow_side_by_side_and_are_stopped_one_by_one(developing: str, following: Visit) -> None:
    await following.page.get_by_role("button", name="New tab").click()
    await following.write("subscription Another { changes { changedFields { after } } }")
    await following.follow()
    await streams(developing, 2)
    limit = await change(following)
    await following.open_tab("Another")
    assert await limits(following, limit) == [limit]
    await following.press_run()
    await following.responds("// Stopped.")

    await streams(developing, 1)
    await following.open_tab(FOLLOWING)
    assert await limits(following, limit) == [limit]
    await expect(stop_button(following)).to_be_visible()


async def test_a_stopped_stream_goes_on_after_the_cursor_of_its_last_update(following: Visit) -> None:
    first = await change(following)
    await following.open_tab(FOLLOWING)
    text = await following.responds(f'"after": "{first}"')
    await stop_button(following).click()
    cursor = results(text)[0]["data"]["changes"]["cursor"]
    second = await change(following)
    await following.open_tab(FOLLOWING)
    await following.write(json.dumps({**FOLLOW.variables, "after": cursor}), VARIABLES)
    await following.follow()

    assert await limits(following, second) == [second]


async def test_signing_out_stops_the_streams_of_all_tabs(serving: str, visit: Visit, token: str) -> None:
    await visit.enter(serving)
    await visit.sign_in(token)
    await visit.knows_the_schema()
    await visit.open_tab(FOLLOWING)
    await visit.follow()
    await visit.open_tab(CHANGING)
    await streams(serving, 1)
    await visit.page.get_by_role("button", name="Sign out").click()

    await streams(serving, 0)
    await visit.open_tab(FOLLOWING)
    assert await visit.written("response.json") == "// Stopped.\n[]"
