"""Streams of subscriptions in the explorer: what a tab shows of them, and replies that replace those of the service."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import httpx
from playwright.async_api import Locator, Route

from tests.support.tour import TOUR
from tests.support.visit import VARIABLES, Visit

*_OTHERS, FOLLOW, CHANGE = TOUR
FOLLOWING, CHANGING = FOLLOW.operations[0], CHANGE.operations[0]
_LIMITS = count(1)
"""Credit limits. Each update writes another one: otherwise it would change nothing."""

Reply = Callable[[Route], Awaitable[None]]


async def change(visit: Visit) -> str:
    """Change the customer in another tab, which stays open; return the credit limit that it has now."""
    limit = f"{next(_LIMITS)}.00"
    await visit.open_tab(CHANGING)
    await visit.write(json.dumps({"input": {**CHANGE.variables["input"], "creditLimit": limit}}), VARIABLES)
    assert (await visit.run())["data"]["updateCustomer"]["errors"] == []
    return limit


async def limits(visit: Visit, awaited: str) -> list[str]:
    """Return the credit limits that updates in the open tab tell of, once this one is among them.

    They are read from the changed fields: the subject is the customer as it is now, and may be newer than its update.
    """
    text = await visit.responds(f'"after": "{awaited}"')
    return [result["data"]["changes"]["changedFields"][0]["after"] for result in results(text)]


def results(text: str) -> list[dict[str, Any]]:
    """Return the results in an answer, which are below the line that says how the stream is."""
    note, _, shown = text.partition("\n")
    assert note.startswith("// ")
    return json.loads(shown)


async def streams(address: str, number: int) -> None:
    """Wait until the service has this number of open streams."""
    async with httpx.AsyncClient(base_url=address, timeout=20) as client, asyncio.timeout(30):
        while f"\ncustomer_gateway_live_streams {number}.0\n" not in (await client.get("/metrics")).text:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.05)


def stop_button(visit: Visit) -> Locator:
    """Return the button that stops the open tab, which has a run button otherwise."""
    return visit.page.get_by_role("button", name="Stop query")


def answering(answer: dict[str, Any], status: int) -> Reply:
    """Return what gives a request an answer instead of a stream."""

    async def reply(route: Route) -> None:
        await route.fulfill(json=answer, status=status)

    return reply


def sending(*events: str) -> Reply:
    """Return what gives a request a stream of events, whose connection ends after them."""

    async def reply(route: Route) -> None:
        await route.fulfill(body="".join(f"{event}\n\n" for event in events), content_type="text/event-stream")

    return reply


def result_event(result: dict[str, Any]) -> str:
    """Return the event of a result."""
    return f"event: next\ndata: {json.dumps(result)}"


async def break_connection(route: Route) -> None:
    """Give a request no answer."""
    await route.abort()


async def run_with(visit: Visit, *replies: Reply) -> None:
    """Run the open tab, whose first requests get these replies, and all others those of the service."""
    left = iter(replies)

    async def reply(route: Route) -> None:
        await next(left, Route.continue_)(route)

    await visit.page.route("**/graphql", reply)
    await visit.click_run()
